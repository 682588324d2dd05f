// Numbers, times and ranges as the dashboard shows them.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import * as figures from '../../daemon/dashboard/figures.js';

// The narrow no-break space is written as a plain one here.
const plain = (text) => text.replaceAll('\u202f', ' ');

const U64_MAX = '18446744073709551615';
const I128_MIN = '-170141183460469231731687303715884105728';

// [arguments, what is shown] of a function.
function shows(show, cases) {
  for (const [given, shown] of cases) {
    assert.equal(plain(show(...given)), shown, `${show.name}(${given.map(String).join(', ')})`);
  }
}

test('digits are grouped by three, and what is no integer stays', () => {
  shows(figures.grouped, [
    [['0'], '0'],
    [['999'], '999'],
    [['1000'], '1 000'],
    [['-1000'], '-1 000'],
    [['-999'], '-999'],
    [[U64_MAX], '18 446 744 073 709 551 615'],
    [[12345n], '12 345'],
    [['1234.5'], '1234.5'],
    [['1e+20'], '1e+20'],
    [[''], ''],
  ]);
});

test('a number is three digits and a unit', () => {
  shows(figures.compact, [
    [[0], '0'],
    [[Number.NaN], '0'],
    [[undefined], '0'],
    [[0.5], '0.50'],
    [[950], '950'],
    [[999], '999'],
    [[1000], '1.00 k'],
    [[1250], '1.25 k'],
    [[12500], '12.5 k'],
    [[999_499], '999 k'],
    [[999_500], '1.00 M'],
    [[-1250], '-1.25 k'],
    [[U64_MAX], '18.4 E'],
    [[999e21], '999 Z'],
    [[1e24], '1.00e+24'],
  ]);
});

test('a rate of nothing is a dash', () => {
  shows(figures.rate, [
    [[0], '–'],
    [[-1], '–'],
    [[null], '–'],
    [[undefined], '–'],
    [[1500], '1.50 k/s'],
  ]);
});

test('a fraction of integers beyond 2^53 is exact to a millionth', () => {
  assert.equal(figures.fraction('1', '3'), 0.333333);
  assert.equal(figures.fraction('0', '0'), 0);
  assert.equal(figures.fraction(U64_MAX, U64_MAX), 1);
  assert.equal(figures.fraction('18446744073709551614', U64_MAX), 0.999999);
});

test('a percentage is rounded down: 100 means all, and 0.0 nothing', () => {
  shows(figures.percent, [
    [['0', '0'], '0.0 %'],
    [['0', '7'], '0.0 %'],
    [['1', U64_MAX], '<0.1 %'],
    [['1', '1000'], '0.1 %'],
    [['2', '3'], '66.6 %'],
    [['18446744073709551614', U64_MAX], '99.9 %'],
    [[U64_MAX, U64_MAX], '100.0 %'],
    [[5n, 10n], '50.0 %'],
  ]);
});

test('round numbers are short, others are grouped', () => {
  shows(figures.shortNumber, [
    [['0'], '0'],
    [['10000'], '10 000'],
    [['100000'], '1e5'],
    [['10000000'], '1e7'],
    [['1500000000'], '1.5e9'],
    [['1234000000'], '1.234e9'],
    [['1234500000'], '1 234 500 000'],
    [[U64_MAX], '18 446 744 073 709 551 615'],
  ]);
});

test('a range is written as pq-submit reads it', () => {
  shows(figures.rangeText, [
    [['0', '0'], '0:0'],
    [['0', '1000000'], '0:1e6'],
    [['10000000', '60000000'], '1e7:6e7'],
    [['1000000000000', '1100000000000'], '1e12:1.1e12'],
    [['1000000000001', '1000100000001'], '1 000 000 000 001:+1e8'],
    [['0', U64_MAX], '0:18 446 744 073 709 551 615'],
  ]);
});

test('a long value shows its first digits', () => {
  shows(figures.valueText, [
    [[null], '–'],
    [[undefined], '–'],
    [[0], '0'],
    [['2897536'], '2 897 536'],
    [['123456789012345678'], '123 456 789 012 345 678'],
    [['1234567890123456789'], '1.23456…e18'],
    [[I128_MIN], '-1.70141…e38'],
    [[I128_MIN, 40], '-170 141 183 460 469 231 731 687 303 715 884 105 728'],
    [['3.25'], '3.25'],
    [['-1e-300'], '-1e-300'],
  ]);
});

test('a time span has two units at most', () => {
  shows(figures.duration, [
    [[Number.NaN], '–'],
    [[Infinity], '–'],
    [[undefined], '–'],
    [[-3], '0 s'],
    [[0], '0.0 s'],
    [[0.44], '0.4 s'],
    [[9.94], '9.9 s'],
    [[9.96], '10 s'],
    [[59.4], '59 s'],
    [[59.6], '1 min 00 s'],
    [[125], '2 min 05 s'],
    [[3599.6], '1 h 00 min'],
    [[11520], '3 h 12 min'],
    [[86399.6], '1 d 00 h'],
    [[4 * 86400 + 3 * 3600], '4 d 03 h'],
    [[999 * 86400], '999 d 00 h'],
    [[1000 * 86400], '3 y'],
    [[1e12], '31 688 y'],
  ]);
});

test('how long ago something was is one unit', () => {
  const now = 1_700_000_000_000;
  shows(figures.ago, [
    [[now, now], 'just now'],
    [[now + 5000, now], 'just now'],
    [[now - 1999, now], 'just now'],
    [[now - 2000, now], '2 s ago'],
    [[now - 59_999, now], '59 s ago'],
    [[now - 60_000, now], '1 min ago'],
    [[now - 3_599_999, now], '59 min ago'],
    [[now - 3_600_000, now], '1 h ago'],
    [[now - 86_400_000, now], '1 d ago'],
    [[0, now], '19675 d ago'],
  ]);
});

test('the day stands before the time on other days only', () => {
  const noon = new Date(2024, 1, 29, 12, 34, 56).getTime();
  assert.match(figures.clock(noon), /^12\D34\D56$/);
  assert.match(figures.minute(noon), /^12\D34$/);
  assert.equal(figures.clockOrDay(noon, noon + 3_600_000), figures.clock(noon));
  assert.equal(figures.clockOrDay(noon, noon + 86_400_000), figures.moment(noon));
  assert.match(figures.moment(noon), /29.*2024|2024.*29/);
});

test('the time left has a band where the head knows one', () => {
  const left = (job) => {
    const {text, band} = figures.timeLeft(job);
    return [plain(text), plain(band)];
  };
  assert.deepEqual(left({}), ['–', '']);
  assert.deepEqual(left({eta_s: null, eta_low_s: 1, eta_high_s: 2}), ['–', '']);
  assert.deepEqual(left({eta_s: 0}), ['0.0 s', '']);
  assert.deepEqual(left({eta_s: 5, eta_low_s: 5, eta_high_s: 5}), ['5.0 s', '']);
  assert.deepEqual(left({eta_s: 5, eta_low_s: null, eta_high_s: 7}), ['5.0 s', '']);
  assert.deepEqual(left({eta_s: 100, eta_low_s: 88, eta_high_s: 117}), ['1 min 40 s', '88 … 117 s']);
  assert.deepEqual(left({eta_s: 100, eta_low_s: 84, eta_high_s: 120}), ['1 min 40 s', '1.4 … 2.0 min']);
  assert.deepEqual(left({eta_s: 7200, eta_low_s: 3600, eta_high_s: 7200}), ['2 h 00 min', '1.0 … 2.0 h']);
  assert.deepEqual(left({eta_s: 172800, eta_low_s: 86400, eta_high_s: 1728000}), ['2 d 00 h', '1 … 20 d']);
});

test('one is singular, all else is plural', () => {
  shows(figures.plural, [
    [[0, 'lease'], '0 leases'],
    [[1, 'lease'], '1 lease'],
    [['1', 'lease'], '1 lease'],
    [[1n, 'lease'], '1 lease'],
    [[2, 'child', 'children'], '2 children'],
    [['12000', 'span'], '12 000 spans'],
  ]);
});
