"""The number at the end is certainly right: totals against primesieve and against counting one by one."""

from __future__ import annotations

import json
import sqlite3

import pytest

from cluster import QUICK_BEATS, Cluster
from peer import job_spec, new_request
from reference import KERNELS, counted_by_primesieve, counted_one_by_one, twin_primes_after

TOP = 2**64
LARGEST_PRIME = TOP - 59

NARROW = [
    ("0:1", 0, 1),
    ("0:3", 0, 3),
    ("1:2", 1, 2),
    ("2:3", 2, 3),
    ("3:4", 3, 4),
    ("4:5", 4, 5),
    ("0:100", 0, 100),
    ("1e9+7:+1", 10**9 + 7, 10**9 + 8),
    ("1e9+8:+1", 10**9 + 8, 10**9 + 9),
    ("2^32-100:2^32+100", 2**32 - 100, 2**32 + 100),
    ("2^32-1:2^32+1", 2**32 - 1, 2**32 + 1),
    ("2^63-25:2^63-24", 2**63 - 25, 2**63 - 24),
    ("18446744073709551557:18446744073709551558", LARGEST_PRIME, LARGEST_PRIME + 1),
    ("2^64-60:2^64-57", TOP - 60, TOP - 57),
    ("2^64-2:2^64-1", TOP - 2, TOP - 1),
]

WRITTEN = [
    ("1e7:6e7", 10**7, 6 * 10**7),
    ("10_000_000:60_000_000", 10**7, 6 * 10**7),
    ("0:2^24", 0, 2**24),
    ("1e12:+3e10", 10**12, 10**12 + 3 * 10**10),
    ("1.5e3:+0.5e3", 1500, 2000),
    ("1e3+7:2e3-1", 1007, 1999),
    ("2^64-2^10:2^64-1", TOP - 1024, TOP - 1),
]


@pytest.fixture(scope="module")
def fleet(shared_cluster: Cluster) -> Cluster:
    """More slots than cores, so that every job is cut at many places."""
    shared_cluster.start_head()
    for name in ("north", "east", "west"):
        shared_cluster.start_agent(name, slots=2)
    return shared_cluster


def total(cluster: Cluster, range_text: str, kernel: str = "primes") -> int:
    outcome = cluster.run("pq-submit", "--range", range_text, "--kernel", kernel, "--wait")
    assert outcome.status == 0, outcome
    return int(outcome.stdout)


@pytest.mark.parametrize("text, begin, end", NARROW, ids=[case[0] for case in NARROW])
def test_narrow_range_at_an_awkward_place(fleet: Cluster, text: str, begin: int, end: int) -> None:
    assert total(fleet, text) == counted_one_by_one("primes", begin, end)


@pytest.mark.parametrize("kernel", KERNELS)
def test_small_numbers_of_every_kernel(fleet: Cluster, kernel: str) -> None:
    for begin, end in ((0, 8), (5, 6), (0, 30), (3, 200), (11, 12), (0, 20_000)):
        assert total(fleet, f"{begin}:{end}", kernel) == counted_one_by_one(kernel, begin, end)


@pytest.mark.parametrize("kernel", KERNELS)
def test_wide_range_that_ends_inside_a_twin_pair(fleet: Cluster, kernel: str) -> None:
    (twin,) = twin_primes_after(10**9, 1)
    assert total(fleet, f"0:{twin + 1}", kernel) == counted_by_primesieve(kernel, 0, twin + 1)
    begin, end = twin + 1, twin + 1 + 10**9
    assert total(fleet, f"{begin}:{end}", kernel) == counted_by_primesieve(kernel, begin, end)


@pytest.mark.parametrize("kernel", KERNELS)
def test_jobs_that_meet_inside_tuplets_add_up_to_the_whole(fleet: Cluster, kernel: str) -> None:
    """Of each three cuts one lies before a pair, one inside it, and one before its second member."""
    begin, end = 0, 40_000
    cuts = [begin, *(p + i % 3 for i, p in enumerate(twin_primes_after(5, 60))), end]
    operator = fleet.peer()
    jobs = [operator.submit(a, b, kernel)["job"] for a, b in zip(cuts, cuts[1:])]
    values = [operator.ask("wait", job=job, patience_ms=60_000)["value"] for job in jobs]
    assert sum(values) == counted_one_by_one(kernel, begin, end)


def test_three_hundred_small_jobs_at_once(fleet: Cluster) -> None:
    operator = fleet.peer()
    begins = [1_000_000 + i * 997 for i in range(300)]
    for begin in begins:
        operator.send("submit", id=new_request(), spec=job_spec(begin, begin + 997))
    jobs = [operator.receive()["job"] for _ in begins]
    values = [operator.ask("wait", job=job, patience_ms=60_000)["value"] for job in jobs]
    assert values == [counted_one_by_one("primes", begin, begin + 997) for begin in begins]


def test_place_where_every_call_of_the_sieve_is_slow(fleet: Cluster) -> None:
    assert total(fleet, "1e18:+1e8") == counted_by_primesieve("primes", 10**18, 10**18 + 10**8)


def test_very_wide_job_is_a_few_rows_and_can_be_cancelled(cluster: Cluster) -> None:
    head = cluster.start_head(*QUICK_BEATS)
    cluster.start_agent("only", slots=2)
    job = cluster.submit("0:1e18")
    cluster.progress(job)
    cancelled = cluster.ask("pq-cancel", str(job))
    assert cancelled["state"] == "cancelled" and not cancelled["value_is_final"]
    cluster.verify(job)
    assert head.terminate().status == 0
    assert 1 <= len(stored_spans(cluster, job)) <= 8


def stored_spans(cluster: Cluster, job: int) -> list[tuple[object, ...]]:
    """REQUIRES: no head runs, for it lets nobody else open its database."""
    with sqlite3.connect(cluster.state_dir / "pq.db") as database:
        return database.execute("SELECT * FROM spans WHERE job = ?", (job,)).fetchall()


@pytest.mark.parametrize("text, begin, end", WRITTEN, ids=[case[0] for case in WRITTEN])
def test_number_is_read_as_it_was_meant(cluster: Cluster, text: str, begin: int, end: int) -> None:
    outcome = cluster.run("pq-submit", "--range", text, "--dry-run", "--json")
    assert outcome.status == 0, outcome
    read = json.loads(outcome.stdout)
    assert (read["begin"], read["end"], read["width"]) == (str(begin), str(end), str(end - begin))
