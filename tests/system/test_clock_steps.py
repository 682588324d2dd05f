"""The wall clock jumps by hours and by years while jobs run: only the times that people are shown jump with it."""

from __future__ import annotations

import time

from cluster import QUICK_BEATS, Cluster
from measured import Measured
from reference import MEDIUM_JOB, MEDIUM_TOTAL
from waiting import LONG_S, eventually, pause
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
    waiter = cluster.start("pq-submit", "--range", MEDIUM_JOB, "--wait", "--timeout", "15m")
    eventually(lambda: "job 1 submitted" in waiter.stderr(), "the job is submitted")
    for seconds in STEPS_S:
        clock.step(seconds)
        expect_work_goes_on(cluster, seconds)
        cluster.restart_head(*QUICK_BEATS)  # its deadlines are new; what it has stored is of another time
        expect_work_goes_on(cluster, seconds)
    told = waiter.ends(within=LONG_S)
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


def test_a_clock_that_is_wrong_for_a_moment_ends_no_agent_and_refuses_no_key(cluster: Cluster) -> None:
    clock = WallClock(cluster)
    cluster.start_head(*QUICK_BEATS)
    token = cluster.run("pq-key", "new", "agent", "--name", "spot", "--expires", "1h").stdout.strip()
    agent = cluster.start_agent("early", "--join", token)
    clock.step(2 * HOUR_S)
    eventually(lambda: "the clock has jumped ahead" in cluster.head.stderr(), "the head doubts its clock")
    late = cluster.spawn_agent("late", "--join", token)
    eventually(lambda: "clock has jumped" in late.stderr(), "a new agent is to come again")
    assert cluster.wait(cluster.submit(SMALL_JOB))["value"] == str(SMALL_TOTAL)
    clock.step(0)
    eventually(lambda: "late" in cluster.agents(), "it is let in once the clock is right")
    assert agent.is_running()
    assert "would end the key spot: whoever" in cluster.head.stderr()
    assert "key_revoked" not in cluster.head.stderr()
