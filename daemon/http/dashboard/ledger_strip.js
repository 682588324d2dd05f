// A job's ledger as a strip: where in the range is done, who holds what, how far each has committed, what has failed.
// Every state has a pattern besides its colour. Arrow keys go from span to span; what is chosen is told in words.

import { make, setAttribute, setText } from "./elements.js";
import { ago, compact, grouped, percent, plural, shortNumber } from "./figures.js";

const HEIGHT_PX = 122;
const MAP_PX = 26; // the whole range, above the part in view
const LENS_PX = 32; // leads from there to the part in view, and tells splits
const MARK_PX = 16; // tells splits where all is in view and there is no map
const CROWDED_PX = 5; // spans thinner than this on average are told by their shares of columns so wide
const FILL_MS = 450; // a commit flows in, and the view moves
const SPLIT_SHOWN_MS = 6000;
const NARROW_PX = 560;
const ZOOM_MIN = 64n; // integers in view

export class LedgerStrip {
  constructor({ onChoose = () => {} } = {}) {
    this.onChoose = onChoose;
    this.ledger = null;
    this.letters = new Map(); // agent -> letter, for this page's life
    this.follows = true;
    this._view = null; // [begin, end) in view; null is all
    this._drawn = new Map(); // key of a lease -> {from, to, at}: where its commit is drawn
    this._splits = []; // {at, since}
    this._chosen = null; // the begin of the chosen span
    this._build();
  }

  setLedger(ledger, now) {
    const before = this.ledger;
    this.now = now;
    this.ledger = {
      ...ledger,
      begin: BigInt(ledger.begin), end: BigInt(ledger.end),
      spans: ledger.spans.map((span) => ({ ...span, begin: BigInt(span.begin), end: BigInt(span.end), upto: span.upto === undefined ? null : BigInt(span.upto),
        endAsked: span.end_asked === undefined || span.end_asked === null ? null : BigInt(span.end_asked) })),
    };
    for (const span of this.ledger.spans) if (span.agent && !this.letters.has(span.agent)) this.letters.set(span.agent, letterOf(this.letters.size));
    if (before) this._notice(before);
    this._follow();
    this._say();
    this._viewChanged();
  }

  leave() {
    this._sizes.disconnect();
    removeEventListener("pq-theme", this._repaint);
    cancelAnimationFrame(this._frame);
  }

  _build() {
    this.canvas = make("canvas", { class: "strip-canvas" });
    this.tip = make("div", { class: "strip-tip", attributes: { hidden: "", "aria-hidden": "true" } });
    this.summary = make("p", { class: "strip-summary", attributes: { id: "ledger-summary" } });
    this.detail = make("p", { class: "strip-detail", attributes: { "aria-live": "polite", id: "ledger-detail" } });
    this.stage = make("div", {
      class: "strip-stage",
      attributes: { tabindex: "0", role: "application", "aria-label": "Ledger: arrow keys go from span to span, plus and minus zoom",
        "aria-describedby": "ledger-summary ledger-detail" },
    }, this.canvas, this.tip);
    this.axis = make("div", { class: "strip-axis", attributes: { "aria-hidden": "true" } }, ...[0, 1, 2, 3, 4].map(() => make("span")));
    const button = (text, label, act) => make("button", { class: "button small", text, attributes: { type: "button", "aria-label": label, title: label }, on: { click: act } });
    this._whole = button("Whole range", "show the whole range (0)", () => this.showWhole());
    this._followed = button("Follow the leases", "show where the leases are, and go along (f)", () => this.followLeases());
    this.controls = make("div", { class: "strip-controls", attributes: { role: "group", "aria-label": "What of the range is shown" } },
      this._whole, this._followed, button("−", "farther (−)", () => this.zoom(2)), button("+", "closer (+)", () => this.zoom(0.5)));
    this.legend = make("ul", { class: "legend" }, ...[["done", "done"], ["committed", "committed"], ["leased", "leased"], ["free", "free"], ["failed", "failed"], ["asked", "to be split here"]]
      .map(([name, text]) => make("li", {}, make("span", { class: `swatch ${name}`, attributes: { "aria-hidden": "true" } }), text)));
    this.element = make("div", { class: "strip" }, this.stage, this.axis, this.detail,
      make("div", { class: "strip-foot" }, this.legend, this.controls));
    this.stage.addEventListener("keydown", (event) => this._pressed(event));
    this.stage.addEventListener("pointermove", (event) => this._pointed(event));
    this.stage.addEventListener("pointerleave", () => { this.tip.hidden = true; this._hovered = null; this._animate(); });
    this.stage.addEventListener("click", (event) => this._clicked(event));
    this.stage.addEventListener("dblclick", (event) => this.zoom(0.25, this._valueAt(event.offsetX)));
    this._repaint = () => { this._colours = null; this._animate(); };
    addEventListener("pq-theme", this._repaint);
    this._calm = matchMedia("(prefers-reduced-motion: reduce)");
    this._sizes = new ResizeObserver(([entry]) => this._resize(entry.contentRect.width));
    this._sizes.observe(this.stage);
  }

  // ------------------------------------------------------------ what of the range is in view

  get _isWhole() {
    return this._seen[0] === this.ledger.begin && this._seen[1] === this.ledger.end;
  }

  // What is to be in view; what is drawn moves there.
  get view() {
    return this._view ?? [this.ledger.begin, this.ledger.end];
  }

  _moveView(now) {
    const to = this.view;
    const move = this._move;
    if (move && (move.to[0] !== to[0] || move.to[1] !== to[1])) this._move = { from: this._seen, to, at: now };
    this._move ??= { from: to, to, at: -Infinity };
    const part = this._calm.matches ? 1 : eased((now - this._move.at) / FILL_MS);
    const { from } = this._move;
    const between = (a, b) => (part === 1 ? b : a + ((b - a) * BigInt(Math.round(part * 1e6))) / 1000000n);
    this._seen = [between(from[0], to[0]), between(from[1], to[1])];
    return part < 1;
  }

  showWhole() {
    this.follows = false;
    this._view = null;
    this._viewChanged();
  }

  followLeases() {
    this.follows = true;
    this._follow();
    this._viewChanged();
  }

  zoom(factor, at = null) {
    if (!this.ledger) return;
    this.follows = false;
    const [from, to] = this.view;
    const middle = at ?? this._chosenSpan()?.begin ?? (from + to) / 2n;
    const width = (to - from) * BigInt(Math.round(factor * 1000)) / 1000n;
    this._lookAt(middle - width / 2n, middle - width / 2n + width);
    this._viewChanged();
  }

  _lookAt(from, to) {
    const { begin, end } = this.ledger;
    let width = to - from;
    if (width < ZOOM_MIN) width = ZOOM_MIN;
    if (width >= end - begin) {
      this._view = null;
      return;
    }
    if (from < begin) from = begin;
    if (from + width > end) from = end - width;
    this._view = [from, from + width];
  }

  _follow() {
    if (!this.follows || !this.ledger) return;
    const leased = this.ledger.spans.filter((span) => span.state === "leased");
    if (leased.length === 0) {
      this._view = null;
      return;
    }
    const from = leased[0].begin, to = leased[leased.length - 1].end;
    const margin = (to - from) / 20n;
    // Goes along in jumps and not each second, so that one can read what stands there.
    const [viewFrom, viewTo] = this.view;
    if (this._view && from >= viewFrom && to <= viewTo && (viewTo - viewFrom) < (to - from) * 3n) return;
    this._lookAt(from - margin, to + margin * 6n);
  }

  _viewChanged() {
    setAttribute(this._whole, "aria-pressed", String(this._view === null && !this.follows));
    setAttribute(this._followed, "aria-pressed", String(this.follows));
    this._animate();
  }

  // ------------------------------------------------------------ what has changed

  _notice(before) {
    const now = performance.now();
    const old = new Map(before.spans.filter((span) => span.state === "leased").map((span) => [leaseKey(span), span]));
    const kept = new Map();
    for (const span of this.ledger.spans) {
      if (span.state !== "leased") continue;
      const key = leaseKey(span);
      const was = old.get(key);
      if (!was) continue;
      if (span.end < was.end) this._splits.push({ at: span.end, since: now });
      if (span.upto > was.upto) kept.set(key, { from: this._drawnUpto(was, now), to: span.upto, at: now });
    }
    this._drawn = kept;
    this._splits = this._splits.filter((split) => now - split.since < SPLIT_SHOWN_MS);
  }

  _drawnUpto(span, now) {
    const flow = this._drawn.get(leaseKey(span));
    if (!flow || this._calm.matches) return Number(span.upto - this.ledger.begin);
    const to = Number(flow.to - this.ledger.begin);
    return flow.from + (to - flow.from) * eased((now - flow.at) / FILL_MS);
  }

  // ------------------------------------------------------------ drawing

  _resize(width) {
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const height = HEIGHT_PX;
    this._size = { width, height, ratio };
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this._draw(performance.now());
  }

  _animate() {
    cancelAnimationFrame(this._frame);
    const step = () => {
      const now = performance.now();
      this._draw(now);
      const flows = this._isMoving || [...this._drawn.values()].some((flow) => now - flow.at < FILL_MS);
      if (flows && !this._calm.matches) this._frame = requestAnimationFrame(step);
    };
    this._frame = requestAnimationFrame(step);
  }

  _palette() {
    if (this._colours) return this._colours;
    const style = getComputedStyle(this.element);
    const colours = {};
    for (const name of ["done", "committed", "leased", "leased-ink", "free", "free-ink", "failed", "surface", "text", "muted", "line", "accent"]) {
      colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
    this._colours = colours;
    this._hatches = {
      leased: hatch(colours.leased, colours["leased-ink"], "slash"),
      free: hatch(colours.free, colours["free-ink"], "dot"),
      failed: hatch(colours.failed, colours.surface, "cross"),
    };
    return colours;
  }

  _draw(now) {
    if (!this._size || !this.ledger || this._size.width === 0) return;
    const { width, height, ratio } = this._size;
    const pen = this.canvas.getContext("2d");
    const colours = this._palette();
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    this._isMoving = this._moveView(now);
    this._bandTop = this._isWhole ? MARK_PX : MAP_PX + LENS_PX;
    this._bandPx = HEIGHT_PX - this._bandTop;
    if (!this._isWhole) this._drawMap(pen, colours);
    pen.save();
    roundedRect(pen, 0, this._bandTop, width, this._bandPx, 5);
    pen.clip();
    pen.fillStyle = this._hatches.free;
    pen.fillRect(0, this._bandTop, width, this._bandPx);
    const spans = this._inView();
    if (spans.length > width / CROWDED_PX) this._drawCrowd(pen, colours, spans);
    else for (const state of ["mixed", "done", "leased", "failed"]) {
      for (const span of spans) if (span.state === state) this._drawSpan(pen, colours, span, now);
    }
    pen.restore();
    this._drawSplits(pen, colours, now);
    this._drawChoice(pen, colours);
    this._drawAxis();
  }

  _inView() {
    const [from, to] = this._seen;
    return this.ledger.spans.filter((span) => span.end > from && span.begin < to);
  }

  // Both are bounded to a little outside, so that a span of 2^60 integers is no rectangle of 2^40 pixels.
  _x(value) {
    const [from, to] = this._seen;
    return Math.max(-8, Math.min(this._size.width + 8, (Number(value - from) / Number(to - from)) * this._size.width));
  }

  _xOfOffset(offset) {
    const [from, to] = this._seen;
    return Math.max(-8, Math.min(this._size.width + 8, ((offset - Number(from - this.ledger.begin)) / Number(to - from)) * this._size.width));
  }

  _box(span) {
    const left = this._x(span.begin);
    // Thinner than a pixel is still there.
    return { left, width: Math.max(span.state === "done" ? 1 : 2, this._x(span.end) - left), top: this._bandTop, height: this._bandPx };
  }

  _drawSpan(pen, colours, span, now) {
    const box = this._box(span);
    if (span.state === "done") {
      pen.fillStyle = colours.done;
      pen.fillRect(box.left, box.top, box.width, box.height);
    } else if (span.state === "failed") {
      pen.fillStyle = this._hatches.failed;
      pen.fillRect(box.left, box.top, Math.max(3, box.width), box.height);
    } else if (span.state === "leased") {
      this._drawLease(pen, colours, span, box, now);
    } else {
      this._drawMixed(pen, colours, span, box);
    }
  }

  _drawLease(pen, colours, span, box, now) {
    pen.fillStyle = this._hatches.leased;
    pen.fillRect(box.left, box.top, box.width, box.height);
    const upto = Math.max(box.left, this._xOfOffset(this._drawnUpto(span, now)));
    pen.fillStyle = colours.committed;
    pen.fillRect(box.left, box.top, upto - box.left, box.height);
    pen.fillStyle = colours.leased;
    pen.fillRect(box.left, box.top + box.height - 5, box.width, 5);
    if (box.width > 5) {
      pen.fillStyle = colours.surface;
      pen.fillRect(box.left + box.width - 1, box.top, 1, box.height);
    }
    const letter = this.letters.get(span.agent) ?? "";
    if (box.width > 8 + 8 * letter.length) {
      const middle = box.left + box.width / 2;
      const wide = 10 + 7 * letter.length;
      pen.fillStyle = colours.surface;
      roundedRect(pen, middle - wide / 2, box.top + box.height / 2 - 13, wide, 19, 4);
      pen.fill();
      pen.fillStyle = colours.text;
      pen.font = "600 12px system-ui, sans-serif";
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillText(letter, middle, box.top + box.height / 2 - 3);
    }
    if (span.endAsked !== null) {
      pen.strokeStyle = colours.text;
      pen.lineWidth = 2;
      pen.setLineDash([4, 3]);
      line(pen, this._x(span.endAsked), box.top, this._x(span.endAsked), box.top + box.height);
      pen.setLineDash([]);
    }
  }

  // Neighbours told as one: their shares, one above the other.
  _drawMixed(pen, colours, span, box) {
    const whole = Number(span.end - span.begin);
    let top = box.top;
    for (const [name, fill] of [["failed", this._hatches.failed], ["leased", this._hatches.leased], ["free", null], ["done", colours.done]]) {
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
    const count = Math.ceil(this._size.width / CROWDED_PX);
    const [from, to] = this._seen;
    const whole = Number(to - from);
    const columns = Array.from({ length: count }, () => ({ failed: 0, leased: 0, committed: 0, done: 0 }));
    const add = (begin, end, shares) => {
      const left = Math.max(0, (Number(begin - from) / whole) * count), right = Math.min(count, (Number(end - from) / whole) * count);
      for (let i = Math.floor(left); i < right; ++i) {
        const part = Math.min(right, i + 1) - Math.max(left, i);
        for (const [name, share] of Object.entries(shares)) columns[i][name] += part * share;
      }
    };
    for (const span of spans) {
      if (span.state === "leased") {
        add(span.begin, span.upto, { committed: 1 });
        add(span.upto, span.end, { leased: 1 });
      } else if (span.state === "mixed") {
        const share = (name) => Number(BigInt(span[name] ?? 0)) / Number(span.end - span.begin);
        add(span.begin, span.end, { failed: share("failed"), leased: share("leased"), done: share("done") });
      } else if (span.state !== "free") {
        add(span.begin, span.end, { [span.state]: 1 });
      }
    }
    const fills = { done: colours.done, committed: colours.committed, leased: this._hatches.leased, failed: this._hatches.failed };
    columns.forEach((column, i) => {
      let bottom = this._bandTop + this._bandPx;
      for (const [name, fill] of Object.entries(fills)) {
        if (column[name] <= 0) continue;
        const height = Math.max(1, column[name] * this._bandPx);
        pen.fillStyle = fill;
        pen.fillRect(i * CROWDED_PX, bottom - height, CROWDED_PX + 0.5, height);
        bottom -= height;
      }
    });
  }

  _drawMap(pen, colours) {
    const { begin, end, spans } = this.ledger;
    const { width } = this._size;
    const all = Number(end - begin);
    const x = (value) => (Number(value - begin) / all) * width;
    pen.save();
    roundedRect(pen, 0, 0, width, MAP_PX, 4);
    pen.clip();
    pen.fillStyle = this._hatches.free;
    pen.fillRect(0, 0, width, MAP_PX);
    for (const [state, fill] of [["mixed", colours.committed], ["done", colours.done], ["leased", colours.leased], ["failed", colours.failed]]) {
      pen.fillStyle = fill;
      for (const span of spans) if (span.state === state) pen.fillRect(x(span.begin), 0, Math.max(1, x(span.end) - x(span.begin)), MAP_PX);
    }
    pen.restore();
    this._drawLens(pen, colours, Math.min(x(this._seen[0]), width - 3), Math.max(x(this._seen[1]), 3));
  }

  // From the part of the map to the band that shows it larger.
  _drawLens(pen, colours, left, right) {
    const { width } = this._size;
    const ground = pen.createLinearGradient(0, MAP_PX, 0, this._bandTop);
    ground.addColorStop(0, colours.line);
    ground.addColorStop(1, colours.surface);
    pen.fillStyle = ground;
    pen.beginPath();
    pen.moveTo(left, MAP_PX);
    pen.lineTo(right, MAP_PX);
    pen.lineTo(width, this._bandTop);
    pen.lineTo(0, this._bandTop);
    pen.fill();
    pen.strokeStyle = colours.muted;
    pen.lineWidth = 1;
    line(pen, left, MAP_PX, 0, this._bandTop);
    line(pen, right, MAP_PX, width, this._bandTop);
    pen.strokeStyle = colours.text;
    pen.lineWidth = 1.5;
    roundedRect(pen, left + 0.75, 0.75, Math.max(2, right - left - 1.5), MAP_PX - 1.5, 3);
    pen.stroke();
  }

  _drawSplits(pen, colours, now) {
    pen.font = "600 10px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "alphabetic";
    let free = -Infinity;
    for (const split of [...this._splits].sort((a, b) => (a.at < b.at ? -1 : 1))) {
      if (now - split.since > SPLIT_SHOWN_MS) continue;
      const x = this._x(split.at);
      if (x < 0 || x > this._size.width) continue;
      const top = this._bandTop;
      pen.fillStyle = colours.text;
      pen.beginPath();
      pen.moveTo(x - 4, top - 5);
      pen.lineTo(x + 4, top - 5);
      pen.lineTo(x, top);
      pen.fill();
      if (x - free < 28) continue;
      pen.fillText("split", Math.max(14, Math.min(this._size.width - 14, x)), top - 7);
      free = x;
    }
  }

  _drawChoice(pen, colours) {
    for (const [span, colour] of [[this._hovered, colours.muted], [this._chosenSpan(), colours.accent]]) {
      if (!span) continue;
      const box = this._box(span);
      pen.strokeStyle = colours.surface;
      pen.lineWidth = 4;
      const left = Math.max(1.5, box.left), right = Math.min(this._size.width - 1.5, box.left + box.width);
      roundedRect(pen, left, box.top + 1.5, Math.max(2, right - left), box.height - 3, 3);
      pen.stroke();
      pen.strokeStyle = colour;
      pen.lineWidth = 2.5;
      pen.stroke();
    }
  }

  _drawAxis() {
    const [from, to] = this.view;
    [...this.axis.children].forEach((label, i) => setText(label, shortNumber(String(from + ((to - from) * BigInt(i)) / 4n))));
  }

  // ------------------------------------------------------------ choosing a span

  _valueAt(x, [from, to] = this._seen) {
    const share = Math.max(0, Math.min(0.999999, x / this._size.width));
    return from + ((to - from) * BigInt(Math.round(share * 1e6))) / 1000000n;
  }

  // What is thin is easier to hit than what is wide.
  _spanAt(event) {
    if (!this.ledger || !this._seen) return null;
    const x = event.offsetX;
    if (event.offsetY < MAP_PX && !this._isWhole) {
      const value = this._valueAt(x, [this.ledger.begin, this.ledger.end]);
      return this.ledger.spans.find((span) => span.begin <= value && value < span.end) ?? null;
    }
    const near = this._inView().filter((span) => span.state === "leased" || span.state === "failed")
      .map((span) => ({ span, box: this._box(span) }))
      .filter(({ box }) => x >= box.left - 3 && x <= box.left + box.width + 3)
      .sort((a, b) => distance(a.box, x) - distance(b.box, x) || a.box.width - b.box.width)[0];
    if (near && near.box.width < 12) return near.span;
    const value = this._valueAt(x);
    return this.ledger.spans.find((span) => span.begin <= value && value < span.end) ?? null;
  }

  _chosenSpan() {
    if (this._chosen === null || !this.ledger) return null;
    // The span may have become part of another one meanwhile.
    return this.ledger.spans.find((span) => span.begin <= this._chosen && this._chosen < span.end) ?? null;
  }

  _pointed(event) {
    const span = this._spanAt(event);
    if (span !== this._hovered) {
      this._hovered = span;
      this._animate();
    }
    this.tip.hidden = !span;
    if (!span) return;
    setText(this.tip, this.describe(span));
    const left = Math.max(0, Math.min(event.offsetX + 12, this._size.width - this.tip.offsetWidth));
    this.tip.style.transform = `translate(${left}px, ${HEIGHT_PX + 6}px)`;
  }

  // In the map a click moves the view there.
  _clicked(event) {
    if (!this.ledger) return;
    if (event.offsetY < MAP_PX && !this._isWhole) {
      const { begin, end } = this.ledger;
      const middle = this._valueAt(event.offsetX, [begin, end]);
      const half = (this.view[1] - this.view[0]) / 2n;
      this.follows = false;
      this._lookAt(middle - half, middle + half);
      this._viewChanged();
      return;
    }
    this._choose(this._spanAt(event));
  }

  _choose(span) {
    this._chosen = span ? span.begin : null;
    if (span) {
      const [from, to] = this.view;
      if (span.end <= from || span.begin >= to) {
        const width = to - from;
        this.follows = false;
        this._lookAt(span.begin - width / 4n, span.begin - width / 4n + width);
        this._viewChanged();
      }
    }
    this._say();
    this.onChoose(span);
    this._animate();
  }

  _pressed(event) {
    if (!this.ledger || event.ctrlKey || event.altKey || event.metaKey) return;
    const { spans } = this.ledger;
    const index = spans.indexOf(this._chosenSpan());
    const acts = {
      ArrowRight: () => this._choose(spans[Math.min(spans.length - 1, index + 1)]),
      ArrowLeft: () => this._choose(spans[index < 0 ? spans.length - 1 : Math.max(0, index - 1)]),
      Home: () => this._choose(spans[0]),
      End: () => this._choose(spans[spans.length - 1]),
      "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), 0: () => this.showWhole(), f: () => this.followLeases(),
    };
    if (event.key === "Escape" && this._chosen !== null) acts.Escape = () => this._choose(null);
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  // ------------------------------------------------------------ in words

  describe(span) {
    const width = span.end - span.begin;
    const where = `${grouped(span.begin)} : ${grouped(span.end)}, ${grouped(width)} wide`;
    if (span.state === "leased") {
      const letter = this.letters.get(span.agent);
      const age = span.granted_unix_ms === null || span.granted_unix_ms === undefined ? "before the head's start" : ago(span.granted_unix_ms, this.now);
      const asked = span.endAsked === null ? "" : `; asked to end at ${grouped(span.endAsked)}`;
      return `leased by ${span.agent} (${letter}): ${where}; committed up to ${grouped(span.upto)} (${percent(span.upto - span.begin, width)}); granted ${age}${asked}`;
    }
    if (span.state === "failed") return `failed: ${where}; ${span.attempts} attempts; ${span.error ?? ""}`;
    if (span.state === "mixed") {
      const parts = ["done", "leased", "free", "failed"].filter((name) => BigInt(span[name] ?? 0) > 0n).map((name) => `${percent(span[name], width)} ${name}`);
      return `many spans: ${where}; ${parts.join(", ")}`;
    }
    const tried = span.state === "free" && span.attempts > 0 ? `; failed ${span.attempts === 1 ? "once" : `${span.attempts} times`} so far` : "";
    return `${span.state}: ${where}${tried}`;
  }

  _say() {
    const { spans, begin, end } = this.ledger;
    const sums = { done: 0n, leased: 0n, free: 0n, failed: 0n };
    const counts = { done: 0, leased: 0, free: 0, failed: 0, mixed: 0 };
    const holders = new Set();
    for (const span of spans) {
      counts[span.state] += 1;
      if (span.state === "mixed") for (const name of Object.keys(sums)) sums[name] += BigInt(span[name] ?? 0);
      else sums[span.state] += span.end - span.begin;
      if (span.agent) holders.add(span.agent);
    }
    const part = (name, more = "") => `${percent(sums[name], end - begin)} ${name}${more}`;
    const leased = counts.leased ? ` (${plural(counts.leased, "lease")} of ${plural(holders.size, "agent")})` : "";
    const parts = [part("done"), part("leased", leased), part("free", counts.free > 1 ? ` (in ${counts.free} pieces)` : "")];
    if (sums.failed > 0n) parts.push(part("failed", ` (${plural(counts.failed, "span")})`));
    setText(this.summary, `${parts.join(" · ")}. ${plural(this.ledger.spans_in_all ?? spans.length, "span")}.`);
    const chosen = this._chosenSpan();
    setText(this.detail, chosen ? this.describe(chosen) : "Point at a span, or use the arrow keys.");
  }
}

// A … Z, AA …
export function letterOf(index) {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : letterOf(Math.floor(index / 26) - 1) + letter;
}

const eased = (part) => (part >= 1 ? 1 : 1 - (1 - Math.max(0, part)) ** 3);
const leaseKey = (span) => `${span.agent}\n${span.begin}`;
const distance = (box, x) => Math.max(0, box.left - x, x - box.left - box.width);

function roundedRect(pen, left, top, width, height, radius) {
  const r = Math.max(0, Math.min(radius, width / 2, height / 2));
  pen.beginPath();
  pen.moveTo(left + r, top);
  pen.arcTo(left + width, top, left + width, top + height, r);
  pen.arcTo(left + width, top + height, left, top + height, r);
  pen.arcTo(left, top + height, left, top, r);
  pen.arcTo(left, top, left + width, top, r);
  pen.closePath();
}

function line(pen, x1, y1, x2, y2) {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}

function hatch(ground, ink, form) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.fillStyle = ground;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = pen.fillStyle = ink;
  pen.lineWidth = 1.5;
  if (form === "dot") pen.fillRect(3, 3, 1.5, 1.5);
  if (form === "slash" || form === "cross") {
    line(pen, -2, 6, 6, -2);
    line(pen, 2, 10, 10, 2);
  }
  if (form === "cross") {
    line(pen, 2, -2, 10, 6);
    line(pen, -2, 2, 6, 10);
  }
  return pen.createPattern(tile, "repeat");
}
