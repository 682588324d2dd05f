"""A submitted job, as a handle to ask and steer it by."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Callable, overload

from .connection import NEVER, NoAnswer
from .errors import JobCancelled, JobFailed, Refused
from .progress import Progress, end_line
from .status import ENDED, JobStatus, LogEntry, job_status, log_entry
from .wire import Message, Value

if TYPE_CHECKING:
    from .client import Client
    from .submission import Submission

Future = concurrent.futures.Future

_FIRST_PATIENCE_S = 0.2  # most short jobs end before anything is drawn
_DRAWING_S = 0.5
_PATIENCE_S = 10.0
_FOLLOWING_S = 0.5  # between two looks at a log that is followed
_LOOKS_AFTER_END = 4  # that found nothing more
_LAST_WORDS_S = 3.0  # they may be on their way for a moment when the job has failed already


class Job:
    """Jobs are made by `Client.submit` and `Client.job`."""

    def __init__(self, client: Client, id: int, submission: Submission | None = None) -> None:
        self.id = id
        self._client = client
        self._submission = submission
        self._ended: JobStatus | None = None
        self._lock = threading.Lock()
        self._future: Future[Value | None] | None = None

    def __repr__(self) -> str:
        return f"<pq.Job {self.id}{' ' + self._ended.state if self._ended else ''}>"

    # ------------------------------------------------------------ its end

    def status(self) -> JobStatus:
        """As it is now."""
        return self._noted(self._client._job_status(self.id))

    def done(self) -> bool:
        """Whether it has ended, in whichever way."""
        return (self._ended or self.status()).has_ended

    def wait(self, timeout: float | None = None, progress: bool | None = None) -> JobStatus:
        """The status at its end, whatever that is; TimeoutError after `timeout` seconds, and the job goes on.

        Shows progress on stderr, a bar on a terminal and otherwise a line at the end; `progress=False` shows nothing.
        A head that is away is waited for.
        """
        shown = Progress(progress)
        try:
            status = self._ended or self._wait(timeout, shown)
        except KeyboardInterrupt:
            shown.say(
                f"interrupted; job {self.id} goes on: pq-wait {self.id} waits for it, pq-cancel {self.id} ends it"
            )
            raise
        finally:
            shown.clear()
        shown.say(end_line(status))
        return status

    def _wait(self, timeout: float | None, shown: Progress) -> JobStatus:
        deadline = NEVER if timeout is None else time.monotonic() + timeout
        patience = _FIRST_PATIENCE_S if shown.draws else _PATIENCE_S
        while True:
            left = max(deadline - time.monotonic(), 0)
            try:
                status = self._wait_once(min(patience, left), left)
            except NoAnswer:
                status = None
            if status and status.has_ended:
                # Which parts have failed is told to those who ask for the job alone.
                return self.status() if status.failed else self._noted(status)
            if time.monotonic() >= deadline:
                raise TimeoutError(f"job {self.id} has not ended within {timeout:g} s; it goes on")
            if status:
                shown.show(status)
            patience = _DRAWING_S if shown.draws else _PATIENCE_S

    def _wait_once(self, patience: float, give_up: float) -> JobStatus:
        try:
            return self._client._wait(self._question(), patience, give_up)
        except Refused as refusal:
            if refusal.word != "no_such_job" or self._submission is None:
                raise
        # A head that was restored from a backup has forgotten it. The same submission, so never a second job.
        self.id = self._client._send(self._submission)
        return self._client._wait(self._question(), patience, give_up)

    def _question(self) -> Message:
        submission = self._submission
        return {"job": self.id} if submission is None else {"job": self.id, "submission": submission.id}

    def _noted(self, status: JobStatus) -> JobStatus:
        self._ended = status if status.has_ended else None
        return status

    def result(self, timeout: float | None = None, progress: bool | None = False) -> Value | None:
        """The value, exactly; None where the fold is `none`. JobFailed, JobCancelled or TimeoutError otherwise."""
        status = self.wait(timeout, progress)
        failure = self._failure_of(status)
        if failure is not None:
            raise failure
        return status.value

    def exception(self, timeout: float | None = None) -> JobFailed | JobCancelled | None:
        """What `result` would raise once it has ended."""
        return self._failure_of(self.wait(timeout, progress=False))

    def _failure_of(self, status: JobStatus) -> JobFailed | JobCancelled | None:
        if status.state == "cancelled":
            return JobCancelled(self.id, status)
        if status.state == "failed" or status.failed:
            return JobFailed(self.id, status, self._last_stderr(status))
        return None

    def _last_stderr(self, status: JobStatus) -> str | None:
        """All that the program wrote to stderr in a run that failed."""
        if status.command is None:
            return None
        span = status.failed_spans[0].range.begin if status.failed_spans else None
        until = time.monotonic() + _LAST_WORDS_S
        while True:
            entries = list(self.logs(failed=True, span=span))
            last = next((entry for entry in reversed(entries) if entry.failed), None)
            if last is not None:
                break
            if time.monotonic() > until:
                return None
            time.sleep(0.1)
        key = (last.run, last.attempt, last.agent)
        said = [
            entry.text
            for entry in entries
            if entry.stream == "stderr" and (entry.run, entry.attempt, entry.agent) == key
        ]
        return "".join(said) or None

    # ------------------------------------------------------------ futures

    def future(self) -> Future[Value | None]:
        """One that ends with this job, with its value or what `result` raises. Cancelling it does not end the job."""
        with self._lock:
            if self._future is not None:
                return self._future
            future: Future[Value | None] = concurrent.futures.Future()
            future.set_running_or_notify_cancel()
            self._future = future
        self._client._when_ended(self._question, lambda status: self._settle(future, status))
        return future

    def _settle(self, future: Future[Value | None], status: JobStatus | None) -> None:
        try:
            if status is not None:
                self._noted(status)
            future.set_result(self.result())
        except concurrent.futures.InvalidStateError:
            pass
        except BaseException as failure:
            future.set_exception(failure)

    def add_done_callback(self, callback: Callable[[Job], object]) -> None:
        """Calls it with this job once it has ended, in a thread of the client's; one that takes long delays others."""
        self.future().add_done_callback(lambda _: callback(self))

    # ------------------------------------------------------------ steering

    def cancel(self) -> JobStatus:
        """Ends it. Asking for what is so already is no error."""
        return self._steer("cancel")

    def pause(self) -> JobStatus:
        """Hands out nothing more of it, and lets go what runs after its present step."""
        return self._steer("pause")

    def resume(self) -> JobStatus:
        return self._steer("resume")

    def retry(self) -> JobStatus:
        """Tries again what has failed."""
        status = self._steer("retry")
        with self._lock:
            if self._future is not None and self._future.done():
                self._future = None
        return status

    def _steer(self, what: str) -> JobStatus:
        return self._noted(job_status(self._client._ask("steer", {"job": self.id, "what": what}, "job")))

    # ------------------------------------------------------------ what its programs said

    def logs(self, failed: bool = False, span: int | None = None, follow: bool = False) -> Iterator[LogEntry]:
        """What they wrote, but for values: only of runs that failed, only of runs over this integer.

        With `follow` it goes on until the job has ended. What a program writes is here within two seconds.
        """
        quiet_looks_left = _LOOKS_AFTER_END
        fields: Message = {"job": self.id, "after": 0, "failed": failed}
        if span is not None:
            fields["around"] = span
        while True:
            page = self._client._ask("ask_logs", fields, "logs")
            yield from (log_entry(sent) for sent in page["entries"])
            fields["after"] = page["next"]
            if page["more"]:
                continue
            if not follow or quiet_looks_left == 0:
                return
            # The last words may be on their way for a moment when the job has ended.
            if page["state"] in ENDED and not page["entries"]:
                quiet_looks_left -= 1
            time.sleep(_FOLLOWING_S)

    def output(self) -> Iterator[bytes]:
        """What a job with `collect` has printed so far, in the order of its range."""
        fields: Message = {"job": self.id, "begin": 0, "offset": 0}
        while True:
            page = self._client._ask("ask_output", fields, "output_page")
            yield from (entry["text"] for entry in page["entries"])
            if not page["more"]:
                return
            fields.update(begin=page["next_begin"], offset=page["next_offset"])


def as_completed(jobs: Iterable[Job], timeout: float | None = None) -> Iterator[Job]:
    """The jobs in the order in which they end; TimeoutError if some have not within `timeout` seconds."""
    by_future = {job.future(): job for job in jobs}
    try:
        for future in concurrent.futures.as_completed(by_future, timeout):
            yield by_future[future]
    except concurrent.futures.TimeoutError as late:
        raise TimeoutError(str(late)) from None


@overload
def get(jobs: Job, timeout: float | None = None) -> Value | None: ...
@overload
def get(jobs: Sequence[Job], timeout: float | None = None) -> list[Value | None]: ...
def get(
    jobs: Job | Sequence[Job], timeout: float | None = None
) -> Value | None | list[Value | None]:
    """`job.result()` of one job, or of each of a list; the name by which Ray's users look for it."""
    if isinstance(jobs, Job):
        return jobs.result(timeout)
    deadline = NEVER if timeout is None else time.monotonic() + timeout
    return [job.result(None if deadline == NEVER else max(deadline - time.monotonic(), 0)) for job in jobs]
