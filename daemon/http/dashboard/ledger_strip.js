// A job's ledger as a strip: where in the range is done, who holds what, how far each has committed, what has failed.
// Every state has a pattern besides its colour. Arrow keys go from span to span; what is chosen is told in words.

import { make, setAttribute, setText } from "./elements.js";
import { ago, grouped, percent, shortNumber } from "./figures.js";

const MAP_PX = 8; // the whole range, with the part in view
const MARK_PX = 16; // where splits are told
const BAND_PX = 60;
const FILL_MS = 450; // a commit flows in
const SPLIT_SHOWN_MS = 6000;
const ZOOM_MIN = 64n; // integers in view

export class LedgerStrip {
  constructor({ onChoose = () => {} } = {}) {
    this.onChoose = onChoose;
    this.ledger = null;
    this.letters = new Map(); // agent -> letter, for this page's life
    this.follows = false;
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
    this._animate();
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
      make("div", { class: "strip-foot" }, this.legend, this.controls), this.summary);
    this.stage.addEventListener("keydown", (event) => this._pressed(event));
    this.stage.addEventListener("pointermove", (event) => this._pointed(event));
    this.stage.addEventListener("pointerleave", () => { this.tip.hidden = true; this._hovered = null; this._animate(); });
    this.stage.addEventListener("click", (event) => this._choose(this._spanAt(event)));
    this.stage.addEventListener("dblclick", (event) => this.zoom(0.25, this._valueAt(event.offsetX)));
    this._repaint = () => { this._colours = null; this._animate(); };
    addEventListener("pq-theme", this._repaint);
    this._calm = matchMedia("(prefers-reduced-motion: reduce)");
    this._sizes = new ResizeObserver(([entry]) => this._resize(entry.contentRect.width));
    this._sizes.observe(this.stage);
  }

  // ------------------------------------------------------------ what of the range is in view

  get view() {
    return this._view ?? [this.ledger.begin, this.ledger.end];
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
    if (leased.length === 0) return;
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
    const part = Math.min(1, (now - flow.at) / FILL_MS);
    const eased = 1 - (1 - part) ** 3;
    const to = Number(flow.to - this.ledger.begin);
    return flow.from + (to - flow.from) * eased;
  }

  // ------------------------------------------------------------ drawing

  _resize(width) {
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const height = MAP_PX + MARK_PX + BAND_PX;
    this._size = { width, height, ratio };
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this._draw(performance.now());
  }

  _animate() {
    cancelAnimationFrame(this._frame);
    const step = (now) => {
      this._draw(now);
      const flows = [...this._drawn.values()].some((flow) => now - flow.at < FILL_MS);
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
    this._drawMap(pen, colours);
    pen.save();
    roundedRect(pen, 0, MAP_PX + MARK_PX, width, BAND_PX, 5);
    pen.clip();
    pen.fillStyle = this._hatches.free;
    pen.fillRect(0, MAP_PX + MARK_PX, width, BAND_PX);
    const spans = this._inView();
    for (const state of ["mixed", "done", "leased", "failed"]) {
      for (const span of spans) if (span.state === state) this._drawSpan(pen, colours, span, now);
    }
    pen.restore();
    this._drawSplits(pen, colours, now);
    this._drawChoice(pen, colours);
    this._drawAxis();
  }

  _inView() {
    const [from, to] = this.view;
    return this.ledger.spans.filter((span) => span.end > from && span.begin < to);
  }

  // Both are bounded to a little outside, so that a span of 2^60 integers is no rectangle of 2^40 pixels.
  _x(value) {
    const [from, to] = this.view;
    return Math.max(-8, Math.min(this._size.width + 8, (Number(value - from) / Number(to - from)) * this._size.width));
  }

  _xOfOffset(offset) {
    const [from, to] = this.view;
    return Math.max(-8, Math.min(this._size.width + 8, ((offset - Number(from - this.ledger.begin)) / Number(to - from)) * this._size.width));
  }

  _box(span) {
    const left = this._x(span.begin);
    // Thinner than a pixel is still there.
    return { left, width: Math.max(span.state === "done" ? 1 : 2, this._x(span.end) - left), top: MAP_PX + MARK_PX, height: BAND_PX };
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
      roundedRect(pen, middle - wide / 2, box.top + 19, wide, 19, 4);
      pen.fill();
      pen.fillStyle = colours.text;
      pen.font = "600 12px system-ui, sans-serif";
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillText(letter, middle, box.top + 29);
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

  _drawMap(pen, colours) {
    const { begin, end, spans } = this.ledger;
    const { width } = this._size;
    const all = Number(end - begin);
    const x = (value) => (Number(value - begin) / all) * width;
    pen.fillStyle = colours.free;
    pen.fillRect(0, 2, width, 3);
    for (const [state, colour] of [["done", colours.done], ["mixed", colours.committed], ["leased", colours.leased], ["failed", colours.failed]]) {
      pen.fillStyle = colour;
      for (const span of spans) if (span.state === state) pen.fillRect(x(span.begin), 2, Math.max(1, x(span.end) - x(span.begin)), 3);
    }
    if (!this._view) return;
    pen.strokeStyle = colours.text;
    pen.lineWidth = 1.5;
    const left = Math.min(x(this._view[0]), width - 4);
    pen.strokeRect(left + 0.75, 0.75, Math.max(3, x(this._view[1]) - left) - 1.5, 5.5);
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
      const top = MAP_PX + MARK_PX;
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

  _valueAt(x) {
    const [from, to] = this.view;
    const share = Math.max(0, Math.min(0.999999, x / this._size.width));
    return from + ((to - from) * BigInt(Math.round(share * 1e6))) / 1000000n;
  }

  // What is thin is easier to hit than what is wide.
  _spanAt(event) {
    if (!this.ledger) return null;
    const x = event.offsetX;
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
    this.tip.style.transform = `translate(${left}px, ${MAP_PX + MARK_PX + BAND_PX + 6}px)`;
  }

  _choose(span) {
    this._chosen = span ? span.begin : null;
    if (span) {
      const [from, to] = this.view;
      if (span.end <= from || span.begin >= to) {
        const width = to - from;
        this._lookAt(span.begin - width / 4n, span.begin - width / 4n + width);
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
    const leased = counts.leased ? ` (${counts.leased} ${counts.leased === 1 ? "lease" : "leases"} of ${holders.size} ${holders.size === 1 ? "agent" : "agents"})` : "";
    const parts = [part("done"), part("leased", leased), part("free", counts.free > 1 ? ` (in ${counts.free} pieces)` : "")];
    if (sums.failed > 0n) parts.push(part("failed", ` (${counts.failed} ${counts.failed === 1 ? "span" : "spans"})`));
    setText(this.summary, `${parts.join(" · ")}. ${grouped(this.ledger.spans_in_all ?? spans.length)} spans in all.`);
    const chosen = this._chosenSpan();
    setText(this.detail, chosen ? this.describe(chosen) : "Point at a span, or use the arrow keys.");
  }
}

// A … Z, AA …
export function letterOf(index) {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : letterOf(Math.floor(index / 26) - 1) + letter;
}

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
