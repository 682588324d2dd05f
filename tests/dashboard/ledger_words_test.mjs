// Spans and ledgers in words.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {describe, letterOf, summarize} from '../../daemon/dashboard/ledger_words.js';

const NOW = 1_700_000_000_000;
const told = (span) => describe(span, 'A', NOW).replaceAll('\u202f', ' ');
const summed = (ledger) => summarize(ledger).replaceAll('\u202f', ' ');
const lease = {
  state: 'leased',
  agent: 'vm-1',
  begin: 1000n,
  end: 3000n,
  upto: 1500n,
  endAsked: null,
  granted_unix_ms: NOW - 12_000,
};

test('a lease tells its holder, its commits and its age', () => {
  assert.equal(
    told(lease),
    'leased by vm-1 (A): 1 000 : 3 000, 2 000 wide; committed up to 1 500 (25.0 %); granted 12 s ago',
  );
  assert.equal(
    told({...lease, upto: 1000n, endAsked: 2000n, granted_unix_ms: null}),
    'leased by vm-1 (A): 1 000 : 3 000, 2 000 wide; committed up to 1 000 (0.0 %); ' +
      "granted before the head's start; asked to end at 2 000",
  );
});

test('a free span tells how often it has failed', () => {
  const free = {state: 'free', begin: 0n, end: 2n ** 64n - 1n, attempts: 0};
  const where = '0 : 18 446 744 073 709 551 615, 18 446 744 073 709 551 615 wide';
  assert.equal(told(free), `free: ${where}`);
  assert.equal(told({...free, attempts: 1}), `free: ${where}; failed once so far`);
  assert.equal(told({...free, attempts: 2}), `free: ${where}; failed 2 times so far`);
  assert.equal(told({...free, state: 'done', attempts: 2}), `done: ${where}`);
});

test('a failed span tells its error, if it has one', () => {
  const failed = {state: 'failed', begin: 7n, end: 8n, attempts: 3, error: 'exit 1'};
  assert.equal(told(failed), 'failed: 7 : 8, 1 wide; 3 attempts; exit 1');
  assert.equal(told({...failed, attempts: 1, error: null}), 'failed: 7 : 8, 1 wide; 1 attempt; ');
});

test('many spans tell only what they hold', () => {
  const mixed = {state: 'mixed', begin: 0n, end: 1000n, done: '999', leased: '0', failed: '1'};
  assert.equal(told(mixed), 'many spans: 0 : 1 000, 1 000 wide; 99.9 % done, 0.1 % failed');
});

test('a ledger of one free span', () => {
  const spans = [{state: 'free', begin: 0n, end: 10n}];
  assert.equal(summed({spans, begin: 0n, end: 10n}), '0.0 % done · 0.0 % leased · 100.0 % free. 1 span.');
});

test('a ledger counts leases, their agents and what they committed', () => {
  const spans = [
    {state: 'done', begin: 0n, end: 1000n},
    lease,
    {...lease, begin: 3000n, end: 4000n, upto: 3000n},
    {state: 'free', begin: 4000n, end: 5000n},
    {state: 'failed', begin: 5000n, end: 6000n},
    {state: 'free', begin: 6000n, end: 10_000n},
  ];
  assert.equal(
    summed({spans, begin: 0n, end: 10_000n}),
    '10.0 % done · 5.0 % committed · 25.0 % leased (2 leases of 1 agent) · 50.0 % free (in 2 pieces)' +
      ' · 10.0 % failed (1 span). 6 spans.',
  );
});

test('spans that are shown as one count as what they hold', () => {
  const spans = [{state: 'mixed', begin: 0n, end: 1000n, done: '600', committed: '100', free: '300'}];
  assert.equal(
    summed({spans, begin: 0n, end: 1000n, spans_in_all: 12_000}),
    '60.0 % done · 10.0 % committed · 0.0 % leased · 30.0 % free. 12 000 spans.',
  );
});

test('agents have letters, and after Z two of them', () => {
  assert.deepEqual([0, 25, 26, 51, 52, 701, 702].map(letterOf), ['A', 'Z', 'AA', 'AZ', 'BA', 'ZZ', 'AAA']);
});
