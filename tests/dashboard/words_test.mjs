// The words of the head: states, events, titles and addresses.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import * as words from '../../daemon/dashboard/words.js';

test('each kind of event has one group, and a name', () => {
  const kinds = words.EVENT_KINDS.flatMap(([, names]) => Object.keys(names));
  assert.equal(new Set(kinds).size, kinds.length);
  assert.ok(kinds.length >= 19);
  for (const kind of kinds) assert.match(words.kindName(kind), /^[a-z ]+$/);
  assert.equal(words.kindName('agent_joined'), 'joined');
});

test('words of a newer head are shown as they are', () => {
  assert.equal(words.kindName('agent_was_promoted'), 'agent was promoted');
  assert.equal(words.toneOf(words.JOB_STATES, 'suspended'), 'calm');
  assert.equal(words.toneOf(words.JOB_STATES, 'failed'), 'bad');
  assert.equal(words.eventIcon({severity: 'info', what: 'agent_was_promoted'}), 'info');
});

test('an event that is more than information has the icon of its severity', () => {
  assert.equal(words.eventIcon({severity: 'info', what: 'agent_left'}), 'left');
  assert.equal(words.eventIcon({severity: 'warning', what: 'agent_left'}), 'warning');
  assert.equal(words.eventIcon({severity: 'error', what: 'backup_failed'}), 'error');
});

test('a job has ended in three states', () => {
  const ended = Object.keys(words.JOB_STATES).filter((state) => words.hasEnded({state}));
  assert.deepEqual(ended, ['done', 'failed', 'cancelled']);
});

test('a job is called by its name, else its program, else its kernel', () => {
  const job = {name: 'sweep', program: {command: 'sh -c true'}, kernel: 'exec'};
  assert.equal(words.jobTitle(job), 'sweep');
  assert.equal(words.jobTitle({...job, name: ''}), 'sh -c true');
  assert.equal(words.jobTitle({...job, name: null, program: null}), 'exec');
  assert.equal(words.jobTitle({kernel: 'primes'}), 'primes');
});

test('an agent need not have labels', () => {
  assert.equal(words.instanceType({}), '');
  assert.equal(words.instanceType({labels: {}}), '');
  assert.equal(words.instanceType({labels: {'instance-type': 'c7g.large'}}), 'c7g.large');
  assert.equal(words.instanceType({labels: {instance_type: 'a', 'instance-type': 'b'}}), 'a');
  assert.equal(words.zone({}), '');
  assert.equal(words.zone({labels: {region: 'eu-1'}}), 'eu-1');
  assert.equal(words.zone({labels: {zone: 'eu-1a', region: 'eu-1'}}), 'eu-1a');
});

test('names of strangers cannot leave their part of an address', () => {
  assert.equal(words.jobHref('7'), '#/jobs/7');
  assert.equal(words.agentHref('a/b?c#d e'), '#/agents/a%2Fb%3Fc%23d%20e');
});
