"""A head that is short of space takes in nothing that fills its disk, and can be steered.

Where it keeps nothing free, a full disk stops acknowledgements and loses nothing: it says so and ends.
"""

from __future__ import annotations

import errno
import json
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
from waiting import LONG_S, eventually

NOTHING_KEPT_FREE = ("--reserve", "0")
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


@pytest.fixture
def disk_of_64_mib(cluster: Cluster) -> Iterator[Cluster]:
    """So that some 3 MiB of it are kept free."""
    cluster.state_dir.mkdir(mode=0o700)
    with tmpfs(cluster.state_dir, "size=64m,mode=700"):
        yield cluster
        cluster.close()


def fill(disk: Path, spare_bytes: int) -> Path:
    """A file of somebody else's."""
    others = disk / "others"
    with others.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC
        file.truncate(max(0, os.fstat(file.fileno()).st_size - spare_bytes))
    return others


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
    head = small_disk.start_head(*NOTHING_KEPT_FREE)
    agent = HandAgent(small_disk.speaker(small_disk.key("agent")))
    first = small_disk.peer().submit(0, 1000)["job"]
    (lease,) = agent.beat_until_it_holds(1)
    lease.commit(400, 78)
    agent.beat()
    others = fill(small_disk.state_dir, SPARE_BYTES)
    acknowledged = submit_until_the_head_ends(small_disk)
    ended = without_log(head.ends())
    expect_refusal(ended, "pqd", 75, "pq.db", "full", "nothing that was acknowledged is lost", "free space")

    others.unlink()
    small_disk.start_head(*NOTHING_KEPT_FREE)
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
    cluster.start_head(*QUICK_BEATS, *NOTHING_KEPT_FREE)
    agents = [cluster.start_agent(name) for name in ("left", "right")]
    job = cluster.submit(LONG_JOB)
    acknowledged: dict[int, int] = {}
    for spare_bytes in SPARE_BYTES_OF_EACH_ROUND:
        assert cluster.job(job)["state"] in ("queued", "running"), "it has ended too early: make it longer"
        others = fill(cluster.state_dir, spare_bytes)
        acknowledged |= submit_until_the_head_ends(cluster, first=len(acknowledged))
        ended = without_log(cluster.head.ends())
        expect_refusal(ended, "pqd", 75, "pq.db", "nothing that was acknowledged is lost", "free space")
        others.unlink()
        cluster.start_head(*QUICK_BEATS, *NOTHING_KEPT_FREE)
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


def refuses_for_want_of_space(cluster: Cluster, *submission: str) -> None:
    refused = cluster.run("pq-submit", *submission)
    assert refused.status == 1, refused
    assert "pq-submit: the disk of the head is short of space" in refused.stderr, refused
    assert "of 64 MiB free" in refused.stderr and "pq-forget" in refused.stderr, refused


def test_short_of_space_nothing_fills_the_disk_and_jobs_are_steered(disk_of_64_mib: Cluster) -> None:
    cluster = disk_of_64_mib
    head = cluster.start_head(*QUICK_BEATS)
    cluster.start_agent("w1", "--allow-exec", slots=2)
    runs = 40
    prints = ("sh", "-c", "sleep 0.2; head -c 65536 /dev/zero | tr '\\0' x")
    older = cluster.submit("0:32", "--collect", "--fold", "none", "--step", "1", "--", *prints[:2], prints[2][11:])
    assert cluster.wait(older)["state"] == "done"
    job = cluster.submit(f"0:{runs}", "--collect", "--fold", "none", "--step", "1", "--", *prints)
    other = cluster.submit("0:1e6", "--require", "zone=nowhere")
    eventually(lambda: int(cluster.job(job)["done"]) >= 2, "some of it is collected")
    others = fill(cluster.state_dir, 1024 * 1024)
    eventually(lambda: cluster.run("pq-submit", "--range", "0:10").status == 1, "submissions are refused")
    for command in (("--range", "0:10"), ("--range", "0:10", "--file", __file__, "--", "true")):
        refuses_for_want_of_space(cluster, *command)
    reasons = cluster.ask("pq-status", str(job), "--explain")["reasons"]
    assert reasons[0]["word"] == "short_of_space", reasons
    done = int(cluster.job(job)["done"])
    for program, state in (("pq-pause", "paused"), ("pq-resume", "queued"), ("pq-cancel", "cancelled")):
        assert cluster.run(program, str(other)).status == 0
        assert cluster.job(other)["state"] == state
    assert cluster.run("pq-forget", str(older)).status == 0, "what it used is free for what comes"
    assert head.is_running()
    others.unlink()
    assert cluster.wait(job, within=LONG_S)["state"] == "done"
    assert done < runs, "it went on though there was no space"
    assert cluster.run("pq-output", str(job)).stdout == "x" * 65536 * runs
    cluster.verify(job)
    assert cluster.submit("0:10") > other
    words = [event["what"] for event in map(json.loads, cluster.run("pq-events", "--json").stdout.splitlines())]
    assert words.index("space_short") < words.index("space_enough")


def test_a_head_starts_on_a_disk_that_others_have_filled_and_jobs_can_be_cancelled(disk_of_64_mib: Cluster) -> None:
    cluster = disk_of_64_mib
    cluster.start_head(*QUICK_BEATS)
    job = cluster.submit("0:1e6", "--require", "zone=nowhere")
    ballast = cluster.state_dir / "ballast"
    eventually(ballast.exists, "the head keeps some space for itself")
    cluster.head.kill()
    others = fill(cluster.state_dir, 0)
    cluster.start_head(*QUICK_BEATS)
    assert not ballast.exists()
    assert cluster.run("pq-cancel", str(job)).status == 0
    refuses_for_want_of_space(cluster, "--range", "0:10")
    assert cluster.run("pq-forget", str(job)).status == 0
    assert cluster.head.is_running()
    others.unlink()
    eventually(ballast.exists, "there is room for it again")
    assert cluster.submit("0:10") == job + 1
