"""The head's memory stays bounded: whatever is over leaves no more behind than what is kept of it on purpose."""

from __future__ import annotations

from typing import Callable

import pytest

from cluster import Cluster
from measured import Measured, scaled
from peer import HandAgent, job_spec, new_request, pack, word_of
from process_state import resident_mb_of

BATCH = 500  # questions on their way at once
WAITS_AT_ONCE = 60  # a connection may wait for 64 jobs
SLOTS = 1000
WARM_UP = 0.1  # of a round: caches and pools fill once
MB = 1024 * 1024


def many_leases(cluster: Cluster, count: int) -> None:
    """Granted, committed and over."""
    agent = HandAgent(cluster.speaker(cluster.key("agent")), slots=SLOTS)
    operator = cluster.peer()
    job = operator.submit(0, 10**18)["job"]
    while operator.ask("ask_job", job=job)["leases"]["granted"] < count:
        finish_all(agent)
    operator.ask("steer", job=job, what="cancel")
    agent.say_goodbye()


def finish_all(agent: HandAgent) -> None:
    """What it holds; the answer brings more."""
    for lease in agent.held.values():
        lease.commit(lease.end, 1)
    agent.beat()


def many_jobs(cluster: Cluster, count: int) -> None:
    """Submitted, waited for, computed, ended. Of each one a report is kept."""
    agent = HandAgent(cluster.speaker(cluster.key("agent")), slots=SLOTS)
    operator = cluster.peer()
    for batch in batches(count, WAITS_AT_ONCE):
        for number in range(batch):
            operator.send("submit", id=new_request(), spec=job_spec(number, number + 1))
        for job in [operator.receive()["job"] for _ in range(batch)]:
            operator.send("wait", job=job, patience_ms=60_000)
        ended = 0
        while ended < batch:
            finish_all(agent)
            while (answer := operator.receive_or_none(0)) is not None:
                assert answer["state"] == "done", answer
                ended += 1
    agent.say_goodbye()


def many_clients(cluster: Cluster, count: int) -> None:
    """Each with a connection and a handshake of its own."""
    for _ in range(count):
        client = cluster.peer()
        assert client.ask("ask_job", job=10**9)["word"] == "no_such_job"
        cluster.hang_up(client.speaker)


def many_agents(cluster: Cluster, count: int) -> None:
    """Under names that come once. They are listed for an hour after their goodbye."""
    speaker = cluster.speaker(cluster.key("agent"))
    hello = {"version": "0", "slots": 1, "kernels": ["primes"], "labels": []}
    for batch in batches(count):
        for _ in range(batch):
            who = {"name": f"once-{new_request()[0]}", "incarnation": 1}
            speaker.send(pack("hello", {**who, **hello}))
            speaker.send(pack("goodbye", who))
        for _ in range(batch):
            assert speaker.receive() is not None


def one_agent_anew(cluster: Cluster, count: int) -> None:
    """A process after the other under the same name, each with a lease that the next one takes away."""
    cluster.peer().submit(0, 10**18)
    for _ in range(count):
        agent = HandAgent(cluster.speaker(cluster.key("agent")), name="anew")
        agent.beat()
        cluster.hang_up(agent.speaker)


def much_nonsense(cluster: Cluster, count: int) -> None:
    """Malformed messages of one who has a key."""
    peer = cluster.peer()
    nonsense = [b"", b"hello, head", bytes(1000), pack("submit", {"q": 1}), pack("shutdown", {})]
    for batch in batches(count):
        for number in range(batch):
            peer.speaker.send(nonsense[number % len(nonsense)])
        for _ in range(batch):
            assert word_of(peer.receive()) == "malformed"


def batches(count: int, size: int = BATCH) -> list[int]:
    return [size] * (count // size) + [count % size] * (count % size > 0)


# What a round is, how often it comes, and how many bytes of each may stay.
ROUNDS: dict[str, tuple[Callable[[Cluster, int], None], int, int]] = {
    # More than the rows of who computed what that a job keeps: their pages, some 3 MB, stay in SQLite's cache.
    "leases": (many_leases, 200_000, 20),
    "jobs": (many_jobs, 20_000, 2500),
    "clients": (many_clients, 2000, 1500),
    "agents": (many_agents, 10_000, 2500),
    "processes of one agent": (one_agent_anew, 500, 6000),
    "malformed messages": (much_nonsense, 50_000, 100),
}


@pytest.mark.parametrize("what", ROUNDS)
def test_memory_is_bounded(cluster: Cluster, measured: Measured, what: str) -> None:
    run, count, bytes_max = ROUNDS[what]
    count = scaled(count)
    head = cluster.start_head()
    run(cluster, max(int(count * WARM_UP), 1))
    before_mb = resident_mb_of(head.pid)
    run(cluster, count)
    after_mb = resident_mb_of(head.pid)
    kept = (after_mb - before_mb) * MB / count
    measured.note(f"{before_mb:.1f} MB before, {after_mb:.1f} MB after {count} {what}: {kept:.0f} bytes each")
    assert kept < bytes_max
