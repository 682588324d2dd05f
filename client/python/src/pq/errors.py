"""What can go wrong, one exception a kind. A wait that takes too long raises Python's own TimeoutError."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from .status import JobStatus


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


class JobFailed(Error):
    """Parts of the job were given up.

    `traceback` is what the program wrote to stderr when it failed, of a Python function its traceback.
    """

    def __init__(self, job: int, status: JobStatus, traceback: Optional[str] = None) -> None:
        super().__init__(job, status, traceback)
        self.job = job
        self.status = status
        self.traceback = traceback

    def __str__(self) -> str:
        text = f"{self.status.title} failed: {self.status.last_words or 'nobody says why'}"
        return f"{text}\n\n{self.traceback.rstrip()}" if self.traceback else text


class JobCancelled(Error):
    """Somebody has cancelled the job."""

    def __init__(self, job: int, status: JobStatus) -> None:
        super().__init__(job, status)
        self.job = job
        self.status = status

    def __str__(self) -> str:
        return f"{self.status.title} was cancelled"
