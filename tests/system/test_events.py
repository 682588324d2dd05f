"""Why a job is as it is, and what has happened, as the terminal tells it."""

from __future__ import annotations

import json
import signal

from cluster import QUICK_BEATS, Cluster
from refusal import expect_refusal
from waiting import eventually

LONG = "1e12:+1e12"  # minutes


def test_job_that_waits_is_explained_with_what_to_do(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    job = cluster.submit(LONG)
    told = cluster.ask("pq-status", str(job), "--explain")
    assert (told["schema"], told["job"], told["state"]) == ("pq.explanation/1", job, "queued")
    outcome = cluster.run("pq-status", "last", "--explain")
    title, *reasons = outcome.stdout.splitlines()
    assert (outcome.status, title) == (0, f"job {job} is queued")
    assert reasons[0] == f"  - {told['reasons'][0]['text']}"
    assert reasons[1] == f"    → {told['reasons'][0]['advice']}", "a job that nobody computes needs something"


def test_explanations_of_several_jobs_are_of_those_that_go_on(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    for _ in range(3):
        cluster.submit(LONG)
    cluster.ask("pq-cancel", "2")
    outcome = cluster.run("pq-status", "--explain", "--json")
    assert outcome.status == 0
    assert [json.loads(line)["job"] for line in outcome.stdout.splitlines()] == [1, 3]
    outcome = cluster.run("pq-status", "2,9", "--explain")
    assert outcome.status == 3 and outcome.stdout.startswith("job 2 is cancelled\n")
    assert outcome.stderr == "pq-status: no such job: 9; pq-status lists the jobs\n"
    cluster.ask("pq-cancel", "all")
    assert cluster.run("pq-status", "--explain").stderr == "there is no job that goes on\n"
    refused = cluster.run("pq-status", "1", "--explain", "--watch")
    expect_refusal(refused, "pq-status", 2, "--watch and --explain do not go together")


def test_events_are_told_in_their_order_and_of_one_job_alone(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    cluster.start_agent("worker")
    for _ in range(2):
        cluster.wait(cluster.submit("0:100"))
    outcome = cluster.run("pq-events", "--json")
    events = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert all(event["schema"] == "pq.event/1" for event in events)
    numbers = [int(event["number"]) for event in events]
    assert numbers == sorted(numbers)
    of_last = [event for event in events if event["job"] == 2]
    assert [event["what"] for event in of_last][:1] == ["job_submitted"] and of_last[-1]["what"] == "job_ended"
    told = cluster.run("pq-events", "last")
    assert (told.status, told.stderr) == (0, "")
    lines = told.stdout.splitlines()
    assert len(lines) == len(of_last) and all(", job 2" in line for line in lines)
    assert "job submitted, job 2: primes over 0:100" in lines[0]
    assert "agent joined, agent worker" in cluster.run("pq-events").stdout
    expect_refusal(cluster.run("pq-events", "9"), "pq-events", 3, "no such job: 9")


def test_events_are_followed_until_their_job_has_ended(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    job = cluster.submit("0:100")
    follower = cluster.start("pq-events", str(job), "-f")
    eventually(lambda: "job submitted" in follower.stdout(), "it has told what there is")
    cluster.ask("pq-pause", str(job))
    eventually(lambda: "job steered" in follower.stdout(), "it tells what happens")
    cluster.ask("pq-cancel", str(job))
    told = follower.ends()
    assert (told.status, told.stderr) == (0, "")
    assert f"job ended, job {job}: cancelled" in told.stdout.splitlines()[-1] or "cancelled" in told.stdout
    assert len(set(told.stdout.splitlines())) == told.stdout.count("\n"), "nothing is told twice"


def test_events_of_the_cluster_are_followed_until_somebody_stops_it(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    follower = cluster.start("pq-events", "--follow", "--json")
    cluster.start_agent("worker")
    eventually(lambda: '"agent_joined"' in follower.stdout(), "it tells what happens")
    follower.send_signal(signal.SIGINT)
    assert follower.ends().status == 130
