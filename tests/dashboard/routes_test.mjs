// Addresses of views: read, and changed without a step in the history.

import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';

import {keepInAddress, readRoute} from '../../daemon/dashboard/routes.js';

const read = (hash) => {
  const {page, id, query} = readRoute(hash);
  return [page, id, query.toString()];
};

test('an address names a page, one thing on it, and choices', () => {
  assert.deepEqual(read(''), ['jobs', null, '']);
  assert.deepEqual(read('#'), ['jobs', null, '']);
  assert.deepEqual(read('#/'), ['jobs', null, '']);
  assert.deepEqual(read('#/agents'), ['agents', null, '']);
  assert.deepEqual(read('#/jobs/'), ['jobs', null, '']);
  assert.deepEqual(read('#/jobs/7?tab=logs&sort=-rate'), ['jobs', '7', 'tab=logs&sort=-rate']);
  assert.deepEqual(read('#/agents/a%2Fb'), ['agents', 'a/b', '']);
});

test('an address that somebody typed wrong is read as it stands', () => {
  assert.deepEqual(read('#/agents/100%'), ['agents', '100%', '']);
});

let replaced;
beforeEach(() => {
  replaced = [];
  globalThis.history = {state: 'kept', replaceState: (...words) => replaced.push(words)};
});

test('a choice is kept in the address, and taken out again', () => {
  globalThis.location = {hash: '#/jobs/7?tab=logs'};
  keepInAddress({sort: '-rate'});
  keepInAddress({tab: null});
  keepInAddress({tab: ''});
  keepInAddress({tab: 'a&b'});
  assert.deepEqual(replaced, [
    ['kept', '', '#/jobs/7?tab=logs&sort=-rate'],
    ['kept', '', '#/jobs/7'],
    ['kept', '', '#/jobs/7'],
    ['kept', '', '#/jobs/7?tab=a%26b'],
  ]);
});

test('an empty address becomes that of the jobs', () => {
  globalThis.location = {hash: ''};
  keepInAddress({show: 'ended'});
  assert.deepEqual(replaced, [['kept', '', '#/jobs?show=ended']]);
});
