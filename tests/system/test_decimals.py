"""Decimal totals, with real processes: exact, rounded once, and the same bit by bit whatever the fleet."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator

import pytest

from cluster import SHORT_TERM, Cluster
from measured import Measured, scaled
from peer import HandAgent, Lease, Message, job_spec, new_request

# Answers each line `lo hi` with an expression of `lo`, as the tests here compute it too.
ANSWER = """
import math, sys
for line in sys.stdin:
    lo = int(line.split()[0])
    print({}, flush=True)
"""
CANCELLING = "[1e16, 1.0, -1e16, 1.0][lo % 4]"
OF_ALL_SIZES = "math.ldexp((lo * 2654435761 % 1000003 - 500000) / 7, lo * 37 % 90 - 45) * (-1) ** (lo // 2)"


def program(expression: str) -> tuple[str, ...]:
    return ("--step", "1", "--stream", "--", sys.executable, "-c", ANSWER.format(expression))


def values(expression: str, count: int) -> list[float]:
    code = compile(expression, "values", "eval")
    return [eval(code, {"math": math, "lo": lo}) for lo in range(count)]


def total(cluster: Cluster, count: int, *words: str, within: float = 120) -> str:
    outcome = cluster.run("pq-submit", "--wait", "--range", f"0:{count}", *words, within=within)
    assert outcome.status == 0, outcome
    return outcome.stdout.strip()


@pytest.fixture(scope="module")
def fleet(shared_cluster: Cluster) -> Iterator[Cluster]:
    shared_cluster.start_head("--beat", "200ms")
    for name in ("one", "two", "three"):
        shared_cluster.start_agent(name, "--allow-exec", slots=2)
    yield shared_cluster


def test_decimals_that_cancel_leave_what_is_between_them(fleet: Cluster) -> None:
    assert total(fleet, 1001, *program("1e16 if lo == 0 else -1e16 if lo == 1000 else 1.0")) == "999.0"
    assert total(fleet, 40_000, *program(CANCELLING)) == "20000.0"


@pytest.mark.parametrize("expression, count", [("1 / (lo + 1)", 2999), (OF_ALL_SIZES, 5000), ("5e-324 * lo", 100)])
def test_a_total_is_rounded_once_as_by_fsum(fleet: Cluster, expression: str, count: int) -> None:
    assert float(total(fleet, count, *program(expression))) == math.fsum(values(expression, count))


def test_one_decimal_among_integers_makes_nothing_inexact(fleet: Cluster) -> None:
    shown = total(fleet, 100, *program("2**53 + 1 if lo % 2 else 0.0"))
    assert float(shown) == float(50 * (2**53 + 1)), shown
    assert total(fleet, 3, *program("[2**53 + 1, 0.5, -2**53][lo]")) == "1.5"
    assert total(fleet, 3, *program("[2**127 - 1, 1, -1][lo]")) == str(2**127 - 1)


@pytest.mark.parametrize("fold, expression, value", [
    ("max", "[2**53, 2**53 + 1, 1.0][lo]", str(2**53 + 1)),
    ("min", "[-2**53, 1.0, -2**53 - 1][lo]", str(-(2**53) - 1)),
    ("max", "[0.1, 0.3, 0][lo]", "0.3"),
    ("max", "[3, 3.0, 3.0][lo]", "3"),
    ("min", "[3.0, 3.0, 3][lo]", "3"),
])  # fmt: skip
def test_min_and_max_compare_exactly(fleet: Cluster, fold: str, expression: str, value: str) -> None:
    assert total(fleet, 3, "--fold", fold, *program(expression)) == value


def test_a_total_may_pass_the_largest_decimal_number_but_not_end_beyond_it(fleet: Cluster) -> None:
    assert total(fleet, 3, *program("[1.5e308, 1.5e308, -1.5e308][lo]")) == "1.5e+308"
    job = fleet.submit("0:2", *program("1.5e308"))
    report = fleet.wait(job)
    assert (report["state"], report["value"], report["failed"]) == ("failed", None, "0")
    assert report["error"] == (
        "the total does not fit: it is beyond the largest decimal number, 1.7976931348623157e+308"
    )
    fleet.verify(job)


def test_twenty_runs_on_changing_agents_have_one_total(cluster: Cluster, measured: Measured) -> None:
    """Agents come, go and are killed; nothing of that is in the total, not even in its last bit."""
    cluster.start_head(*SHORT_TERM)
    cluster.start_agent("stays", "--allow-exec", slots=1)
    exact = math.fsum(values(OF_ALL_SIZES, 2000))
    totals = []
    for run in range(scaled(20)):
        other = cluster.start_agent(f"agent-{run}", "--allow-exec", slots=1 + run % 3)
        job = cluster.submit("0:2000", *program(OF_ALL_SIZES))
        if run % 2:
            cluster.progress(job, beyond=random.randrange(1000))
            other.kill()
        report = cluster.wait(job, within=120)
        assert report["state"] == "done", report
        cluster.verify(job)
        totals.append(float(report["value"]))
        if other.is_running():
            other.terminate()
    measured.note(
        f"{len(totals)} runs of a decimal sum that cancels, on changing agents: {len(set(totals))} total, spread "
        f"{max(totals) - min(totals):g}, error {abs(totals[0] - exact):g}"
    )
    assert set(totals) == {exact}


def test_a_restarted_head_has_the_sum_that_it_had(cluster: Cluster) -> None:
    """The parts are stored as they are, and not as they are shown."""
    cluster.start_head(*SHORT_TERM)
    cluster.start_agent("runner", "--allow-exec", slots=2)
    job = cluster.submit("0:20000", *program(CANCELLING))
    for beyond in (1000, 8000):
        cluster.progress(job, beyond)
        cluster.restart_head(*SHORT_TERM)
    report = cluster.wait(job, within=120)
    assert (report["state"], report["value"]) == ("done", "10000.0")
    cluster.verify(job)


# ---------------------------------------------------------------- peers that speak protocol 1, or 2


PROGRAM: Message = {
    "words": ["true"], "streams": False, "run_width": 0, "timeout_ms": 0, "memory_bytes": 0, "collects": False,
    "env": [], "files": [],
}  # fmt: skip


def two_leases(cluster: Cluster) -> tuple[HandAgent, list[Lease]]:
    """Of a job of programs, held by an agent that runs none of them and says what a test makes up."""
    cluster.start_head(*SHORT_TERM)
    agent = HandAgent(cluster.speaker(cluster.key("agent")), slots=2, kernels=("exec",))
    spec = {**job_spec(0, 10**12, "exec"), "program": PROGRAM}
    assert cluster.peer().ask("submit", id=new_request(), spec=spec)["t"] == "submitted"
    return agent, sorted(agent.beat_until_it_holds(2), key=lambda lease: lease.begin)


def sum_bytes(whole: int) -> bytes:
    """Decimals that add up to that, by PROTOCOL.md."""
    units = abs(whole) << 1074
    e = ((units & -units).bit_length() - 1) // 64
    digits = units >> (64 * e)
    head = e + 64 + (128 if whole < 0 else 0)
    return bytes([head]) + digits.to_bytes((digits.bit_length() + 7) // 8, "little")


def test_agents_of_both_protocols_add_to_one_total_and_clients_are_told_a_float(cluster: Cluster) -> None:
    agent, (first, second) = two_leases(cluster)
    client = cluster.peer()

    agent.version = 2
    first.commit(first.end, sum_bytes(10**16 + 1))
    assert agent.beat()["v"] == 1, "orders say nothing that is not of protocol 1"
    report = client.ask("ask_job", job=first.job)
    assert report["v"] == 1 and report["value"] == 1e16 and isinstance(report["value"], float), report

    agent.version = 1
    second.commit(second.end, -1e16)
    assert agent.beat()["v"] == 1
    assert client.ask("ask_job", job=first.job)["value"] == 1.0


@pytest.mark.parametrize(
    "wrong", [b"", b"\x62\x01", b"\x00\x01", b"\x40" * 300],
    ids=["empty", "beyond the last limb", "integers with a fraction", "too long"],
)  # fmt: skip
def test_bytes_that_mean_no_sum_are_refused_by_name(cluster: Cluster, wrong: bytes) -> None:
    agent, (lease, _) = two_leases(cluster)
    agent.version = 2
    lease.commit(lease.end, wrong)
    refusal = agent.beat()
    assert (refusal["t"], refusal["word"]) == ("refusal", "malformed"), refusal
    assert refusal["detail"] == "beat: leases[0].value is not what it should be"
