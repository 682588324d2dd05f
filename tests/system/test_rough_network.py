"""A network that loses, delays, repeats, reorders and is cut: totals stay exact, and nobody needs to be started anew.

The head lives in a network namespace of its own, and so do the agents; rough_network.py lies between them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from cluster import QUICK_BEATS, Cluster
from measured import SCALE, Measured, median_and_worst
from program import Program
from reference import LONG_JOB, LONG_TOTAL, MEDIUM_JOB, MEDIUM_TOTAL
from rough_network import CUT, FAIR, HEAD_ADDRESS, RoughNetwork, Weather, rough_network
from waiting import LONG_S, eventually, pause

BAD_LINE = Weather(loss=0.05, twice=0.03, delay_ms=20, jitter_ms=20)
LONG_TERM = ("--beat", "100ms", "--lease-term", "150s")
SHORT_TERM = ("--beat", "100ms", "--lease-term", "1s")
SHORT_TERM_S = 1.0
BOTH, TO_HEAD, TO_AGENTS = (CUT, CUT), (CUT, FAIR), (FAIR, CUT)
SHORT_CUTS = [(BOTH, 1.0), (TO_HEAD, 1.0), (TO_AGENTS, 1.0), (BOTH, 2.0)]
LONG_CUTS = [(way, seconds) for seconds in (1.0, 5.0, 20.0, 60.0) for way in (BOTH, TO_HEAD, TO_AGENTS)]
HEALING_S = 60.0  # patience with TCP, which waits ever longer before it tries again


@pytest.fixture
def network() -> Iterator[RoughNetwork]:
    with rough_network() as made:
        yield made


@pytest.fixture
def far(cluster: Cluster, network: RoughNetwork) -> Cluster:
    """A cluster whose head and clients live in the one namespace; agents go where a test puts them."""
    cluster.address = HEAD_ADDRESS
    cluster.network = network.head
    return cluster


def expect_exact(cluster: Cluster, job: int, total: int) -> dict[str, object]:
    report = cluster.wait(job, within=LONG_S)
    assert (report["state"], report["value"], report["attempts_failed"]) == ("done", str(total), 0)
    cluster.verify(job)
    return report


def same_processes(agents: list[Program]) -> bool:
    return all(agent.is_running() for agent in agents)


def test_totals_are_exact_over_a_bad_line(far: Cluster, network: RoughNetwork, measured: Measured) -> None:
    far.start_head(*QUICK_BEATS)
    network.be(BAD_LINE, BAD_LINE)
    agents = [far.start_agent(name, network=network.agents) for name in ("east", "west")]
    client = far.start("pq-submit", "--range", MEDIUM_JOB, "--wait", network=network.agents)
    told = client.ends(within=LONG_S)
    assert (told.status, told.stdout) == (0, f"{MEDIUM_TOTAL}\n")
    report = expect_exact(far, 1, MEDIUM_TOTAL)
    traffic = network.heal()
    assert traffic.lost > 0 and traffic.repeated > 0, "the weather was bad"
    assert same_processes(agents)
    measured.note(
        f"{traffic.carried} packets carried, {traffic.lost} lost, {traffic.repeated} repeated;"
        f" {report['recomputed']} integers recomputed, {report['leases']} leases"
    )


def test_cuts_shorter_than_the_lease_term_cost_nothing(
    far: Cluster, network: RoughNetwork, measured: Measured
) -> None:
    far.start_head(*LONG_TERM)
    agent = far.start_agent("far", network=network.agents)
    job = far.submit(LONG_JOB)
    far.progress(job)
    healing_s = []
    for way, seconds in LONG_CUTS if SCALE >= 10 else SHORT_CUTS:
        if far.job(job)["state"] == "done":
            job = finish_and_submit_anew(far, job)
        network.be(*way)
        pause(seconds)
        done = int(far.job(job)["done"])
        network.heal()
        healed_at = time.monotonic()
        eventually(lambda: has_moved(far, job, done), "it goes on after the cut", HEALING_S)
        healing_s.append(time.monotonic() - healed_at)
        measured.note(f"cut for {seconds:g} s, {name_of(way)}: progress after {healing_s[-1]:.2f} s")
    measured.note(f"from the end of a cut to the next progress: {median_and_worst(healing_s)}")
    expect_nothing_lost(far, job)
    assert same_processes([agent])


def name_of(way: tuple[Weather, Weather]) -> str:
    return {BOTH: "both ways", TO_HEAD: "to the head only", TO_AGENTS: "to the agents only"}[way]


def has_moved(cluster: Cluster, job: int, beyond: int) -> bool:
    report = cluster.job(job)
    return int(report["done"]) > beyond or report["state"] == "done"


def finish_and_submit_anew(cluster: Cluster, job: int) -> int:
    expect_nothing_lost(cluster, job)
    following = cluster.submit(LONG_JOB)
    cluster.progress(following)
    return following


def expect_nothing_lost(cluster: Cluster, job: int) -> None:
    report = expect_exact(cluster, job, LONG_TOTAL)
    assert (report["leases"]["expired"], report["recomputed"]) == (0, "0"), "it has kept its leases"


def test_cut_longer_than_the_lease_term_miscounts_nothing(
    far: Cluster, network: RoughNetwork, measured: Measured
) -> None:
    far.start_head(*SHORT_TERM)
    agents = [far.start_agent("far", network=network.agents)]
    job = far.submit(MEDIUM_JOB)
    far.progress(job)
    agents.append(far.start_agent("near"))
    network.be(*BOTH)
    eventually(lambda: far.job(job)["leases"]["expired"] > 0, "the far one's lease expires")
    pause(SHORT_TERM_S)
    network.heal()
    healed_at = time.monotonic()
    eventually(lambda: far.agents()["far"]["state"] == "active", "it is heard again", HEALING_S)
    healing_s = time.monotonic() - healed_at
    report = expect_exact(far, job, MEDIUM_TOTAL)
    assert same_processes(agents)
    measured.note(
        f"heard again {healing_s:.2f} s after the cut; {report['recomputed']} integers recomputed,"
        f" {report['leases']} leases"
    )
