"""The wall clock jumps by hours and by years while jobs run: only the times that people are shown jump with it."""

from __future__ import annotations

import time

from cluster import QUICK_BEATS, Cluster
from measured import Measured
from reference import MEDIUM_JOB, MEDIUM_TOTAL
from waiting import eventually, pause
from wall_clock import WallClock

HOUR_S = 3600
TEN_YEARS_S = 10 * 365 * 24 * HOUR_S
STEPS_S = (HOUR_S, -HOUR_S, TEN_YEARS_S, -TEN_YEARS_S, 0)
SMALL_JOB = "0:1e6"
SMALL_TOTAL = 78498
SHOWN_WITHIN_S = 300.0  # of what a clock must show
TERM_S = 0.4


def test_steps_of_the_wall_clock_change_only_what_is_shown(cluster: Cluster, measured: Measured) -> None:
    clock = WallClock(cluster)
    cluster.start_head(*QUICK_BEATS)
    agent = cluster.start_agent("only")
    waiter = cluster.start("pq-submit", "--range", MEDIUM_JOB, "--wait", "--timeout", "5m")
    eventually(lambda: "job 1 submitted" in waiter.stderr(), "the job is submitted")
    for seconds in STEPS_S:
        clock.step(seconds)
        expect_work_goes_on(cluster, seconds)
        cluster.restart_head(*QUICK_BEATS)  # its deadlines are new; what it has stored is of another time
        expect_work_goes_on(cluster, seconds)
    told = waiter.ends(within=120)
    assert (told.status, told.stdout) == (0, f"{MEDIUM_TOTAL}\n"), told
    job = cluster.job(1)
    assert (job["recomputed"], job["leases"]["expired"]) == ("0", 0)
    assert agent.is_running()
    cluster.verify(1)
    measured.note(
        f"{len(STEPS_S)} steps of up to twenty years and a restart after each:"
        f" {job['recomputed']} integers recomputed, leases {job['leases']}"
    )


def expect_work_goes_on(cluster: Cluster, clock_is_ahead_s: int) -> None:
    small = cluster.wait(cluster.submit(SMALL_JOB))
    assert small["value"] == str(SMALL_TOTAL)
    for when in ("created_unix_ms", "started_unix_ms", "finished_unix_ms"):
        true_s = small[when] / 1000 - clock_is_ahead_s
        assert abs(true_s - time.time()) < SHOWN_WITHIN_S, f"{when} is of the clock as it is now"
    eventually(lambda: {agent["state"] for agent in cluster.agents().values()} == {"active"}, "it beats")
    assert cluster.job(1)["leases"]["expired"] == 0


def test_steps_of_the_wall_clock_lose_and_forget_nobody(cluster: Cluster) -> None:
    """An agent that is gone is listed for an hour, and one that beats is not silent."""
    clock = WallClock(cluster)
    cluster.start_head("--beat", "100ms", "--lease-term", f"{TERM_S * 1000:.0f}ms")
    assert cluster.start_agent("early").terminate().status == 0
    cluster.start_agent("late")
    for seconds in (2 * HOUR_S, -2 * HOUR_S, TEN_YEARS_S):
        clock.step(seconds)
        pause(2 * TERM_S)
        eventually(lambda: cluster.agents()["late"]["state"] == "active", "it is heard")
        assert cluster.agents()["early"]["state"] == "gone"
