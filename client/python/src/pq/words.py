"""The words of the head.

Generated from its enums. See tests/description/generated.
"""

from __future__ import annotations

from typing import Final

JOB_STATES: Final = (
    "queued",
    "running",
    "paused",
    "done",
    "failed",
    "cancelled",
)

AGENT_STATES: Final = (
    "active",
    "quarantined",
    "draining",
    "silent",
    "gone",
)

SEVERITIES: Final = (
    "info",
    "warning",
    "error",
)

SPAN_STATES: Final = (
    "free",
    "leased",
    "done",
    "failed",
    "mixed",
)

STREAMS: Final = (
    "stdout",
    "stderr",
    "pq",
)

KERNELS: Final = (
    "primes",
    "twins",
    "triplets",
    "quadruplets",
    "quintuplets",
    "sextuplets",
    "exec",
)

FOLDS: Final = (
    "sum",
    "min",
    "max",
    "none",
)

NOTICE_KINDS: Final = (
    "interruption",
    "rebalance",
    "passed",
)

ERROR_WORDS: Final = (
    "malformed",
    "unsupported_version",
    "not_allowed",
    "introduce_yourself",
    "replaced",
    "no_such_job",
    "no_such_agent",
    "no_such_worker",
    "job_has_ended",
    "job_is_live",
    "forgotten",
    "nothing_failed",
    "no_such_file",
    "file_is_gone",
    "too_much",
    "short_of_space",
    "backup_under_way",
    "name_is_taken",
    "backup_failed",
    "no_such_key",
    "key_revoked",
)

REASONS: Final = (
    "done",
    "failed",
    "cancelled",
    "paused",
    "short_of_space",
    "head_restarted",
    "no_agents",
    "agents_silent",
    "agents_drain",
    "unplaced",
    "priority",
    "shares",
    "slots_kept",
    "retry_elsewhere",
    "failed_spans",
    "failing",
    "losses",
    "suspect",
    "stuck",
    "silent_holder",
    "slow_agent",
    "tail",
    "runs",
    "express",
    "no_express",
    "express_full",
)

EVENTS: Final = (
    "head_started",
    "agent_joined",
    "agent_replaced",
    "agent_drains",
    "agent_warned",
    "agent_resumes",
    "agent_left",
    "agent_lost",
    "agent_quarantined",
    "lease_expired",
    "lease_split",
    "output_lost",
    "program_failed",
    "run_kills_agents",
    "kernel_contradicts",
    "job_submitted",
    "job_steered",
    "job_ended",
    "backup_made",
    "backup_failed",
    "key_revoked",
    "value_impossible",
    "work_discarded",
    "job_forgotten",
    "space_short",
    "space_enough",
    "key_added",
    "key_expired",
)
