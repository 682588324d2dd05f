"""Ten thousand idle connections and a thousand new ones a second with garbage, while the head serves: nothing that is
asked fails, and when they are gone, so is what they took.
"""

from __future__ import annotations

import re
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Callable

from cluster import QUICK_BEATS, Cluster
from crowd import Crowd
from measured import Measured, scaled, spread
from peer import HandAgent
from process_state import descriptors_of, resident_mb_of
from program import Outcome
from waiting import eventually, pause

IDLE = 10_000
IDLE_PER_PROCESS = 2500
GARBAGE_PER_S = 1000
WATCHED_S = 2.0
BETWEEN_QUESTIONS_S = 0.005
BETWEEN_LOOKS_S = 0.2
DESCRIPTORS_SPARE = 2000  # of the head's bound: for its own, and for those who may come
DESCRIPTORS_OF_NEWCOMERS = 5
FEW_DESCRIPTORS = 100
DESCRIPTORS_SPARED = 8  # a head with no more than these lets nobody new in
FLOOD = 900  # of messages, which a socket keeps while the head is busy
GROWTH_SHARE_MAX = 0.8  # of the second crowd, to the first one's: about 0.4; a leak for each connection gives 1
GROWTH_MB_LEAST = 10.0


class Asking:
    """One who asks the same thing all the time, in a thread of its own."""

    def __init__(self, ask: Callable[[], object], pause_s: float = BETWEEN_QUESTIONS_S) -> None:
        self.took_s: list[float] = []
        self._ask = ask
        self._pause_s = pause_s
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stop.wait(self._pause_s):
                began = time.monotonic()
                self._ask()
                self.took_s.append(time.monotonic() - began)
        except BaseException as failure:  # told by the test's own thread
            self._failure = failure

    def finish(self) -> list[float]:
        self._stop.set()
        self._thread.join()
        if self._failure:
            raise self._failure
        return self.took_s


@contextmanager
def watched(cluster: Cluster, measured: Measured, when: str) -> Iterator[None]:
    """An agent that beats, a client that asks, and clients that come anew, for as long as the block lasts."""
    agent = HandAgent(cluster.speaker(cluster.key("agent")), name="beats")
    client = cluster.peer()
    all_asking = {
        "beat": Asking(lambda: expect_answer(agent.beat(), "orders")),
        "status": Asking(lambda: expect_answer(client.ask("ask_jobs"), "jobs")),
        "pq-status": Asking(lambda: cluster.ask("pq-status")),
    }
    try:
        yield
    finally:
        took_s = {name: asking.finish() for name, asking in all_asking.items()}
    for name, each_s in took_s.items():
        measured.note(f"{when}: {name}: {spread(each_s)}")
    cluster.hang_up(agent.speaker)
    cluster.hang_up(client.speaker)


def expect_answer(answer: dict[str, object], kind: str) -> None:
    assert answer["t"] == kind, answer


def idle_crowds(cluster: Cluster) -> list[Crowd]:
    """As many as the head may hold: it has the same bound on descriptors as this process."""
    _, bound = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(scaled(IDLE), bound - DESCRIPTORS_SPARE)
    processes = -(-count // IDLE_PER_PROCESS)
    sources = (f"127.0.0.{10 + number}" for number in range(processes))
    return [Crowd("idle", cluster.endpoint, count // processes, source) for source in sources]


def crowds_come_and_are_dropped(cluster: Cluster, measured: Measured) -> None:
    descriptors: list[int] = []
    with ExitStack() as ends, Crowd("garbage", cluster.endpoint, GARBAGE_PER_S, "127.0.0.9") as noise:
        began = time.monotonic()
        looking = Asking(lambda: descriptors.append(descriptors_of(cluster.head.pid)), BETWEEN_LOOKS_S)
        crowds = [ends.enter_context(crowd) for crowd in idle_crowds(cluster)]
        opened = sum(crowd.says() for crowd in crowds)
        assert sum(crowd.says() for crowd in crowds) == opened, "the head has hung up on all of them"
        took_s = time.monotonic() - began
        looking.finish()
        loud = noise.stop()
        assert loud > 0
        measured.note(
            f"{opened} idle connections, {loud / took_s:.0f} with garbage a second:"
            f" up to {max(descriptors)} descriptors, all idle ones dropped after {took_s:.1f} s"
        )


def test_crowds_disturb_nobody(cluster: Cluster, measured: Measured) -> None:
    head = cluster.start_head(*QUICK_BEATS)
    cluster.submit("0:1e6")
    with watched(cluster, measured, "without them"):
        pause(WATCHED_S)
    descriptors, resident_mb = descriptors_of(head.pid), [resident_mb_of(head.pid)]
    with watched(cluster, measured, "amid them"):
        crowds_come_and_are_dropped(cluster, measured)
    resident_mb.append(resident_mb_of(head.pid))
    crowds_come_and_are_dropped(cluster, measured)
    back = descriptors + DESCRIPTORS_OF_NEWCOMERS
    eventually(lambda: descriptors_of(head.pid) <= back, "the crowds' descriptors are free")
    resident_mb.append(resident_mb_of(head.pid))
    measured.note(f"descriptors {descriptors} before and {descriptors_of(head.pid)} after")
    measured.note("resident before, and after each crowd: " + ", ".join(f"{mb:.1f} MB" for mb in resident_mb))
    before, once, twice = resident_mb
    assert twice - once < GROWTH_SHARE_MAX * max(once - before, GROWTH_MB_LEAST), "it grows with every crowd"
    assert cluster.ask("pq-status")["jobs"]


def test_crowd_that_takes_all_descriptors_locks_nobody_out(cluster: Cluster) -> None:
    """Whoever is connected is served; and who is let in is known again as soon as files can be opened."""
    head = cluster.start_head(*QUICK_BEATS)
    agent = cluster.start_agent("connected")
    client = cluster.peer()
    assert client.ask("ask_jobs")["t"] == "jobs"
    resource.prlimit(head.pid, resource.RLIMIT_NOFILE, (FEW_DESCRIPTORS, FEW_DESCRIPTORS))
    with Crowd("idle", cluster.endpoint, 2 * FEW_DESCRIPTORS, "127.0.0.9") as crowd:
        crowd.says()
        eventually(lambda: descriptors_of(head.pid) == FEW_DESCRIPTORS, "they have taken all")
        assert client.ask("ask_jobs")["t"] == "jobs"
        (cluster.state_dir / "authorized_keys").touch()
        eventually(lambda: "all keys are refused" in head.stderr(), "the list cannot be read")
        eventually(lambda: "descriptors are nearly used up" in head.stderr(), "the head warns of it")
    eventually(lambda: " info: the list of keys can be read again" in head.stderr(), "it can be read again")
    assert cluster.wait(cluster.submit("0:1e6"))["value"] == "78498"
    assert agent.is_running()
    eventually(lambda: "descriptors are enough again" in head.stderr(), "the head says that it is over")
    assert head.stderr().count("descriptors are nearly used up") == 1


def test_client_that_comes_when_descriptors_are_used_up_is_told_so(cluster: Cluster) -> None:
    head = cluster.start_head()

    _, hard = resource.prlimit(head.pid, resource.RLIMIT_NOFILE)

    def refusal() -> Outcome | None:
        """The head may be closing one while they are counted, and then has room: the next look counts without it."""
        few = descriptors_of(head.pid) + DESCRIPTORS_SPARED
        resource.prlimit(head.pid, resource.RLIMIT_NOFILE, (few, hard))
        outcome = cluster.run("pq-status", "--timeout", "3s")
        return outcome if outcome.status else None

    outcome = eventually(refusal, "who comes is refused")
    assert outcome.status == 4 and "hardly any descriptors left" in outcome.stderr, outcome
    assert "come_again" in cluster.run("pq-status", "--timeout", "3s", "--json").stdout


def test_flood_of_bad_messages_has_a_line_and_a_count_each_second(cluster: Cluster) -> None:
    head = cluster.start_head(*QUICK_BEATS)
    began = time.monotonic()
    peer = cluster.peer()
    for _ in range(FLOOD):
        peer.speaker.send(b"this is no message")
    count = re.compile(r"message refused: (\d+) more like it of key local-operator within")
    singles = re.compile(r"message refused: of key local-operator: ")
    told = lambda: len(singles.findall(head.stderr())) + sum(map(int, count.findall(head.stderr())))  # noqa: E731
    eventually(lambda: told() == FLOOD, "each of them is told of or counted")
    seconds = time.monotonic() - began
    assert len(singles.findall(head.stderr())) <= seconds + 2
    assert cluster.ask("pq-status")["jobs"] == []


def test_head_takes_as_many_connections_as_the_system_allows(cluster: Cluster) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_DESCRIPTORS, hard))
    try:
        head = cluster.start_head()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert resource.prlimit(head.pid, resource.RLIMIT_NOFILE) == (hard, hard)
