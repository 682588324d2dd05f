// What of a ledger's range is in view: all of it, a part that was chosen, or where the leases are, along with
// them. What is seen moves there in a moment. All ends are BigInt: a part of 64 integers near 2^64 is as
// exact as one near 0.

const MOVE_MS = 450;
const WIDTH_MIN = 64n;

export class LedgerView {
  constructor() {
    this.follows = true;
    this.seen = null; // [begin, end), on its way
    this._part = null; // [begin, end); null is all
    this._calm = matchMedia('(prefers-reduced-motion: reduce)');
  }

  setLedger(ledger) {
    this.ledger = ledger;
    if (this.follows) this._follow();
  }

  get part() {
    return this._part ?? [this.ledger.begin, this.ledger.end];
  }

  get isAll() {
    return this._part === null;
  }

  get isCalm() {
    return this._calm.matches;
  }

  showAll() {
    this.follows = false;
    this._part = null;
  }

  followLeases() {
    this.follows = true;
    this._follow();
  }

  // By this factor wider, around this place.
  widen(factor, middle) {
    const [from, to] = this.part;
    const wanted = ((to - from) * BigInt(Math.round(factor * 1000))) / 1000n;
    const width = wanted < WIDTH_MIN ? WIDTH_MIN : wanted;
    this.follows = false;
    this._lookAt(middle - width / 2n, width);
  }

  // As wide as it is, around this place.
  moveTo(middle) {
    const [from, to] = this.part;
    this.follows = false;
    this._lookAt(middle - (to - from) / 2n, to - from);
  }

  // One step of what is seen; whether it is still on its way.
  move(now) {
    const to = this.part;
    const way = this._way;
    if (!way || way.to[0] !== to[0] || way.to[1] !== to[1])
      this._way = {from: this.seen ?? to, to, at: way ? now : -Infinity};
    const passed = this.isCalm ? 1 : eased((now - this._way.at) / MOVE_MS);
    const {from} = this._way;
    const between = (a, b) =>
      passed === 1 ? b : a + ((b - a) * BigInt(Math.round(passed * 1e6))) / 1000000n;
    this.seen = [between(from[0], to[0]), between(from[1], to[1])];
    return passed < 1;
  }

  _lookAt(from, wanted) {
    const {begin, end} = this.ledger;
    const width = wanted < WIDTH_MIN ? WIDTH_MIN : wanted;
    if (width >= end - begin) {
      this._part = null;
      return;
    }
    const bounded = from < begin ? begin : from + width > end ? end - width : from;
    this._part = [bounded, bounded + width];
  }

  // Goes along in jumps and not each second, so that one can read what stands there.
  _follow() {
    const leased = this.ledger.spans.filter((span) => span.state === 'leased');
    if (leased.length === 0) {
      this._part = null;
      return;
    }
    const from = leased[0].begin,
      to = leased[leased.length - 1].end;
    const [seenFrom, seenTo] = this.part;
    if (!this.isAll && from >= seenFrom && to <= seenTo && seenTo - seenFrom < (to - from) * 3n) return;
    const margin = (to - from) / 20n;
    this._lookAt(from - margin, to - from + margin * 7n);
  }
}

// From 0 to 1, fast at first.
export const eased = (part) => (part >= 1 ? 1 : 1 - (1 - Math.max(0, part)) ** 3);
