// Paints a ledger: its spans in view, each state with a pattern besides its colour; above them, where only a
// part is in view, a map of the whole range. It decides nothing: what is in view, chosen or on its way is
// told with each picture.

import {hatch, line, roundedRect} from './pens.js';

export const HEIGHT_PX = 122;
export const MAP_PX = 26; // the whole range, above the part in view
export const SPLIT_SHOWN_MS = 6000;
const LENS_PX = 32; // leads from there to the part in view, and tells splits
const MARK_PX = 16; // tells splits where all is in view and there is no map
const CROWDED_PX = 5; // spans thinner than this on average are told by their shares of columns so wide

// A picture: {ledger, seen: [begin, end) in view, letters, splits: [{at, since}], hovered, chosen: spans or
// null, drawnUpto(span, now): how far its commit is drawn, as a number from the ledger's begin}.
export class LedgerPainter {
  constructor(canvas) {
    this.canvas = canvas;
    this.width = 0;
  }

  resize(width) {
    this.width = width;
    this.ratio = Math.min(devicePixelRatio || 1, 2);
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(HEIGHT_PX * this.ratio);
  }

  // After the colours of the page have changed.
  forgetColours() {
    this._colours = null;
  }

  get isWhole() {
    return this.seen[0] === this.ledger.begin && this.seen[1] === this.ledger.end;
  }

  _palette() {
    if (this._colours) return this._colours;
    const style = getComputedStyle(this.canvas);
    const colours = {};
    for (const name of [
      'done',
      'committed',
      'leased',
      'leased-ink',
      'free',
      'free-ink',
      'failed',
      'surface',
      'text',
      'muted',
      'line',
      'accent',
    ]) {
      colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
    this._colours = colours;
    this._hatches = {
      leased: hatch(colours.leased, colours['leased-ink'], 'slash'),
      free: hatch(colours.free, colours['free-ink'], 'dot'),
      failed: hatch(colours.failed, colours.surface, 'cross'),
    };
    return colours;
  }

  paint(picture, now) {
    Object.assign(this, picture);
    const {width, ratio} = this;
    const pen = this.canvas.getContext('2d');
    const colours = this._palette();
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, HEIGHT_PX);
    this.bandTop = this.isWhole ? MARK_PX : MAP_PX + LENS_PX;
    this.bandPx = HEIGHT_PX - this.bandTop;
    if (!this.isWhole) this._drawMap(pen, colours);
    pen.save();
    roundedRect(pen, 0, this.bandTop, width, this.bandPx, 5);
    pen.clip();
    pen.fillStyle = this._hatches.free;
    pen.fillRect(0, this.bandTop, width, this.bandPx);
    const spans = this.inView();
    if (spans.length > width / CROWDED_PX) this._drawCrowd(pen, colours, spans);
    else
      for (const state of ['mixed', 'done', 'leased', 'failed']) {
        for (const span of spans) if (span.state === state) this._drawSpan(pen, colours, span, now);
      }
    pen.restore();
    this._drawSplits(pen, colours, now);
    this._drawChoice(pen, colours);
  }

  inView() {
    const [from, to] = this.seen;
    return this.ledger.spans.filter((span) => span.end > from && span.begin < to);
  }

  // Both are bounded to a little outside, so that a span of 2^60 integers is no rectangle of 2^40 pixels.
  x(value) {
    const [from, to] = this.seen;
    return Math.max(-8, Math.min(this.width + 8, (Number(value - from) / Number(to - from)) * this.width));
  }

  _xOfOffset(offset) {
    const [from, to] = this.seen;
    return Math.max(
      -8,
      Math.min(
        this.width + 8,
        ((offset - Number(from - this.ledger.begin)) / Number(to - from)) * this.width,
      ),
    );
  }

  box(span) {
    const left = this.x(span.begin);
    // Thinner than a pixel is still there.
    return {
      left,
      width: Math.max(span.state === 'done' ? 1 : 2, this.x(span.end) - left),
      top: this.bandTop,
      height: this.bandPx,
    };
  }

  _drawSpan(pen, colours, span, now) {
    const box = this.box(span);
    if (span.state === 'done') {
      pen.fillStyle = colours.done;
      pen.fillRect(box.left, box.top, box.width, box.height);
    } else if (span.state === 'failed') {
      pen.fillStyle = this._hatches.failed;
      pen.fillRect(box.left, box.top, Math.max(3, box.width), box.height);
    } else if (span.state === 'leased') {
      this._drawLease(pen, colours, span, box, now);
    } else {
      this._drawMixed(pen, colours, span, box);
    }
  }

  _drawLease(pen, colours, span, box, now) {
    pen.fillStyle = this._hatches.leased;
    pen.fillRect(box.left, box.top, box.width, box.height);
    const upto = Math.max(box.left, this._xOfOffset(this.drawnUpto(span, now)));
    pen.fillStyle = colours.committed;
    pen.fillRect(box.left, box.top, upto - box.left, box.height);
    pen.fillStyle = colours.leased;
    pen.fillRect(box.left, box.top + box.height - 5, box.width, 5);
    if (box.width > 5) {
      pen.fillStyle = colours.surface;
      pen.fillRect(box.left + box.width - 1, box.top, 1, box.height);
    }
    const letter = this.letters.get(span.agent) ?? '';
    if (box.width > 8 + 8 * letter.length) {
      const middle = box.left + box.width / 2;
      const wide = 10 + 7 * letter.length;
      pen.fillStyle = colours.surface;
      roundedRect(pen, middle - wide / 2, box.top + box.height / 2 - 13, wide, 19, 4);
      pen.fill();
      pen.fillStyle = colours.text;
      pen.font = '600 12px system-ui, sans-serif';
      pen.textAlign = 'center';
      pen.textBaseline = 'middle';
      pen.fillText(letter, middle, box.top + box.height / 2 - 3);
    }
    if (span.endAsked !== null) {
      pen.strokeStyle = colours.text;
      pen.lineWidth = 2;
      pen.setLineDash([4, 3]);
      line(pen, this.x(span.endAsked), box.top, this.x(span.endAsked), box.top + box.height);
      pen.setLineDash([]);
    }
  }

  // Neighbours told as one: their shares, one above the other.
  _drawMixed(pen, colours, span, box) {
    const whole = Number(span.end - span.begin);
    let top = box.top;
    for (const [name, fill] of [
      ['failed', this._hatches.failed],
      ['leased', this._hatches.leased],
      ['free', null],
      ['done', colours.done],
    ]) {
      const height = (Number(BigInt(span[name] ?? 0)) / whole) * box.height;
      if (fill && height > 0) {
        pen.fillStyle = fill;
        pen.fillRect(box.left, top, box.width, Math.max(1, height));
      }
      top += height;
    }
  }

  // So many spans that each would be a hair: columns with the shares of each state, one above the other.
  _drawCrowd(pen, colours, spans) {
    const columns = sharesOf(spans, this.seen, Math.ceil(this.width / CROWDED_PX));
    const fills = {
      done: colours.done,
      committed: colours.committed,
      leased: this._hatches.leased,
      failed: this._hatches.failed,
    };
    columns.forEach((column, i) => {
      let bottom = this.bandTop + this.bandPx;
      for (const [name, fill] of Object.entries(fills)) {
        if (column[name] <= 0) continue;
        const height = Math.max(1, column[name] * this.bandPx);
        pen.fillStyle = fill;
        pen.fillRect(i * CROWDED_PX, bottom - height, CROWDED_PX + 0.5, height);
        bottom -= height;
      }
    });
  }

  _drawMap(pen, colours) {
    const {begin, end, spans} = this.ledger;
    const {width} = this;
    const all = Number(end - begin);
    const x = (value) => (Number(value - begin) / all) * width;
    pen.save();
    roundedRect(pen, 0, 0, width, MAP_PX, 4);
    pen.clip();
    pen.fillStyle = this._hatches.free;
    pen.fillRect(0, 0, width, MAP_PX);
    const fill = (colour, from, to, widthMin) => {
      pen.fillStyle = colour;
      pen.fillRect(x(from), 0, Math.max(widthMin, x(to) - x(from)), MAP_PX);
    };
    const fills = {
      mixed: colours.committed,
      done: colours.done,
      leased: colours.leased,
      failed: colours.failed,
    };
    for (const [state, colour] of Object.entries(fills)) {
      for (const span of spans.filter((one) => one.state === state)) {
        fill(colour, span.begin, span.end, 1);
        if (state === 'leased') fill(colours.committed, span.begin, span.upto, 0);
      }
    }
    pen.restore();
    this._drawLens(pen, colours, Math.min(x(this.seen[0]), width - 3), Math.max(x(this.seen[1]), 3));
  }

  // From the part of the map to the band that shows it larger.
  _drawLens(pen, colours, left, right) {
    const {width} = this;
    const ground = pen.createLinearGradient(0, MAP_PX, 0, this.bandTop);
    ground.addColorStop(0, colours.line);
    ground.addColorStop(1, colours.surface);
    pen.fillStyle = ground;
    pen.beginPath();
    pen.moveTo(left, MAP_PX);
    pen.lineTo(right, MAP_PX);
    pen.lineTo(width, this.bandTop);
    pen.lineTo(0, this.bandTop);
    pen.fill();
    pen.strokeStyle = colours.muted;
    pen.lineWidth = 1;
    line(pen, left, MAP_PX, 0, this.bandTop);
    line(pen, right, MAP_PX, width, this.bandTop);
    pen.strokeStyle = colours.text;
    pen.lineWidth = 1.5;
    roundedRect(pen, left + 0.75, 0.75, Math.max(2, right - left - 1.5), MAP_PX - 1.5, 3);
    pen.stroke();
  }

  _drawSplits(pen, colours, now) {
    pen.font = '600 10px system-ui, sans-serif';
    pen.textAlign = 'center';
    pen.textBaseline = 'alphabetic';
    let free = -Infinity;
    for (const split of [...this.splits].sort((a, b) => (a.at < b.at ? -1 : 1))) {
      if (now - split.since > SPLIT_SHOWN_MS) continue;
      const x = this.x(split.at);
      if (x < 0 || x > this.width) continue;
      const top = this.bandTop;
      pen.fillStyle = colours.text;
      pen.beginPath();
      pen.moveTo(x - 4, top - 5);
      pen.lineTo(x + 4, top - 5);
      pen.lineTo(x, top);
      pen.fill();
      if (x - free < 28) continue;
      pen.fillText('split', Math.max(14, Math.min(this.width - 14, x)), top - 7);
      free = x;
    }
  }

  _drawChoice(pen, colours) {
    for (const [span, colour] of [
      [this.hovered, colours.muted],
      [this.chosen, colours.accent],
    ]) {
      if (!span) continue;
      const box = this.box(span);
      pen.strokeStyle = colours.surface;
      pen.lineWidth = 4;
      const left = Math.max(1.5, box.left),
        right = Math.min(this.width - 1.5, box.left + box.width);
      roundedRect(pen, left, box.top + 1.5, Math.max(2, right - left), box.height - 3, 3);
      pen.stroke();
      pen.strokeStyle = colour;
      pen.lineWidth = 2.5;
      pen.stroke();
    }
  }
}

// Of `count` columns of what is seen, the shares of each state.
function sharesOf(spans, [from, to], count) {
  const whole = Number(to - from);
  const columns = Array.from({length: count}, () => ({failed: 0, leased: 0, committed: 0, done: 0}));
  const add = (begin, end, shares) => {
    const left = Math.max(0, (Number(begin - from) / whole) * count),
      right = Math.min(count, (Number(end - from) / whole) * count);
    for (let i = Math.floor(left); i < right; ++i) {
      const part = Math.min(right, i + 1) - Math.max(left, i);
      for (const [name, share] of Object.entries(shares)) columns[i][name] += part * share;
    }
  };
  for (const span of spans) {
    if (span.state === 'leased') {
      add(span.begin, span.upto, {committed: 1});
      add(span.upto, span.end, {leased: 1});
    } else if (span.state === 'mixed') {
      const share = (name) => Number(BigInt(span[name] ?? 0)) / Number(span.end - span.begin);
      add(span.begin, span.end, {failed: share('failed'), leased: share('leased'), done: share('done')});
    } else if (span.state !== 'free') {
      add(span.begin, span.end, {[span.state]: 1});
    }
  }
  return columns;
}
