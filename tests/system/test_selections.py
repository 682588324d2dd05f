"""Several jobs by one command: 1-3,5, last and all, with what is told of each and the worst exit status."""

from __future__ import annotations

import json

import pytest

from cluster import QUICK_BEATS, Cluster
from refusal import expect_refusal

LONG = "1e12:+1e12"  # minutes
TINY = "0:100"


@pytest.fixture
def waiting(cluster: Cluster) -> Cluster:
    """Jobs 1 to 4, of which 3 is cancelled, and nobody who computes them."""
    cluster.start_head(*QUICK_BEATS)
    for _ in range(4):
        cluster.submit(TINY)
    cluster.ask("pq-cancel", "3")
    return cluster


def states(cluster: Cluster) -> dict[int, str]:
    return {job["id"]: job["state"] for job in cluster.ask("pq-status")["jobs"]}


def test_status_tells_the_selected_ones(waiting: Cluster) -> None:
    told = waiting.ask("pq-status", "2-3,1")
    assert (told["schema"], [job["id"] for job in told["jobs"]], told["errors"]) == ("pq.jobs/1", [1, 2, 3], [])
    assert [job["id"] for job in waiting.ask("pq-status", "2-1000000000000000000")["jobs"]] == [2, 3, 4]
    assert waiting.ask("pq-status", "all") == waiting.ask("pq-status")
    last = waiting.ask("pq-status", "last")
    assert (last["schema"], last["id"]) == ("pq.job/1", 4), "one job is told as one"
    table = waiting.run("pq-status", "2-3").stdout
    assert [line.split()[0] for line in table.splitlines()[:3]] == ["JOB", "2", "3"]


def test_job_that_is_not_there_does_not_hide_the_others(waiting: Cluster) -> None:
    outcome = waiting.run("pq-status", "4-5,9,7-8", "--json")
    assert outcome.status == 3
    told = json.loads(outcome.stdout)
    assert [job["id"] for job in told["jobs"]] == [4]
    assert [(e["jobs"], e["word"]) for e in told["errors"]] == [("7-8", "no_such_job"), ("9", "no_such_job")]
    assert outcome.stderr.splitlines() == [
        "pq-status: no such job: 7-8; pq-status lists the jobs",
        "pq-status: no such job: 9; pq-status lists the jobs",
    ]


def test_last_of_no_jobs_is_no_such_job(cluster: Cluster) -> None:
    cluster.start_head()
    for program in ("pq-status", "pq-cancel", "pq-wait", "pq-logs", "pq-output", "pq-verify"):
        expect_refusal(cluster.run(program, "last"), program, 3, "there is no job yet; pq-submit --range A:B")


@pytest.mark.parametrize("program", ["pq-logs", "pq-output", "pq-verify"])
def test_commands_about_one_job_know_the_last_one(waiting: Cluster, program: str) -> None:
    waiting.run(program, "last")
    refused = waiting.run(program, "1-2")
    expect_refusal(refused, program, 2, "tells of one job: give its number, or last")


def test_steering_goes_on_after_a_job_that_refuses_and_tells_of_each(waiting: Cluster) -> None:
    outcome = waiting.run("pq-pause", "2-4", "--json")
    assert outcome.status == 1, "job 3 has ended"
    lines = outcome.stderr.splitlines()
    assert [line.split(" is ")[0] for line in lines if not line.startswith("pq-pause:")][:2] == ["job 2", "job 4"]
    assert "pq-pause: the job has ended already: 3 is cancelled; submit the range again" in lines[1]
    assert lines[-1] == "2 jobs paused, but not: 3"
    told = json.loads(outcome.stdout)
    assert [(job["id"], job["state"]) for job in told["jobs"]] == [(2, "paused"), (4, "paused")]
    assert [error["jobs"] for error in told["errors"]] == ["3"]
    assert states(waiting) == {1: "queued", 2: "paused", 3: "cancelled", 4: "paused"}


def test_all_are_those_that_can_be_steered_so(waiting: Cluster) -> None:
    waiting.ask("pq-pause", "2")
    assert [job["id"] for job in waiting.ask("pq-pause", "all")["jobs"]] == [1, 4]
    assert [job["id"] for job in waiting.ask("pq-resume", "all")["jobs"]] == [1, 2, 4]
    assert waiting.ask("pq-retry", "all")["jobs"] == [], "nothing has failed"
    outcome = waiting.run("pq-priority", "all", "7")
    assert (outcome.status, outcome.stderr.splitlines()[-1]) == (0, "3 jobs given another priority")
    assert waiting.run("pq-priority", "last", "-7").status == 0
    outcome = waiting.run("pq-cancel", "all")
    assert (outcome.status, outcome.stdout) == (0, "")
    assert outcome.stderr.splitlines()[-1] == "3 jobs cancelled", "it says how many"
    assert set(states(waiting).values()) == {"cancelled"}
    assert waiting.run("pq-cancel", "all").stderr == "0 jobs cancelled\n"


def test_what_has_failed_of_all_jobs_is_tried_again(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    cluster.start_agent("worker", "--allow-exec")
    failing = cluster.submit("0:1", "--attempts", "1", "--max-failures", "0", "--", "false")
    assert cluster.wait(failing)["state"] == "failed"
    cluster.wait(cluster.submit(TINY))
    again = cluster.ask("pq-retry", "all")
    assert [job["id"] for job in again["jobs"]] == [failing] and again["errors"] == []


def test_waiting_for_several_tells_each_total_and_the_worst_end(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    cluster.start_agent("worker")
    for width in ("0:10", "0:100", "0:1000"):
        cluster.submit(width)
    outcome = cluster.run("pq-wait", "1-3")
    assert (outcome.status, outcome.stdout) == (0, "1 4\n2 25\n3 168\n")
    assert [line.split(" done")[0] for line in outcome.stderr.splitlines()] == ["job 1", "job 2", "job 3"]
    assert cluster.run("pq-wait", "last").stdout == "168\n", "one job's total stands alone"
    assert cluster.run("pq-wait", "all").stderr == "no job is to be waited for\n"
    cluster.run("pq-pause", str(cluster.submit(LONG)))
    cluster.run("pq-cancel", "last")
    assert cluster.run("pq-wait", "1,4").status == 5
    told = cluster.run("pq-wait", "1,4,9", "--json")
    assert told.status == 3, "no such job is worse than a cancelled one"
    report = json.loads(told.stdout)
    assert [job["id"] for job in report["jobs"]] == [1, 4] and [e["jobs"] for e in report["errors"]] == ["9"]


def test_wait_for_several_that_is_too_long_names_those_that_go_on(waiting: Cluster) -> None:
    outcome = waiting.run("pq-wait", "all", "--timeout", "300ms")
    assert (outcome.status, outcome.stdout) == (124, "")
    again = "jobs 1,2,4 go on, unless they have ended: pq-wait 1,2,4 waits for them again"
    assert f"--timeout reached; {again}" in outcome.stderr


def test_several_agents_are_drained_by_one_command(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    agents = [cluster.start_agent(name) for name in ("left", "right")]
    outcome = cluster.run("pq-agents", "drain", "left", "nobody", "right", "--json")
    assert outcome.status == 1
    assert [agent["name"] for agent in json.loads(outcome.stdout)["agents"]] == ["left", "right"]
    assert "pq-agents: no such agent: nobody; pq-agents lists the agents" in outcome.stderr.splitlines()
    for agent in agents:
        assert agent.ends().status == 0
