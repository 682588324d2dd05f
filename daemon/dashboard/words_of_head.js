// Generated from the enums of the head, which knows no other words. See tests/description/generated.

export const JOB_STATES = ['queued', 'running', 'paused', 'done', 'failed', 'cancelled'];

export const AGENT_STATES = ['active', 'quarantined', 'draining', 'silent', 'gone'];

export const SEVERITIES = ['info', 'warning', 'error'];

export const SPAN_STATES = ['free', 'leased', 'done', 'failed', 'mixed'];

export const STREAMS = ['stdout', 'stderr', 'pq'];

export const KERNELS = ['primes', 'twins', 'triplets', 'quadruplets', 'quintuplets', 'sextuplets', 'exec'];

export const FOLDS = ['sum', 'min', 'max', 'none'];

export const NOTICE_KINDS = ['interruption', 'rebalance', 'passed'];

export const ERROR_WORDS = [
  'malformed',
  'unsupported_version',
  'not_allowed',
  'introduce_yourself',
  'replaced',
  'no_such_job',
  'no_such_agent',
  'no_such_worker',
  'job_has_ended',
  'job_is_live',
  'forgotten',
  'nothing_failed',
  'no_such_file',
  'file_is_gone',
  'too_much',
  'short_of_space',
  'backup_under_way',
  'name_is_taken',
  'backup_failed',
  'no_such_key',
  'key_revoked',
];

export const REASONS = [
  'done',
  'failed',
  'cancelled',
  'paused',
  'short_of_space',
  'head_restarted',
  'no_agents',
  'agents_silent',
  'agents_drain',
  'unplaced',
  'priority',
  'shares',
  'slots_kept',
  'retry_elsewhere',
  'failed_spans',
  'failing',
  'losses',
  'suspect',
  'stuck',
  'silent_holder',
  'slow_agent',
  'tail',
  'runs',
  'express',
  'no_express',
  'express_full',
];

export const EVENTS = [
  'head_started',
  'agent_joined',
  'agent_replaced',
  'agent_drains',
  'agent_warned',
  'agent_resumes',
  'agent_left',
  'agent_lost',
  'agent_quarantined',
  'lease_expired',
  'lease_split',
  'output_lost',
  'program_failed',
  'run_kills_agents',
  'kernel_contradicts',
  'job_submitted',
  'job_steered',
  'job_ended',
  'backup_made',
  'backup_failed',
  'key_revoked',
  'value_impossible',
  'work_discarded',
  'job_forgotten',
  'space_short',
  'space_enough',
  'key_added',
  'key_expired',
];
