// A job's ledger as a strip: where in the range is done, who holds what, how far each has committed, what has
// failed. Arrow keys go from span to span; what is chosen or pointed at is told in words.

import {make, setAttribute, setText} from './elements.js';
import {compact, shortNumber} from './figures.js';
import {HEIGHT_PX, LedgerPainter, MAP_PX, SPLIT_SHOWN_MS} from './ledger_painter.js';
import {eased, LedgerView} from './ledger_view.js';
import {describe, letterOf, summarize} from './ledger_words.js';

const FILL_MS = 450; // a commit flows in
const NARROW_PX = 560;
const HIT_PX = 3; // so far beside something thin is still on it
const THIN_PX = 12;

const LEGEND = [
  ['done', 'done'],
  ['committed', 'committed'],
  ['leased', 'leased'],
  ['free', 'free'],
  ['failed', 'failed'],
  ['asked', 'to be split here'],
];

export class LedgerStrip {
  constructor() {
    this.ledger = null;
    this.letters = new Map(); // agent -> letter, for this page's life
    this.view = new LedgerView();
    this._flows = new Map(); // key of a lease -> {from, to, at}: where its commit is drawn
    this._splits = []; // {at, since}
    this._chosen = null; // the begin of the chosen span
    this._hovered = null;
    this._build();
  }

  // A pq.ledger/1, and the head's time.
  setLedger(answer, nowMs) {
    const before = this.ledger;
    this.nowMs = nowMs;
    this.ledger = read(answer);
    for (const {agent} of this.ledger.spans)
      if (agent && !this.letters.has(agent)) this.letters.set(agent, letterOf(this.letters.size));
    if (before) this._notice(before);
    this._hovered = null;
    this.view.setLedger(this.ledger);
    setText(this.summary, summarize(this.ledger));
    this._show();
  }

  leave() {
    this._sizes.disconnect();
    removeEventListener('pq-theme', this._repaint);
    cancelAnimationFrame(this._frame);
  }

  _build() {
    this.summary = make('p', {class: 'strip-summary', attributes: {id: 'ledger-summary'}});
    this.detail = make('p', {
      class: 'strip-detail',
      attributes: {'aria-live': 'polite', id: 'ledger-detail'},
    });
    this.tip = make('div', {class: 'strip-tip', attributes: {hidden: '', 'aria-hidden': 'true'}});
    this.canvas = make('canvas', {class: 'strip-canvas'});
    this.painter = new LedgerPainter(this.canvas);
    const label = 'Ledger: arrow keys go from span to span, plus and minus zoom';
    const attributes = {
      tabindex: '0',
      role: 'application',
      'aria-label': label,
      'aria-describedby': 'ledger-summary ledger-detail',
    };
    this.stage = make('div', {class: 'strip-stage', attributes}, this.canvas, this.tip);
    this.axis = make(
      'div',
      {class: 'strip-axis', attributes: {'aria-hidden': 'true'}},
      ...[0, 1, 2, 3, 4].map(() => make('span')),
    );
    const legend = LEGEND.map(([name, text]) =>
      make('li', {}, make('span', {class: `swatch ${name}`, attributes: {'aria-hidden': 'true'}}), text),
    );
    this.element = make(
      'div',
      {class: 'strip'},
      this.stage,
      this.axis,
      this.detail,
      make('div', {class: 'strip-foot'}, make('ul', {class: 'legend'}, ...legend), this._makeControls()),
    );
    this._listen();
  }

  _makeControls() {
    const button = (text, title, act) => {
      const attributes = {type: 'button', 'aria-label': title, title};
      return make('button', {class: 'button small', text, attributes, on: {click: () => this._act(act)}});
    };
    this._all = button('Whole range', 'show the whole range (0)', () => this.view.showAll());
    this._followed = button('Follow the leases', 'show where the leases are, and go along (f)', () =>
      this.view.followLeases(),
    );
    const farther = button('−', 'farther (−)', () => this._widen(2));
    const closer = button('+', 'closer (+)', () => this._widen(0.5));
    return make(
      'div',
      {class: 'strip-controls', attributes: {role: 'group', 'aria-label': 'What of the range is shown'}},
      this._all,
      this._followed,
      farther,
      closer,
    );
  }

  _listen() {
    this.stage.addEventListener('keydown', (event) => this._pressed(event));
    this.stage.addEventListener('pointermove', (event) => this._pointed(event));
    this.stage.addEventListener('pointerleave', () => this._unpointed());
    this.stage.addEventListener('click', (event) => this._clicked(event));
    this.stage.addEventListener('dblclick', (event) =>
      this._act(() => this.view.widen(0.25, this._valueAt(event.offsetX, this.view.seen))),
    );
    this._repaint = () => {
      this.painter.forgetColours();
      this._animate();
    };
    addEventListener('pq-theme', this._repaint);
    this._sizes = new ResizeObserver(([entry]) => {
      this.painter.resize(entry.contentRect.width);
      this._draw(performance.now());
    });
    this._sizes.observe(this.stage);
  }

  // ------------------------------------------------------------ what has changed, and how it is drawn

  _notice(before) {
    const now = performance.now();
    const old = new Map(
      before.spans.filter((span) => span.state === 'leased').map((span) => [leaseKey(span), span]),
    );
    const flows = new Map();
    for (const span of this.ledger.spans.filter((one) => one.state === 'leased')) {
      const was = old.get(leaseKey(span));
      if (!was) continue;
      if (span.end < was.end) this._splits.push({at: span.end, since: now});
      if (span.upto > was.upto)
        flows.set(leaseKey(span), {
          from: this._drawnUpto(was, now),
          to: Number(span.upto - this.ledger.begin),
          at: now,
        });
    }
    this._flows = flows;
    this._splits = this._splits.filter((split) => now - split.since < SPLIT_SHOWN_MS);
  }

  _drawnUpto(span, now) {
    const flow = this._flows.get(leaseKey(span));
    if (!flow || this.view.isCalm) return Number(span.upto - this.ledger.begin);
    return flow.from + (flow.to - flow.from) * eased((now - flow.at) / FILL_MS);
  }

  _animate() {
    cancelAnimationFrame(this._frame);
    const step = () => {
      const now = performance.now();
      const isMoving = this._draw(now) || [...this._flows.values()].some((flow) => now - flow.at < FILL_MS);
      if (isMoving && !this.view.isCalm) this._frame = requestAnimationFrame(step);
    };
    this._frame = requestAnimationFrame(step);
  }

  // Whether there is more to come.
  _draw(now) {
    if (!this.ledger || this.painter.width === 0) return false;
    const isMoving = this.view.move(now);
    this.painter.paint(
      {
        ledger: this.ledger,
        seen: this.view.seen,
        letters: this.letters,
        splits: this._splits,
        hovered: this._hovered,
        chosen: this._chosenSpan(),
        drawnUpto: (span, at) => this._drawnUpto(span, at),
      },
      now,
    );
    this._labelAxis();
    return isMoving;
  }

  _labelAxis() {
    const [from, to] = this.view.seen;
    const isNarrow = this.painter.width < NARROW_PX; // there only the begin and the width have room
    [...this.axis.children].forEach((label, i) => {
      const text = shortNumber(String(from + ((to - from) * BigInt(i)) / 4n));
      setText(label, !isNarrow || i === 0 ? text : i === 4 ? `+ ${compact(to - from)}` : '');
    });
  }

  // After anything that is not only a commit.
  _show() {
    setAttribute(this._all, 'aria-pressed', String(this.view.isAll && !this.view.follows));
    setAttribute(this._followed, 'aria-pressed', String(this.view.follows));
    const chosen = this._chosenSpan();
    setText(this.detail, chosen ? this._describe(chosen) : 'Point at a span, or use the arrow keys.');
    this._animate();
  }

  // ------------------------------------------------------------ pointer and keyboard

  _act(act) {
    if (!this.ledger) return;
    act();
    this._show();
  }

  _widen(factor) {
    const [from, to] = this.view.part;
    this.view.widen(factor, this._chosenSpan()?.begin ?? (from + to) / 2n);
  }

  _choose(span) {
    this._chosen = span ? span.begin : null;
    if (!span) return;
    const [from, to] = this.view.part;
    if (span.end <= from || span.begin >= to) this.view.moveTo(span.begin);
  }

  // The span may have become part of another one meanwhile.
  _chosenSpan() {
    return this._chosen === null ? null : this._spanOf(this._chosen);
  }

  _spanOf(value) {
    return this.ledger?.spans.find((span) => span.begin <= value && value < span.end) ?? null;
  }

  _valueAt(x, [from, to]) {
    const share = Math.max(0, Math.min(0.999999, x / this.painter.width));
    return from + ((to - from) * BigInt(Math.floor(share * 1e6))) / 1000000n;
  }

  _isOnMap(event) {
    return event.offsetY < MAP_PX && !this.painter.isWhole;
  }

  // What is thin is easier to hit than what is wide.
  _spanAt(event) {
    if (!this.ledger || !this.view.seen) return null;
    const x = event.offsetX;
    if (this._isOnMap(event)) return this._spanOf(this._valueAt(x, [this.ledger.begin, this.ledger.end]));
    const near = this.painter
      .inView()
      .filter((span) => span.state === 'leased' || span.state === 'failed')
      .map((span) => ({span, box: this.painter.box(span)}))
      .filter(({box}) => box.width < THIN_PX && distance(box, x) <= HIT_PX)
      .sort((a, b) => distance(a.box, x) - distance(b.box, x) || a.box.width - b.box.width);
    return near[0]?.span ?? this._spanOf(this._valueAt(x, this.view.seen));
  }

  _pointed(event) {
    const span = this._spanAt(event);
    if (span !== this._hovered) {
      this._hovered = span;
      this._animate();
    }
    this.tip.hidden = !span;
    if (!span) return;
    setText(this.tip, this._describe(span));
    const left = Math.max(0, Math.min(event.offsetX + 12, this.painter.width - this.tip.offsetWidth));
    this.tip.style.transform = `translate(${left}px, ${HEIGHT_PX + 6}px)`;
  }

  _unpointed() {
    this.tip.hidden = true;
    this._hovered = null;
    this._animate();
  }

  // In the map a click moves the view there.
  _clicked(event) {
    const isOnMap = this._isOnMap(event);
    this._act(() => {
      if (isOnMap) this.view.moveTo(this._valueAt(event.offsetX, [this.ledger.begin, this.ledger.end]));
      else this._choose(this._spanAt(event));
    });
  }

  _pressed(event) {
    if (!this.ledger || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === 'Escape' && this._chosen === null) return; // it closes the page then
    const {spans} = this.ledger;
    const last = spans.length - 1;
    const index = spans.indexOf(this._chosenSpan());
    const act = {
      ArrowRight: () => this._choose(spans[Math.min(last, index + 1)]),
      ArrowLeft: () => this._choose(spans[index < 0 ? last : Math.max(0, index - 1)]),
      Home: () => this._choose(spans[0]),
      End: () => this._choose(spans[last]),
      Escape: () => this._choose(null),
      '+': () => this._widen(0.5),
      '=': () => this._widen(0.5),
      '-': () => this._widen(2),
      0: () => this.view.showAll(),
      f: () => this.view.followLeases(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    this._act(act);
  }

  _describe(span) {
    return describe(span, this.letters.get(span.agent), this.nowMs);
  }
}

// With all places as BigInt.
function read(answer) {
  const big = (text) => (text === undefined || text === null ? null : BigInt(text));
  const spans = answer.spans.map((span) => ({
    ...span,
    begin: BigInt(span.begin),
    end: BigInt(span.end),
    upto: big(span.upto),
    endAsked: big(span.end_asked),
  }));
  return {...answer, begin: BigInt(answer.begin), end: BigInt(answer.end), spans};
}

const leaseKey = (span) => `${span.agent}\n${span.begin}`;
const distance = (box, x) => Math.max(0, box.left - x, x - box.left - box.width);
