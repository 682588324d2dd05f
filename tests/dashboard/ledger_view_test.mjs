// Which part of a ledger is in view, up to the end of what 64 bits hold.

import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';

import {eased, LedgerView} from '../../daemon/dashboard/ledger_view.js';

const END = 2n ** 64n - 1n;
const ledger = (begin, end, ...leases) => ({
  begin,
  end,
  spans: leases.map(([from, to]) => ({state: 'leased', begin: from, end: to})),
});

let isCalm;
beforeEach(() => {
  isCalm = false;
  globalThis.matchMedia = () => ({
    get matches() {
      return isCalm;
    },
  });
});

function viewOf(...words) {
  const view = new LedgerView();
  view.setLedger(ledger(...words));
  return view;
}

test('without leases all is in view', () => {
  const view = viewOf(0n, 1000n);
  assert.ok(view.isAll && view.follows);
  assert.deepEqual(view.part, [0n, 1000n]);
});

test('the view follows the leases, with more room ahead of them than behind', () => {
  const view = viewOf(0n, 1_000_000n, [500_000n, 500_400n], [500_400n, 502_000n]);
  assert.deepEqual(view.part, [499_900n, 502_600n]);
});

test('it does not move while the leases stay within it', () => {
  const view = viewOf(0n, 1_000_000n, [500_000n, 502_000n]);
  view.setLedger(ledger(0n, 1_000_000n, [500_300n, 502_500n]));
  assert.deepEqual(view.part, [499_900n, 502_600n]);
  view.setLedger(ledger(0n, 1_000_000n, [501_000n, 503_000n]));
  assert.deepEqual(view.part, [500_900n, 503_600n]);
});

test('it narrows when it has become three times as wide as the leases', () => {
  const view = viewOf(0n, 1_000_000n, [500_000n, 502_000n]);
  view.setLedger(ledger(0n, 1_000_000n, [500_000n, 500_900n]));
  assert.deepEqual(view.part, [499_955n, 501_170n]);
});

test('a part at the end of all integers is exact', () => {
  const view = viewOf(0n, END, [END - 10n, END]);
  assert.deepEqual(view.part, [END - 64n, END]);
});

test('widening and narrowing keep their middle and their bounds', () => {
  const view = viewOf(0n, END);
  view.widen(0.5, END / 2n);
  assert.ok(!view.follows && !view.isAll);
  assert.equal(view.part[1] - view.part[0], END / 2n);
  view.widen(0.000001, 1000n);
  assert.deepEqual(view.part, [968n, 1032n], 'no narrower than 64 integers');
  view.widen(2, 0n);
  assert.deepEqual(view.part, [0n, 128n], 'not before the begin');
  view.moveTo(END);
  assert.deepEqual(view.part, [END - 128n, END], 'not past the end');
  view.widen(1e20, END);
  assert.ok(view.isAll, 'all, when it is wider than the ledger');
});

test('a ledger narrower than 64 integers is always whole', () => {
  const view = viewOf(5n, 6n, [5n, 6n]);
  view.widen(0.5, 5n);
  assert.deepEqual(view.part, [5n, 6n]);
});

test('showing all ends following, and following starts again', () => {
  const view = viewOf(0n, 1_000_000n, [10_000n, 12_000n]);
  view.showAll();
  view.setLedger(ledger(0n, 1_000_000n, [20_000n, 22_000n]));
  assert.deepEqual(view.part, [0n, 1_000_000n]);
  view.followLeases();
  assert.deepEqual(view.part, [19_900n, 22_600n]);
});

test('what is seen moves to its part within a moment', () => {
  const view = viewOf(0n, 1_000_000n);
  assert.equal(view.move(0), false, 'it begins where it is');
  assert.deepEqual(view.seen, [0n, 1_000_000n]);
  view.widen(0.5, 500_000n);
  assert.equal(view.move(1000), true);
  assert.deepEqual(view.seen, [0n, 1_000_000n]);
  assert.equal(view.move(1225), true);
  assert.deepEqual(view.seen, [218_750n, 781_250n]);
  assert.equal(view.move(1450), false);
  assert.deepEqual(view.seen, [250_000n, 750_000n]);
});

test('who wants less motion sees it there at once', () => {
  const view = viewOf(0n, 1_000_000n);
  view.move(0);
  isCalm = true;
  view.widen(0.5, 500_000n);
  assert.equal(view.move(1000), false);
  assert.deepEqual(view.seen, [250_000n, 750_000n]);
});

test('motion is fast at first, and stays between its ends', () => {
  assert.deepEqual([-1, 0, 0.5, 1, 7].map(eased), [0, 0, 0.875, 1, 1]);
});
