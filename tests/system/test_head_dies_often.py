"""Hundreds of heads die under load, at any moment of their lives: no acknowledged job is lost, no integer is counted
twice or never, and the agents go on.
"""

from __future__ import annotations

import random
import time
from enum import Enum

from cluster import QUICK_BEATS, Cluster
from measured import Measured, median_and_worst, scaled
from peer import HandAgent, Message, Peer, Speaker
from program import Program
from reference import MEDIUM_JOB, MEDIUM_TOTAL
from submissions import Submissions, samples
from waiting import LONG_S, pause

KILLS = 200
JOB_WIDTH_MAX = 10**6  # of the small jobs
LONGEST_START_S = 0.06  # about what a start takes: the kill comes before, while or just after it listens
LONGEST_LIFE_S = 0.2
LONGEST_GRANT_S = 0.003
RETRY_MS = 2


class Moment(Enum):
    STARTING = "while it starts"
    SERVING = "while it serves"
    GRANTING = "between a grant and its answer"
    ACKNOWLEDGING = "amid a batch of submits, at an answer"


MOMENTS = {Moment.STARTING: 30, Moment.SERVING: 40, Moment.GRANTING: 10, Moment.ACKNOWLEDGING: 20}  # of a hundred


class MortalHead:
    """The head, and how long it was away each time."""

    def __init__(self, cluster: Cluster) -> None:
        self.away_s: list[float] = []
        self._cluster = cluster
        self._killed_at = time.monotonic()

    def die_and_start_anew(self) -> None:
        self._cluster.head.kill()
        self._killed_at = time.monotonic()
        self._cluster.spawn_head(*QUICK_BEATS)

    def serves(self) -> None:
        """Returns with its first answer to somebody who asks how a job stands."""
        speaker = self._cluster.speaker(self._cluster.key("operator"), retry_ms=RETRY_MS)
        assert Peer(speaker).ask("ask_job", job=1)["job"] == 1
        self.away_s.append(time.monotonic() - self._killed_at)
        self._cluster.hang_up(speaker)


class Ghost:
    """An agent that asks for work and never hears the answer, because the head dies of the question."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._agent = HandAgent(self._new_speaker(), name="ghost", slots=2)

    def _new_speaker(self) -> Speaker:
        return self._cluster.speaker(self._cluster.key("agent"), retry_ms=RETRY_MS)

    def ask_for_work(self) -> None:
        self._agent.say_beat()

    def give_back(self) -> None:
        """It holds nothing, whatever the former head may have stored."""
        self._cluster.hang_up(self._agent.speaker)
        self._agent.speak_through(self._new_speaker())
        self._agent.held.clear()
        self._agent.beat(draining=True)


class Waiter:
    """`pq-submit --wait` by one who starts it again whenever it has printed a total."""

    def __init__(self, cluster: Cluster) -> None:
        self.totals = 0
        self.heads_outlived = 0
        self._cluster = cluster
        self._running = self._start()

    def _start(self) -> Program:
        return self._cluster.start("pq-submit", "--range", MEDIUM_JOB, "--wait")

    def look(self) -> None:
        if not self._running.is_running():
            self.finish()
            self._running = self._start()

    def finish(self) -> None:
        told = self._running.ends(within=LONG_S)
        assert (told.status, told.stdout) == (0, f"{MEDIUM_TOTAL}\n"), told
        self.heads_outlived += told.stderr.count(" is back")
        self.totals += 1


def test_heads_die_under_load_at_any_moment(cluster: Cluster, measured: Measured) -> None:
    luck = random.Random(3)
    choice = samples(luck, 40, JOB_WIDTH_MAX)
    cluster.start_head(*QUICK_BEATS)
    agents = [cluster.start_agent(name, slots=2) for name in ("left", "right")]
    assert cluster.submit("0:1e6") == 1
    head, ghost = MortalHead(cluster), Ghost(cluster)
    waiters = [Waiter(cluster) for _ in range(2)]
    kills = scaled(KILLS)
    with Submissions(cluster, choice) as submissions:
        for moment in luck.choices(list(MOMENTS), list(MOMENTS.values()), k=kills):
            live_until(moment, head, ghost, submissions, luck)
            head.die_and_start_anew()
            for waiter in waiters:
                waiter.look()
        head.serves()
        ghost.give_back()
        submissions.finish()
    for waiter in waiters:
        waiter.finish()
    assert sum(waiter.heads_outlived for waiter in waiters) > 0, "they have waited on, and said so"
    assert all(agent.is_running() for agent in agents), "the same processes went on all the time"

    operator = cluster.peer()
    totals = sum(waiter.totals for waiter in waiters)
    jobs = 1 + len(submissions.acknowledged) + totals
    assert (len(submissions.acknowledged), jobs) == (submissions.asked, count_jobs(operator))
    for job, wanted in submissions.acknowledged.items():
        report = operator.ask("wait", job=job, patience_ms=60_000)
        sample = wanted.sample
        assert (report["state"], report["spec"]["range"]) == ("done", [sample.begin, sample.end])
        assert report["value"] == sample.total
    reports = [verified(operator, job) for job in range(1, jobs + 1)]
    recomputed = sum(report["recomputed"] for report in reports)
    expired = sum(report["leases"]["expired"] for report in reports)
    granted = sum(report["leases"]["granted"] for report in reports)
    measured.note(
        f"{kills} heads killed; {jobs} jobs, {granted} leases granted, {totals} totals waited for;"
        f" {recomputed} integers recomputed, {expired} leases expired"
    )
    measured.note(f"from a kill to the next head's first answer: {median_and_worst(head.away_s)}")
    assert (recomputed, expired) == (0, 0), "the agents kept their leases"
    for job in (1, jobs):
        cluster.verify(job)


def live_until(
    moment: Moment, head: MortalHead, ghost: Ghost, submissions: Submissions, luck: random.Random
) -> None:
    if moment is Moment.STARTING:
        return pause(luck.uniform(0, LONGEST_START_S))
    head.serves()
    ghost.give_back()
    if moment is Moment.SERVING:
        return pause(luck.uniform(0, LONGEST_LIFE_S))
    if moment is Moment.ACKNOWLEDGING:
        return submissions.wait_for_answer()
    ghost.ask_for_work()
    pause(luck.uniform(0, LONGEST_GRANT_S))


def count_jobs(operator: Peer) -> int:
    listed = operator.ask("ask_jobs")
    return len(listed["jobs"]) + listed["left_out"]


def verified(operator: Peer, job: int) -> Message:
    findings = operator.ask("verify", job=job)["findings"]
    assert findings and all(finding["holds"] for finding in findings), (job, findings)
    return operator.ask("ask_job", job=job)
