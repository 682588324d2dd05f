"""A client that submits small jobs and never stops asking, whatever happens to the head.

It runs in a thread of its own and writes down what the head has acknowledged: all of that must be there in the end,
once each, with the right totals.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field

from cluster import Cluster
from peer import Message, Peer, job_spec, new_request
from reference import counted_by_primesieve
from waiting import PATIENCE_S

BATCH = 10
REPEAT_AFTER_S = 0.5
PAUSE_S = 0.1
RETRY_MS = 10


@dataclass(frozen=True)
class Sample:
    """A small job and what its total must be."""

    begin: int
    end: int
    total: int


def samples(luck: random.Random, count: int, width: int) -> list[Sample]:
    made = []
    for _ in range(count):
        begin = luck.randrange(10**12)
        end = begin + luck.randrange(1, width)
        made.append(Sample(begin, end, counted_by_primesieve("primes", begin, end)))
    return made


@dataclass(eq=False)
class Wanted:
    """A submit, asked as often as it takes. All answers to it must name the same job."""

    sample: Sample
    request: list[int] = field(default_factory=new_request)
    job: int | None = None


class Submissions:
    def __init__(self, cluster: Cluster, choice: list[Sample]) -> None:
        self.acknowledged: dict[int, Wanted] = {}  # by job
        self.asked = 0
        self._cluster = cluster
        self._choice = choice
        self._questions: dict[int, Wanted] = {}
        self._stop = threading.Event()
        self._answered = threading.Event()
        self._thread = threading.Thread(target=self._run, name="submissions")
        self._failure: BaseException | None = None

    def __enter__(self) -> Submissions:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def finish(self) -> None:
        """Returns as soon as all that was asked for is acknowledged. REQUIRES: a head that stays."""
        self._stop.set()
        self._thread.join()
        self._tell_failure()

    def _tell_failure(self) -> None:
        if self._failure:
            raise self._failure

    def wait_for_answer(self) -> None:
        """Returns at once when the next submit is acknowledged, while others are on their way."""
        self._answered.clear()
        assert self._failure or self._answered.wait(PATIENCE_S), f"nothing acknowledged within {PATIENCE_S:g} s"
        self._tell_failure()

    def _run(self) -> None:
        try:
            peer = Peer(self._cluster.speaker(self._cluster.key("operator"), retry_ms=RETRY_MS))
            luck = random.Random(11)
            while not self._stop.wait(PAUSE_S):
                self._submit(peer, [Wanted(luck.choice(self._choice)) for _ in range(BATCH)])
        except BaseException as failure:  # told by the test's own thread
            self._failure = failure
            self._answered.set()

    def _submit(self, peer: Peer, batch: list[Wanted]) -> None:
        self.asked += len(batch)
        deadline = time.monotonic() + PATIENCE_S
        while missing := [wanted for wanted in batch if wanted.job is None]:
            assert time.monotonic() < deadline, f"{len(missing)} submits are not answered"
            for wanted in missing:
                spec = job_spec(wanted.sample.begin, wanted.sample.end)
                self._questions[peer.send("submit", id=wanted.request, spec=spec)] = wanted
            while any(wanted.job is None for wanted in missing):
                answer = peer.receive_or_none(REPEAT_AFTER_S)
                if answer is None:
                    break
                self._answered.set()
                self._note(answer)

    def _note(self, answer: Message) -> None:
        assert answer["t"] == "submitted", answer
        job, wanted = answer["job"], self._questions[answer["q"]]
        assert wanted.job in (None, job), f"one request has made the jobs {wanted.job} and {job}"
        wanted.job = job
        assert self.acknowledged.setdefault(job, wanted) is wanted, f"job {job} is two requests"
