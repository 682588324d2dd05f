// The words of the head, each with its form, its tone and how it is said.

import * as head from './words_of_head.js';

// Each word of the head with what is known of it here; one that is not is calm and stands last.
const described = (words, known) =>
  Object.fromEntries(words.map((word) => [word, known[word] ?? {tone: 'calm', rank: 9}]));

export const JOB_STATES = described(head.JOB_STATES, {
  queued: {tone: 'calm', rank: 1},
  running: {tone: 'busy', rank: 0},
  paused: {tone: 'warning', rank: 2},
  done: {tone: 'good', rank: 3},
  failed: {tone: 'bad', rank: 3},
  cancelled: {tone: 'calm', rank: 3},
});

export const AGENT_STATES = described(head.AGENT_STATES, {
  active: {tone: 'good', rank: 3},
  quarantined: {tone: 'bad', rank: 0},
  draining: {tone: 'warning', rank: 2},
  silent: {tone: 'bad', rank: 1},
  gone: {tone: 'calm', rank: 4},
});

export const SEVERITIES = described(head.SEVERITIES, {
  info: {tone: 'calm', rank: 0},
  warning: {tone: 'warning', rank: 1},
  error: {tone: 'bad', rank: 2},
});

const GROUPS = [
  ['Agents', /^agent_/],
  ['Leases', /^lease_/],
  ['Programs', /^(program_|run_|output_|kernel_|value_)/],
  ['Jobs', /^(job_|work_)/],
  ['Head', /./],
];
const groupOf = (what) => GROUPS.find(([, pattern]) => pattern.test(what))[0];
const inWords = (what) => what.replaceAll('_', ' ');

// The kinds of event in the groups in which one looks for them; within a group its name is left out.
export const EVENT_KINDS = GROUPS.map(([group]) => {
  const kinds = head.EVENTS.filter((what) => groupOf(what) === group);
  return [group, Object.fromEntries(kinds.map((what) => [what, inWords(what).replace(/^(agent|job) /, '')]))];
});

const KIND_NAMES = Object.assign({}, ...EVENT_KINDS.map(([, kinds]) => kinds));

const KIND_ICONS = {
  agent_joined: 'joined',
  agent_resumes: 'joined',
  agent_drains: 'draining',
  agent_left: 'left',
  agent_replaced: 'joined',
  lease_split: 'split',
  lease_expired: 'expired',
  job_submitted: 'submitted',
  job_ended: 'done',
  job_steered: 'steered',
  head_started: 'started',
};

// What is no matter of course has the form of its severity.
export const eventIcon = (event) =>
  event.severity === 'info' ? (KIND_ICONS[event.what] ?? 'info') : event.severity;

// A word of a newer head is said as it is.
export const kindName = (what) => KIND_NAMES[what] ?? inWords(what);
export const toneOf = (states, word) => states[word]?.tone ?? 'calm';
export const hasEnded = (job) => job.state === 'done' || job.state === 'failed' || job.state === 'cancelled';

// What a job is called: its name, else its program, else its kernel.
export function jobTitle(job) {
  return job.name || job.program?.command || job.kernel;
}

export const instanceType = (agent) => agent.labels?.instance_type ?? agent.labels?.['instance-type'] ?? '';
export const zone = (agent) => agent.labels?.zone ?? agent.labels?.region ?? '';

export const jobHref = (id) => `#/jobs/${encodeURIComponent(id)}`;
export const agentHref = (name) => `#/agents/${encodeURIComponent(name)}`;
