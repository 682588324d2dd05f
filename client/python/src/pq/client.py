"""A client of one head."""

from __future__ import annotations

import os
import queue
import threading
import warnings
import weakref
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Callable

from .connection import ANSWER_S, Connection, Question
from .credentials import sources
from .errors import HeadUnreachable, Refused
from .files import FileLike, JobFile
from .job import Job
from .places import WaitPlaces
from .ranges import RangeLike
from .status import AgentStatus, JobStatus, agent_status, job_status
from .submission import Command, Require, Submission, make_submission
from .wire import FILE_PART_BYTES_MAX, JOBS_NAMED_MAX, Message

_SUBMIT_TRIES = 3  # a file may be forgotten between its upload and the submission


class Client:
    """Submits jobs and asks about them. Any thread may use it; as a context manager it closes at the end.

    Without arguments it finds the head as the commands of pq do: by PQ_KEY (a join token, or a file with a key or a
    token), else in the state directory of a head on this machine (PQ_STATE_DIR). `head` takes the place of the
    address that is found there (PQ_HEAD). `timeout` is how many seconds a question may take; a wait for a job has
    its own. Nothing is asked before the first method is called.
    """

    def __init__(
        self,
        state_dir: str | os.PathLike[str] | None = None,
        head: str | None = None,
        key: str | os.PathLike[str] | None = None,
        timeout: float = 30,
    ) -> None:
        self._connection = Connection(sources(state_dir, head, key), timeout)
        self._at_head: set[str] = set()  # hashes of files that it has been given
        self._callbacks: _Callbacks | None = None
        self._callbacks_start = threading.Lock()
        self._places = WaitPlaces()
        self._finalizer = weakref.finalize(self, self._connection.close)

    def close(self) -> None:
        """Jobs go on. What this client still waits for ends with HeadUnreachable."""
        self._finalizer()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------ jobs

    def submit(
        self,
        range: RangeLike | None = None,
        *,
        command: Command | None = None,
        each: Iterable[str] | None = None,
        kernel: str = "primes",
        fold: str = "sum",
        name: str = "",
        priority: int = 0,
        step: int | None = None,
        files: Iterable[FileLike] = (),
        env: Mapping[str, str] | None = None,
        timeout: float | str | None = None,
        memory: int | str | None = None,
        attempts: int = 3,
        max_failures: int = 100,
        crash_limit: int | None = 3,
        cpus: int = 1,
        require: Require = None,
        collect: bool = False,
        stream: bool = False,
        express: bool = False,
        secrets: Mapping[str, str] | None = None,
    ) -> Job:
        """Submits one range, "1e7:6e7" or (begin, end) or range(begin, end), and returns without waiting for its end.

        With `command`, words or a text that is split as by a shell, a program is run over parts of it, `{lo}` and
        `{hi}` in its words replaced; otherwise `kernel` says what is counted. `each` takes the place of the range: a
        run for each item, `{item}` in the words. `files` are paths, or names with bytes, and lie in the program's
        working directory. `secrets` are files in the directory that PQ_SECRETS names; no report tells them. `timeout`
        (seconds or "5m") and `memory` (bytes or "2G") limit one run. With `express` runs take 10 s at most and need
        not wait for slots. README.md of pq says what a program must answer.
        """
        submission = make_submission(
            range,
            command=command,
            each=each,
            kernel=kernel,
            fold=fold,
            name=name,
            priority=priority,
            step=step,
            files=list(files),
            env=env,
            timeout=timeout,
            memory=memory,
            attempts=attempts,
            max_failures=max_failures,
            crash_limit=crash_limit,
            cpus=cpus,
            require=require,
            collect=collect,
            stream=stream,
            express=express,
            secrets=secrets,
        )
        return self._submit(submission)

    def map(self, command: Command, items: Iterable[str], **options: Any) -> Job:
        """Runs the command once for each item, which is `{item}` in its words; `options` are those of `submit`."""
        return self.submit(command=command, each=items, **options)

    def job(self, id: int) -> Job:
        """One that was submitted before, by whomever; Refused with `no_such_job` if there is none."""
        self._job_status(id)
        return Job(self, id)

    def jobs(self) -> list[JobStatus]:
        """By id: every job that has not ended, and the newest of the others, so many that a thousand are listed.

        A head of 0.1.0 lists the newest thousand in whatever state; where that leaves some out, a warning says so.
        """
        listed = self._ask("ask_jobs", {}, "jobs")
        reports = {report["job"]: report for report in listed["jobs"]}
        live_left_out = listed.get("live_left_out")
        if live_left_out is None and listed["left_out"]:
            warnings.warn(
                f"this head lists only its newest {len(reports)} jobs, and leaves out {listed['left_out']} older ones, "
                "also if they have not ended; install the same pq there",
                stacklevel=2,
            )
        if live_left_out:
            missing = [job for job in self._live_jobs() if job not in reports]
            for at in range(0, len(missing), JOBS_NAMED_MAX):
                answer = self._ask("ask_each", {"jobs": missing[at : at + JOBS_NAMED_MAX]}, "each_job")
                reports.update((report["job"], {**report, "failed_spans": []}) for report in answer["reports"])
        return [job_status(reports[job]) for job in sorted(reports)]

    def _live_jobs(self) -> Iterator[int]:
        question: Message = {"which": "live", "first": 0, "last": 2**64 - 1}
        while True:
            page = self._ask("ask_job_ids", question, "job_ids")
            yield from page["ids"]
            if not page["more"]:
                return
            question["first"] = page["ids"][-1] + 1

    def agents(self) -> list[AgentStatus]:
        """By name; those that are gone last."""
        return [agent_status(report) for report in self._ask("ask_agents", {}, "agents")["agents"]]

    # ------------------------------------------------------------ for Job

    def _submit(self, submission: Submission) -> Job:
        return Job(self, self._send(submission), submission)

    def _ask(self, kind: str, fields: Message, expected: str) -> Message:
        return self._connection.ask(kind, fields, expected)

    def _job_status(self, job: int) -> JobStatus:
        return job_status(self._ask("ask_job", {"job": job}, "job"))

    def _wait(self, question: Message, patience: float, give_up: float) -> JobStatus:
        """As the job is when it has ended, or after `patience`."""
        with self._places.taken():
            patience = self._places.patience(patience)
            fields = {**question, "patience_ms": int(patience * 1000) + 1}
            late = patience + ANSWER_S
            return job_status(self._connection.ask("wait", fields, "job", patience=give_up, late_after_s=late))

    def _when_ended(self, question: Callable[[], Message], then: Callable[[JobStatus | None], None]) -> None:
        """Calls `then` once the job has ended, or with None where that cannot be learnt; in a thread of callbacks."""
        with self._callbacks_start:
            if self._callbacks is None or self._callbacks.pid != os.getpid():
                self._callbacks = _Callbacks()
        _Watch(self._connection, self._callbacks, self._places, question, then).ask()

    def _send(self, submission: Submission) -> int:
        """The job's number; the same for the same submission."""
        for tries_left in reversed(range(_SUBMIT_TRIES)):
            for file in submission.files:
                self._put(file)
            try:
                answer = self._ask("submit", {"id": submission.id, "spec": submission.spec}, "submitted")
            except Refused as refusal:
                if refusal.word != "no_such_file" or not tries_left:
                    raise
                self._at_head.difference_update(file.hash for file in submission.files)
                continue
            return int(answer["job"])
        raise AssertionError("the last try returns or raises")

    def _put(self, file: JobFile) -> None:
        if file.hash in self._at_head:
            return
        about = {"hash": file.hash, "size": file.bytes}
        upto, stalled = self._stored({**about, "offset": 0, "part": b""}), 0
        with file.open() as content:
            while upto < file.bytes:
                content.seek(upto)
                stored = self._stored({**about, "offset": upto, "part": content.read(FILE_PART_BYTES_MAX)})
                # A head that was restarted amid a file begins it anew.
                stalled = stalled + 1 if stored <= upto else 0
                if stalled > 10:
                    raise HeadUnreachable(f"the head takes no more than {stored} bytes of {file.name}")
                upto = stored
        self._at_head.add(file.hash)

    def _stored(self, fields: Message) -> int:
        return int(self._ask("put_file", fields, "file_stored")["upto"])


class _Callbacks:
    """One thread in which what waits for jobs is called: it may ask the head, which the connection's must not."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="pq-callbacks", daemon=True).start()

    def put(self, call: Callable[[], None]) -> None:
        self._calls.put(call)

    def _run(self) -> None:
        while True:
            self._calls.get()()


class _Watch:
    """Asks for a job's end again and again, without a thread that waits."""

    PATIENCE_S = 60.0  # also how late a connection that leads nowhere is found out

    def __init__(
        self,
        connection: Connection,
        callbacks: _Callbacks,
        places: WaitPlaces,
        question: Callable[[], Message],
        then: Callable[[JobStatus | None], None],
    ) -> None:
        self._connection = connection
        self._callbacks = callbacks
        self._places = places
        self._question = question
        self._then = then

    def ask(self) -> None:
        self._places.take(self._ask)

    def _ask(self) -> None:
        patience = self._places.patience(self.PATIENCE_S)
        fields = {**self._question(), "patience_ms": int(patience * 1000)}
        try:
            question = self._connection.put(
                "wait", fields, patience + ANSWER_S, then=lambda: self._callbacks.put(lambda: self._look(question))
            )
        except Exception:
            self._callbacks.put(self._give_up)

    def _give_up(self) -> None:
        self._places.give_back()
        self._then(None)

    def _look(self, question: Question) -> None:
        self._places.give_back()
        try:
            status = job_status(question.answer())
            if not status.has_ended:
                self.ask()
                return
        except Exception:
            # The Job asks once more, and tells whoever wants its result what is wrong.
            self._then(None)
            return
        self._then(status)


# ---------------------------------------------------------------- the usual client

_usual: Client | None = None
_usual_lock = threading.Lock()


def init(
    state_dir: str | os.PathLike[str] | None = None,
    head: str | None = None,
    key: str | os.PathLike[str] | None = None,
    timeout: float = 30,
) -> Client:
    """Makes the client that functions use which are given none. Without it they use `Client()`."""
    global _usual
    client = Client(state_dir, head, key, timeout)
    with _usual_lock:
        _usual = client
    return client


def usual_client() -> Client:
    global _usual
    with _usual_lock:
        if _usual is None:
            _usual = Client()
        return _usual
