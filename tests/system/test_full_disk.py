"""A full disk stops acknowledgements and loses nothing: the head says so and ends."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import QUICK_BEATS, Cluster
from mount import small_ext4, tmpfs
from peer import HandAgent, job_spec, new_request, read
from program import Outcome
from reference import LONG_JOB, LONG_TOTAL, counted_one_by_one
from refusal import expect_refusal
from waiting import LONG_S

SPARE_BYTES = 256 * 1024  # what is left on the disk: some dozen commits
SPARE_BYTES_OF_EACH_ROUND = (SPARE_BYTES, 0, 1024 * 1024, 40 * 1024)


@pytest.fixture
def small_disk(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster whose state directory has 4 MiB."""
    cluster.state_dir.mkdir(mode=0o700)
    with tmpfs(cluster.state_dir, "size=4m,mode=700"):
        yield cluster
        cluster.close()


@pytest.fixture(params=["tmpfs", "ext4"])
def small_disk_of_a_kind(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[Cluster]:
    """The same with 8 MiB, so that the log is moved into the database now and then."""
    cluster.state_dir.mkdir(mode=0o700)
    kind = tmpfs(cluster.state_dir, "size=8m") if request.param == "tmpfs" else small_ext4(cluster.state_dir, 24)
    with kind:
        cluster.state_dir.chmod(0o700)
        yield cluster
        cluster.close()


def fill(disk: Path, spare_bytes: int) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC
        file.truncate(max(0, os.fstat(file.fileno()).st_size - spare_bytes))
    return ballast


def submit_until_the_head_ends(cluster: Cluster, first: int = 0) -> dict[int, int]:
    """The jobs that were acknowledged, with where their ranges begin, from `first` on."""
    operator = cluster.peer()
    acknowledged: dict[int, int] = {}
    head = cluster.head
    for begin in range(first, first + 100_000):
        operator.send("submit", id=new_request(), spec=job_spec(begin, begin + 7))
        answer = operator.speaker.receive(0.05)
        while answer is None and head.is_running():
            answer = operator.speaker.receive(0.05)
        if answer is None:
            return acknowledged
        acknowledged[read(answer)["job"]] = begin
    raise AssertionError("the disk has taken 100 000 jobs")


def without_log(outcome: Outcome) -> Outcome:
    lines = outcome.stderr.splitlines(keepends=True)
    return outcome._replace(stderr="".join(line for line in lines if " pqd info: " not in line))


def test_nothing_acknowledged_is_lost_on_a_full_disk(small_disk: Cluster) -> None:
    head = small_disk.start_head()
    agent = HandAgent(small_disk.speaker(small_disk.key("agent")))
    first = small_disk.peer().submit(0, 1000)["job"]
    (lease,) = agent.beat_until_it_holds(1)
    lease.commit(400, 78)
    agent.beat()
    ballast = fill(small_disk.state_dir, SPARE_BYTES)
    acknowledged = submit_until_the_head_ends(small_disk)
    ended = without_log(head.ends())
    expect_refusal(ended, "pqd", 75, "pq.db", "full", "nothing that was acknowledged is lost", "free space")

    ballast.unlink()
    small_disk.start_head()
    operator = small_disk.peer()
    assert len(acknowledged) > 0
    for job, begin in acknowledged.items():
        assert operator.ask("ask_job", job=job)["spec"]["range"] == [begin, begin + 7]
    report = operator.ask("ask_job", job=first)
    assert (report["done"], report["value"]) == (400, 78)
    agent.speak_through(small_disk.speaker(small_disk.key("agent")))
    agent.beat()
    assert list(agent.held) == [lease.id], "the lease lives on"


def test_head_does_not_start_on_a_full_disk(small_disk: Cluster) -> None:
    fill(small_disk.state_dir, 0)
    outcome = small_disk.run("pqd", "--listen", "tcp://127.0.0.1:*")
    expect_refusal(outcome, "pqd", 1, "pq.db", "check the disk, its free space")


def test_total_is_exact_though_the_disk_is_full_again_and_again(small_disk_of_a_kind: Cluster) -> None:
    """Two agents compute while the head ends on a full disk and comes back when there is space again."""
    cluster = small_disk_of_a_kind
    cluster.start_head(*QUICK_BEATS)
    agents = [cluster.start_agent(name) for name in ("left", "right")]
    job = cluster.submit(LONG_JOB)
    acknowledged: dict[int, int] = {}
    for spare_bytes in SPARE_BYTES_OF_EACH_ROUND:
        assert cluster.job(job)["state"] in ("queued", "running"), "it has ended too early: make it longer"
        ballast = fill(cluster.state_dir, spare_bytes)
        acknowledged |= submit_until_the_head_ends(cluster, first=len(acknowledged))
        ended = without_log(cluster.head.ends())
        expect_refusal(ended, "pqd", 75, "pq.db", "nothing that was acknowledged is lost", "free space")
        ballast.unlink()
        cluster.start_head(*QUICK_BEATS)
    report = cluster.wait(job, within=LONG_S)
    assert (report["state"], report["value"]) == ("done", str(LONG_TOTAL))
    cluster.verify(job)
    assert all(agent.is_running() for agent in agents)
    operator = cluster.peer()
    assert len(acknowledged) > 0
    for small, begin in acknowledged.items():
        told = operator.ask("ask_job", job=small)
        assert told["spec"]["range"] == [begin, begin + 7]
        assert (told["state"], told["value"]) == ("done", counted_one_by_one("primes", begin, begin + 7))
