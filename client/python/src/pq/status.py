"""What the head tells: of jobs, of agents, and of what programs have said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from .ranges import Range
from .wire import Message, Value, value_of

ENDED = ("done", "failed", "cancelled")


def _time(unix_ms: int | None) -> datetime | None:
    if unix_ms is None:
        return None
    return datetime.fromtimestamp(unix_ms / 1000, timezone.utc)


def _labels(sent: object) -> Mapping[str, str]:
    return {label["key"]: label["value"] for label in sent} if isinstance(sent, list) else {}


@dataclass(frozen=True)
class FailedSpan:
    """A part of a job that was given up, and what its program said last."""

    range: Range
    attempts: int
    error: str


@dataclass(frozen=True)
class JobStatus:
    """One job as it was when the head was asked."""

    id: int
    name: str
    state: str  # one of words.JOB_STATES
    range: Range
    kernel: str
    fold: str
    priority: int
    value: Value | None  # exact: an int of up to 128 bits, or a float; the total only if value_is_final
    done: int  # integers
    failed: int  # integers
    error: str | None
    unplaced: str | None  # why no agent can take what is free of it
    failed_spans: tuple[FailedSpan, ...]  # the first of them; none in a list of jobs
    attempts_failed: int
    recomputed: int  # integers
    leases_granted: int
    leases_expired: int
    leases_yielded: int
    slots_busy: int
    rate_per_s: float
    created: datetime
    started: datetime | None
    finished: datetime | None
    attempts: int = 3
    max_failures: int = 100
    crash_limit: int | None = 3
    cpus: int = 1
    require: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] | None = None  # of a program
    submitter: str = ""  # the name of the key that submitted it; empty: not known

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def title(self) -> str:
        """"job 7 (primes)"."""
        return f"job {self.id} ({self.name})" if self.name else f"job {self.id}"

    @property
    def fraction(self) -> float:
        """Of the range that is done, 1.0 only if all is; what has failed is not done."""
        if self.done >= self.range.width:
            return 1.0
        return min(self.done / self.range.width, 1 - 2**-53)

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None while nothing runs."""
        if self.has_ended or not self.rate_per_s > 0:
            return None
        return max(self.range.width - self.done - self.failed, 0) / self.rate_per_s

    @property
    def seconds_taken(self) -> float | None:
        """From the first lease to the end."""
        if self.finished is None:
            return None
        return max((self.finished - (self.started or self.created)).total_seconds(), 0.0)

    @property
    def value_is_final(self) -> bool:
        """Whether `value` is the total. A job that failed or was cancelled has none, whatever it has computed."""
        return self.state == "done"

    @property
    def partial_text(self) -> str | None:
        """Of a job that has ended without a total: what it has computed, of how much."""
        if self.value is None or not self.has_ended or self.value_is_final:
            return None
        return f"a partial {self.fold} {self.value} of {self.done} of its {self.range.width} integers"

    @property
    def last_words(self) -> str | None:
        """Why it failed."""
        return self.error or (self.failed_spans[0].error if self.failed_spans else None)


def job_status(report: Message) -> JobStatus:
    spec = report["spec"]
    program = spec.get("program")
    leases = report.get("leases", {})
    created = _time(report["created_unix_ms"])
    assert created is not None
    return JobStatus(
        id=report["job"],
        name=spec["name"],
        state=report["state"],
        range=Range(*spec["range"]),
        kernel=spec["kernel"],
        fold=spec["fold"],
        priority=spec["priority"],
        value=value_of(report.get("value")),
        done=report["done"],
        failed=report["failed"],
        error=report.get("error"),
        unplaced=report.get("unplaced"),
        failed_spans=tuple(
            FailedSpan(Range(*span["range"]), span["attempts"], span["error"])
            for span in report.get("failed_spans", ())
        ),
        attempts_failed=report["attempts_failed"],
        recomputed=report["recomputed"],
        leases_granted=leases.get("granted", 0),
        leases_expired=leases.get("expired", 0),
        leases_yielded=leases.get("yielded", 0),
        slots_busy=report["slots_busy"],
        rate_per_s=report["rate_per_s"],
        created=created,
        started=_time(report.get("started_unix_ms")),
        finished=_time(report.get("finished_unix_ms")),
        attempts=spec["attempts_max"],
        max_failures=spec["failures_max"],
        crash_limit=spec.get("crash_limit", 3) or None,
        cpus=spec.get("cpus", 1),
        require=_labels(spec.get("require")),
        command=tuple(program["words"]) if program else None,
        submitter=report.get("submitter", ""),
    )


@dataclass(frozen=True)
class AgentStatus:
    """One agent as it was when the head was asked."""

    name: str
    state: str  # one of words.AGENT_STATES
    version: str
    slots: int
    busy: int
    rate_per_s: float
    heard_s_ago: float
    kernels: tuple[str, ...]
    labels: Mapping[str, str]


def agent_status(report: Message) -> AgentStatus:
    return AgentStatus(
        name=report["name"],
        state=report["state"],
        version=report["version"],
        slots=report["slots"],
        busy=report["busy"],
        rate_per_s=report["rate_per_s"],
        heard_s_ago=report["heard_ms_ago"] / 1000,
        kernels=tuple(report["kernels"]),
        labels=_labels(report["labels"]),
    )


@dataclass(frozen=True)
class LogEntry:
    """Some of what a program wrote in one run."""

    number: int  # counts up within the job
    time: datetime  # when the head stored it
    agent: str
    run: Range
    attempt: int
    stream: str  # one of words.STREAMS; pq: what the agent says of a run
    failed: bool  # the run has failed, and this is the last of it
    raw: bytes

    @property
    def text(self) -> str:
        """What is no UTF-8 in it is replaced."""
        return self.raw.decode(errors="replace")


def log_entry(sent: Message) -> LogEntry:
    time = _time(sent["unix_ms"])
    assert time is not None
    return LogEntry(
        number=sent["number"],
        time=time,
        agent=sent["agent"],
        run=Range(*sent["run"]),
        attempt=sent["attempt"],
        stream=sent["stream"],
        failed=sent["failed"],
        raw=sent["text"],
    )
