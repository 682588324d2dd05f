// The words of the head, each with its form, its tone and how it is said.

export const JOB_STATES = {
  queued: {tone: 'calm', rank: 1},
  running: {tone: 'busy', rank: 0},
  paused: {tone: 'warning', rank: 2},
  done: {tone: 'good', rank: 3},
  failed: {tone: 'bad', rank: 3},
  cancelled: {tone: 'calm', rank: 3},
};

export const AGENT_STATES = {
  active: {tone: 'good', rank: 2},
  draining: {tone: 'warning', rank: 1},
  silent: {tone: 'bad', rank: 0},
  gone: {tone: 'calm', rank: 3},
};

export const SEVERITIES = {
  info: {tone: 'calm', rank: 0},
  warning: {tone: 'warning', rank: 1},
  error: {tone: 'bad', rank: 2},
};

// In the groups in which one looks for them.
export const EVENT_KINDS = [
  [
    'Agents', {
      agent_joined: 'joined',
      agent_replaced: 'replaced',
      agent_drains: 'drains',
      agent_warned: 'warned',
      agent_resumes: 'resumes',
      agent_left: 'left',
      agent_lost: 'lost',
      agent_quarantined: 'quarantined',
    }
  ],
  ['Leases', {lease_expired: 'lease expired', lease_split: 'lease split'}],
  [
    'Programs',
    {program_failed: 'program failed', output_lost: 'output lost', kernel_contradicts: 'kernel contradicts'}
  ],
  ['Jobs', {job_submitted: 'submitted', job_steered: 'steered', job_ended: 'ended'}],
  [
    'Head', {
      head_started: 'head started',
      backup_made: 'backup made',
      backup_failed: 'backup failed',
      key_revoked: 'key revoked'
    }
  ],
];

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
    (event.severity === 'info' ? KIND_ICONS[event.what] ?? 'info' : event.severity);

// A word of a newer head is said as it is.
export const kindName = (what) => KIND_NAMES[what] ?? what.replaceAll('_', ' ');
export const toneOf = (states, word) => states[word]?.tone ?? 'calm';
export const hasEnded = (job) => job.state === 'done' || job.state === 'failed' || job.state === 'cancelled';

// What a job is called: its name, else its program, else its kernel.
export function jobTitle(job) { return job.name || job.program?.command || job.kernel; }

export const instanceType = (agent) => agent.labels?.instance_type ?? agent.labels?.['instance-type'] ?? '';
export const zone = (agent) => agent.labels?.zone ?? agent.labels?.region ?? '';

export const jobHref = (id) => `#/jobs/${encodeURIComponent(id)}`;
export const agentHref = (name) => `#/agents/${encodeURIComponent(name)}`;
