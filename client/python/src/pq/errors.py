"""What can go wrong, one exception a kind. A wait that takes too long raises Python's own TimeoutError."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .status import JobStatus
    from .wire import Value


class Error(Exception):
    """Everything that pq raises of its own."""


class HeadUnreachable(Error):
    """There is no head, it does not answer, or it does not know this key."""


class Refused(Error):
    """The head has said no.

    `word` is one of the protocol (`no_such_job`, `not_allowed`, …), `detail` says what and which value.
    """

    def __init__(self, word: str, detail: str) -> None:
        super().__init__(word, detail)
        self.word = word
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.word}: {self.detail}" if self.detail else self.word


class _NoTotal(Error):
    """A job has ended without a total. `partial` is the value of what it has computed, None if there is none."""

    job: int
    status: JobStatus

    @property
    def partial(self) -> Value | None:
        return self.status.value

    def _partial_text(self) -> str:
        text = self.status.partial_text
        return f" ({text})" if text else ""


class JobFailed(_NoTotal):
    """Parts of the job were given up, so it has no total; `partial` is the value of the others.

    `traceback` is what the program wrote to stderr when it failed, of a Python function its traceback.
    """

    def __init__(self, job: int, status: JobStatus, traceback: str | None = None) -> None:
        super().__init__(job, status, traceback)
        self.job = job
        self.status = status
        self.traceback = traceback

    def __str__(self) -> str:
        text = f"{self.status.title} failed: {self.status.last_words or 'nobody says why'}{self._partial_text()}"
        return f"{text}\n\n{self.traceback.rstrip()}" if self.traceback else text


class JobCancelled(_NoTotal):
    """Somebody has cancelled the job; `partial` is the value of what it had computed."""

    def __init__(self, job: int, status: JobStatus) -> None:
        super().__init__(job, status)
        self.job = job
        self.status = status

    def __str__(self) -> str:
        return f"{self.status.title} was cancelled{self._partial_text()}"
