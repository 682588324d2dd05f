"""What need not wait for slots: small counts beside long steps, and programs that ask for it."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from cluster import QUICK_BEATS, Cluster
from measured import Measured, in_milliseconds
from reference import counted_by_primesieve
from test_programs import processes_with
from waiting import eventually

LONG_STEPS = "1e18:+1e17"  # a step takes a minute there, and its sieve cannot be interrupted
SMALL, SMALL_BEGIN, SMALL_END = "1e7:1.1e7", 10_000_000, 11_000_000
SLOTS = 2
WITHOUT_EXPRESS_S = 20.0  # what a small job waited at least for a step's end
GENEROUS_S = 10.0


def with_busy_slots(cluster: Cluster, *flags: str) -> int:
    """An agent all of whose slots are amid long steps of the job that is returned."""
    cluster.start_head(*QUICK_BEATS)
    cluster.start_agent("busy", *flags, slots=SLOTS)
    job = cluster.submit(LONG_STEPS)
    eventually(lambda: cluster.agents()["busy"]["busy"] == SLOTS, "all slots are busy")
    return job


def test_small_counts_do_not_wait_for_long_steps(cluster: Cluster, measured: Measured) -> None:
    long_job = with_busy_slots(cluster)
    expected = str(counted_by_primesieve("primes", SMALL_BEGIN, SMALL_END))
    delays = []
    for _ in range(20):
        began = time.monotonic()
        outcome = cluster.run("pq-submit", "--range", SMALL, "--wait")
        delays.append(time.monotonic() - began)
        assert (outcome.status, outcome.stdout.strip()) == (0, expected), outcome
    assert int(cluster.job(long_job)["done"]) == 0, "the slots have been amid their first steps all the time"
    assert cluster.agents()["busy"]["busy"] == SLOTS, "what is computed beside slots is none"
    measured.note(
        f"a count of 5 ms beside 10^18, pq-submit --wait: p50 {in_milliseconds(statistics.median(delays))}, "
        f"worst {in_milliseconds(max(delays))} of {len(delays)}"
    )
    assert max(delays) < GENEROUS_S < WITHOUT_EXPRESS_S


def test_many_at_once_are_all_exact(cluster: Cluster) -> None:
    with_busy_slots(cluster)
    expected = str(counted_by_primesieve("primes", SMALL_BEGIN, SMALL_END))
    jobs = [cluster.submit(SMALL) for _ in range(30)]
    for job in jobs:
        report = cluster.wait(job)
        assert (report["state"], report["value"]) == ("done", expected)
        cluster.verify(job)


def test_a_program_that_asks_for_it_runs_beside_the_slots(cluster: Cluster, measured: Measured) -> None:
    with_busy_slots(cluster, "--allow-exec")
    script = "echo place $PQ_SLOT nice $(nice) >&2; echo $PQ_LO"
    began = time.monotonic()
    outcome = cluster.run(
        "pq-submit", "--range", "7:8", "--express", "--wait", "--json", "--", "sh", "-c", script
    )
    took = time.monotonic() - began
    assert outcome.status == 0, outcome
    assert '"value":"7"' in outcome.stdout and '"express":true' in outcome.stdout
    logs = cluster.run("pq-logs", "2")
    assert f"place {SLOTS} nice 5" in logs.stdout, "it has a place after the slots, and yields"
    measured.note(f"a program with --express beside 10^18: {in_milliseconds(took)}")
    assert took < GENEROUS_S


def test_a_run_on_an_express_place_is_told_of_and_behind_the_same_walls(
    cluster: Cluster, directory: Path
) -> None:
    with_busy_slots(cluster, "--allow-exec")
    mark = "86411.25"  # a time that nobody else sleeps for
    job = cluster.submit("0:1", "--express", "--", "sh", "-c", f"sleep {mark} & wait")
    eventually(lambda: processes_with(mark), "it runs")
    agent = cluster.agents()["busy"]
    assert agent["express"] and agent["busy"] == SLOTS
    assert [lease["job"] for lease in agent["leases"] if lease["express"]] == [job]
    assert (cluster.job(job)["slots_busy"], cluster.job(job)["express"]) == (0, 1)
    explained = cluster.run("pq-status", str(job), "--explain")
    assert "It is running on an express place" in explained.stdout
    assert cluster.run("pq-cancel", str(job)).status == 0
    eventually(lambda: not processes_with(mark), "it is ended with its lease")
    cluster.submit("0:1", "--express", "--", "sh", "-c", f"sleep {mark} & wait")
    eventually(lambda: processes_with(mark), "another one runs")
    cluster.programs[1].kill()
    eventually(lambda: not processes_with(mark), "it is ended with its agent")


def test_a_run_on_an_express_place_ends_in_time(cluster: Cluster) -> None:
    with_busy_slots(cluster, "--allow-exec")
    job = cluster.submit(
        "0:1", "--express", "--timeout", "500ms", "--attempts", "1", "--", "sh", "-c", "sleep 60"
    )
    report = cluster.wait(job)
    assert report["state"] == "failed" and "timed out after 500ms" in report["error"]


def test_without_allow_exec_it_waits_and_says_why(cluster: Cluster) -> None:
    with_busy_slots(cluster)
    job = cluster.submit("0:1", "--express", "--", "true")
    assert "--allow-exec" in cluster.job(job)["unplaced"]
    long_one = cluster.run("pq-submit", "--range", "0:1", "--express", "--timeout", "1m", "--", "true")
    assert long_one.status == 2 and "--express ends a run after 10s" in long_one.stderr
