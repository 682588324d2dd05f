// Questions to the head: when they are asked, and what becomes of the answers.

import assert from 'node:assert/strict';
import {beforeEach, mock, test} from 'node:test';

import {ask, Question} from '../../daemon/dashboard/questions.js';

let requests; // of fetch: {path, signal, answer(status, body), fail()}
let now;
beforeEach(() => {
  requests = [];
  now = 1000;
  mock.method(performance, 'now', () => now);
  globalThis.fetch = (path, {signal}) =>
    new Promise((resolve, reject) => {
      const json = async (body) => JSON.parse(body);
      const answer = (status, body) => resolve({ok: status === 200, status, json: () => json(body)});
      requests.push({path, signal, answer, fail: () => reject(new Error('no network'))});
    });
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

function question(everyMs, live = {connection: 'live', connections: 1}) {
  const taken = [];
  const refused = [];
  const asked = new Question(
    live,
    'jobs/7',
    everyMs,
    (answer) => taken.push(answer),
    (sentence) => refused.push(sentence),
  );
  return {asked, live, taken, refused};
}

test('an answer is taken, and the next question waits its time', async () => {
  const {asked, taken, refused} = question(1000);
  assert.equal(asked.poll(), true);
  assert.equal(requests[0].path, 'api/v1/jobs/7');
  now += 5000;
  assert.equal(asked.poll(), false, 'never two at a time');
  requests[0].answer(200, '{"id":7}');
  await settled();
  assert.deepEqual(taken, [{id: 7}]);
  assert.equal(asked.poll(), true);
  requests[1].answer(200, '{"id":8}');
  await settled();
  now += 949;
  assert.equal(asked.poll(), false);
  now += 1;
  assert.equal(asked.poll(), true);
  assert.deepEqual([taken.length, refused.length, requests.length], [2, 0, 3]);
});

test('a question without a period is asked once in each connection', async () => {
  const {asked, live} = question(null);
  assert.equal(asked.poll(), true);
  requests[0].answer(200, '{}');
  await settled();
  now += 1e6;
  assert.equal(asked.poll(), false);
  live.connections = 2;
  assert.equal(asked.poll(), true);
});

test('nothing is asked while the head is away, or after the end', () => {
  const {asked, live} = question(1000);
  live.connection = 'lost';
  assert.equal(asked.poll(), false);
  live.connection = 'live';
  asked.stop();
  assert.equal(asked.poll(), false);
  assert.equal(requests.length, 0);
});

test('a refusal is told in the words of the head, else by its status', async () => {
  const said = async (status, body) => {
    const failure = assert.rejects(ask('jobs/7'), (error) => {
      failure.text = error.message;
      return true;
    });
    requests.at(-1).answer(status, body);
    await failure;
    return failure.text;
  };
  assert.equal(await said(404, '{"error":{"text":"no job 7"}}'), 'no job 7');
  assert.equal(await said(503, 'busy'), 'the head answered 503 to jobs/7; read its log');
  assert.equal(await said(200, 'no JSON'), 'the head answered 200 to jobs/7; read its log');
});

test('a failure is told once, and not when the head is known to be away', async () => {
  const {asked, live, refused} = question(1000);
  asked.poll();
  requests[0].fail();
  await settled();
  assert.deepEqual(refused, ['no network']);
  now += 1000;
  assert.equal(asked.poll(), true);
  live.connection = 'lost';
  requests[1].fail();
  await settled();
  assert.equal(refused.length, 1);
});

test('a page that has left hears nothing', async () => {
  const {asked, taken, refused} = question(1000);
  asked.poll();
  asked.stop();
  assert.ok(requests[0].signal.aborted);
  requests[0].fail();
  await settled();
  assert.deepEqual([taken, refused], [[], []]);
});
