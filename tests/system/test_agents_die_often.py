"""Agents that are killed, stopped, drained and replaced at random, several at once, while jobs run."""

from __future__ import annotations

import heapq
import itertools
import random
import signal
import time
from collections.abc import Iterator

from cluster import Cluster, Json
from measured import SCALE, Measured, median_and_worst, scaled
from peer import HandAgent
from program import Program
from reference import MEDIUM_JOB, MEDIUM_TOTAL
from waiting import LONG_S, eventually, pause

TERM_S = 1.0
BEAT_S = 0.1
FLAGS = ("--beat", "100ms", "--lease-term", "1s")
DEATHS = 5
LONG_STEP = "1e18:+1e8"  # one lease and one step, of a second or more
NAMES = ("north", "east", "south", "west")
TROUBLE_S = 10.0
CALM_S = (0.1, 1.2)  # between two strokes of fate
AWAY_S = (0.0, 1.5 * TERM_S)  # of a machine that is started again
STOPPED_S = (0.05, 2 * TERM_S)
JOBS_AT_ONCE = 2


def test_lease_of_a_killed_agent_is_leased_again(cluster: Cluster, measured: Measured) -> None:
    cluster.start_head(*FLAGS)
    luck = random.Random(23)
    free_again_s = []
    for number in range(scaled(DEATHS)):
        victim = cluster.start_agent("victim")
        job = cluster.submit(LONG_STEP)
        eventually(lambda: cluster.agents()["victim"]["busy"] == 1, "it computes")
        pause(luck.uniform(0, BEAT_S))
        victim.kill()
        killed_at = time.monotonic()
        heir = HandAgent(cluster.speaker(cluster.key("agent")), name=f"heir-{number}")
        heir.beat_until_it_holds(1)
        free_again_s.append(time.monotonic() - killed_at)
        heir.say_goodbye()
        report = cluster.ask("pq-cancel", str(job))
        assert (report["leases"]["expired"], report["attempts_failed"]) == (1, 0), "a lost machine is no failure"
        assert cluster.agents()["victim"]["state"] == "gone"
    measured.note(
        f"from a kill until its lease is leased again, of a term of {TERM_S:g} s: {median_and_worst(free_again_s)}"
    )


class Unlucky:
    """One agent's name, and the process that goes by it now."""

    def __init__(self, cluster: Cluster, name: str, luck: random.Random) -> None:
        self.strokes = 0
        self._cluster = cluster
        self._name = name
        self._luck = luck
        self._process = self._start()

    def _start(self) -> Program:
        return self._cluster.spawn_agent(self._name)

    def life(self) -> Iterator[float]:
        """Without end; yields how many seconds the others may suffer meanwhile."""
        fates = (self._is_killed, self._is_stopped, self._is_drained, self._is_replaced)
        while True:
            yield self._luck.uniform(*CALM_S)
            self.strokes += 1
            yield from self._luck.choice(fates)()

    def _is_killed(self) -> Iterator[float]:
        self._process.kill()
        yield self._luck.uniform(*AWAY_S)
        self._process = self._start()

    def _is_stopped(self) -> Iterator[float]:
        self._process.send_signal(signal.SIGSTOP)
        yield self._luck.uniform(*STOPPED_S)
        self._process.send_signal(signal.SIGCONT)

    def _is_drained(self) -> Iterator[float]:
        self._process.send_signal(signal.SIGTERM)
        while self._process.is_running():
            yield 0.05
        ended = self._process.ends()
        assert ended.status == 0 and "drained; goodbye" in ended.stderr, ended
        self._process = self._start()

    def _is_replaced(self) -> Iterator[float]:
        """The newer process may be stopped, killed or replaced before the older one has noticed."""
        older, self._process = self._process, self._start()
        yield self._luck.uniform(*CALM_S)
        if older.is_running():
            older.kill()

    def recover(self) -> None:
        if self._process.is_running():
            self._process.send_signal(signal.SIGCONT)
        else:
            self._process = self._start()


def suffer(agents: list[Unlucky], seconds: float) -> Iterator[None]:
    """Each agent's life beside the others'; yields after each turn of events."""
    end = time.monotonic() + seconds
    numbers = itertools.count()
    due = [(time.monotonic(), next(numbers), agent.life()) for agent in agents]
    heapq.heapify(due)
    while time.monotonic() < end:
        at, _, life = heapq.heappop(due)
        pause(max(at - time.monotonic(), 0))
        heapq.heappush(due, (time.monotonic() + next(life), next(numbers), life))
        yield
    for agent in agents:
        agent.recover()


def test_totals_are_exact_whatever_happens_to_agents(cluster: Cluster, measured: Measured) -> None:
    luck = random.Random(17)
    cluster.start_head(*FLAGS)
    agents = [Unlucky(cluster, name, luck) for name in NAMES]
    jobs = [cluster.submit(MEDIUM_JOB) for _ in range(JOBS_AT_ONCE)]
    for _ in suffer(agents, TROUBLE_S * SCALE):
        if all(cluster.job(job)["state"] == "done" for job in jobs[-JOBS_AT_ONCE:]):
            jobs += [cluster.submit(MEDIUM_JOB) for _ in range(JOBS_AT_ONCE)]
    reports = [finished_exactly(cluster, job) for job in jobs]
    strokes = sum(agent.strokes for agent in agents)
    width = sum(int(report["width"]) for report in reports)
    recomputed = sum(int(report["recomputed"]) for report in reports)
    leases = {kind: sum(report["leases"][kind] for report in reports) for kind in reports[0]["leases"]}
    assert strokes > 0 and leases["expired"] > 0
    measured.note(
        f"{strokes} strokes of fate in {TROUBLE_S * SCALE:g} s, {len(jobs)} jobs: leases {leases},"
        f" {recomputed} integers of {width} recomputed as far as the head knows ({recomputed / width:.1%})"
    )


def finished_exactly(cluster: Cluster, job: int) -> Json:
    report = cluster.wait(job, within=LONG_S)
    assert (report["state"], report["value"]) == ("done", str(MEDIUM_TOTAL))
    assert report["attempts_failed"] == 0, "a lost agent is no failed attempt"
    cluster.verify(job)
    return report
