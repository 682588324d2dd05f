"""What programs read and what people read: stdout and stderr, JSON and its schemas."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cluster import QUICK_BEATS, Cluster, Json
from peer import HandAgent, Peer
from reference import KERNELS

INTEGER_AS_TEXT = object()  # decimal digits, because JSON's readers lose integers beyond 2^53
NUMBER = (int, float)
NULL = type(None)

JOB_SCHEMA: dict[str, Any] = {
    "schema": "pq.job/1",
    "id": int,
    "name": str,
    "state": str,
    "kernel": str,
    "fold": str,
    "begin": INTEGER_AS_TEXT,
    "end": INTEGER_AS_TEXT,
    "width": INTEGER_AS_TEXT,
    "done": INTEGER_AS_TEXT,
    "failed": INTEGER_AS_TEXT,
    "value": (str, NULL),
    "value_is_final": bool,
    "recomputed": INTEGER_AS_TEXT,
    "leases": {"granted": int, "expired": int, "yielded": int},
    "attempts_failed": int,
    "created_unix_ms": int,
    "started_unix_ms": (int, NULL),
    "finished_unix_ms": (int, NULL),
    "rate_per_s": NUMBER,
    "eta_s": (*NUMBER, NULL),
    "error": (str, NULL),
}
AGENT_SCHEMA: dict[str, Any] = {
    "name": str,
    "state": str,
    "slots": int,
    "busy": int,
    "rate_per_s": NUMBER,
    "version": str,
    "heard_ms_ago": int,
    "kernels": list,
    "labels": dict,
}


def expect_schema(found: Json, schema: dict[str, Any]) -> None:
    """Every field that is documented is there, and of its type; others may have been added."""
    for field, wanted in schema.items():
        assert field in found, f"{field} is missing in {found}"
        value = found[field]
        if isinstance(wanted, dict):
            expect_schema(value, wanted)
        elif isinstance(wanted, str):
            assert value == wanted
        elif wanted is INTEGER_AS_TEXT:
            assert isinstance(value, str) and value.isdecimal(), f"{field} is {value!r}"
        else:
            assert isinstance(value, wanted), f"{field} is {value!r}"


@pytest.fixture(scope="module")
def busy(shared_cluster: Cluster) -> Cluster:
    """With an agent, and a job that is done."""
    shared_cluster.start_head(*QUICK_BEATS)
    shared_cluster.start_agent("worker", slots=2)
    assert shared_cluster.wait(shared_cluster.submit("1e7:6e7", "--name", "the seed"))["value"] == "2897536"
    return shared_cluster


def only_line(text: str) -> Json:
    assert text.endswith("\n") and text.count("\n") == 1, text
    return json.loads(text)


# ---------------------------------------------------------------- stdout and stderr


def test_submit_prints_the_number_of_the_job_and_nothing_else(busy: Cluster) -> None:
    outcome = busy.run("pq-submit", "--range", "0:1e3")
    assert outcome.status == 0 and outcome.stdout.strip().isdecimal() and outcome.stdout.count("\n") == 1
    assert outcome.stderr == "0:1 000, 1 000 integers\n"


def test_wait_prints_the_total_and_nothing_else(busy: Cluster) -> None:
    outcome = busy.run("pq-submit", "--range", "1e7:6e7", "--wait")
    assert (outcome.status, outcome.stdout) == (0, "2897536\n")
    assert "10 000 000:60 000 000, 50 000 000 integers" in outcome.stderr
    assert "done: 2 897 536 primes" in outcome.stderr
    again = busy.run("pq-wait", "1")
    assert (again.status, again.stdout) == (0, "2897536\n")


def test_verify_says_ok_of_each_invariant(busy: Cluster) -> None:
    outcome = busy.run("pq-verify", "1")
    assert (outcome.status, outcome.stderr) == (0, "job 1: all of 12 promises hold\n")
    lines = outcome.stdout.splitlines()
    assert len(lines) == 12 and all(line.startswith("ok ") for line in lines)
    assert "1 span covers 10000000:60000000 exactly once, 50000000 integers" in outcome.stdout
    assert "the stored parts fold to 2897536, and so says the head" in outcome.stdout
    for invariant in ("tiling", "one_holder", "value_is_fold", "counters_fit", "holders_are_known"):
        assert any(invariant in line for line in lines), f"{invariant} is not among {lines}"


def test_steering_speaks_to_people(busy: Cluster) -> None:
    job = str(busy.submit("1e12:+1e12", "--name", "steered"))
    for program, words, fragment in (
        ("pq-pause", [], "is paused"),
        ("pq-priority", ["7"], "priority 7"),
        ("pq-resume", [], 'job {} "steered" is'),
        ("pq-cancel", [], "is cancelled"),
    ):
        outcome = busy.run(program, job, *words)
        assert (outcome.status, outcome.stdout) == (0, ""), outcome
        assert fragment.format(job) in outcome.stderr and outcome.stderr.count("\n") == 1


def test_tables_are_for_people_and_hold_what_they_ask_for(busy: Cluster) -> None:
    jobs = busy.run("pq-status")
    assert (jobs.status, jobs.stderr) == (0, "") and "the seed" in jobs.stdout and "2 897 536" in jobs.stdout
    job = busy.run("pq-status", "1")
    assert (job.status, job.stderr) == (0, "") and 'job 1 "the seed"' in job.stdout
    agents = busy.run("pq-agents")
    assert (agents.status, agents.stderr) == (0, "") and "worker" in agents.stdout
    for outcome in (jobs, job, agents):
        assert "\x1b" not in outcome.stdout, "colours are for terminals"


def test_empty_tables_say_what_to_do(cluster: Cluster) -> None:
    cluster.start_head()
    assert cluster.run("pq-status").stdout == "no jobs yet; pq-submit --range A:B submits one\n"
    assert cluster.run("pq-agents").stdout.startswith("no agents; start pq-agent")


def test_waiting_while_piped_writes_plain_lines(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    outcome = cluster.run("pq-submit", "--range", "0:100", "--wait", "--timeout", "400ms")
    assert (outcome.status, outcome.stdout) == (124, "")
    assert "job 1: 0.0 %, queued, no agent is accepting work" in outcome.stderr
    assert "\r" not in outcome.stderr and "\x1b" not in outcome.stderr


# ---------------------------------------------------------------- JSON


def test_job_as_json(busy: Cluster) -> None:
    job = only_line(busy.run("pq-status", "1", "--json").stdout)
    expect_schema(job, JOB_SCHEMA)
    exact = {
        "id": 1,
        "name": "the seed",
        "state": "done",
        "kernel": "primes",
        "fold": "sum",
        "begin": "10000000",
        "end": "60000000",
        "width": "50000000",
        "done": "50000000",
        "failed": "0",
        "value": "2897536",
        "value_is_final": True,
        "eta_s": None,
        "error": None,
    }
    assert exact.items() <= job.items()
    assert job["created_unix_ms"] <= job["started_unix_ms"] <= job["finished_unix_ms"]


def test_job_that_has_not_begun_as_json(cluster: Cluster) -> None:
    cluster.start_head()
    job = cluster.job(cluster.submit("0:1e18", "--kernel", "twins"))
    expect_schema(job, JOB_SCHEMA)
    assert (job["state"], job["kernel"], job["fold"], job["width"]) == ("queued", "twins", "sum", str(10**18))
    assert (job["value"], job["value_is_final"], job["started_unix_ms"]) == (None, False, None)


def test_every_answer_about_a_job_is_the_same_json(busy: Cluster) -> None:
    waited = only_line(busy.run("pq-submit", "--range", "0:1e4", "--wait", "--json").stdout)
    assert waited == busy.job(waited["id"]) == busy.ask("pq-wait", str(waited["id"]))
    jobs = only_line(busy.run("pq-status", "--json").stdout)
    assert jobs["schema"] == "pq.jobs/1"
    assert waited in jobs["jobs"]
    for each in jobs["jobs"]:
        expect_schema(each, JOB_SCHEMA)


def test_agents_as_json(busy: Cluster) -> None:
    agents = only_line(busy.run("pq-agents", "--json").stdout)
    assert agents["schema"] == "pq.agents/1"
    (worker,) = agents["agents"]
    expect_schema(worker, AGENT_SCHEMA)
    assert (worker["name"], worker["state"], worker["slots"]) == ("worker", "active", 2)
    assert worker["kernels"] == list(KERNELS)


def test_other_answers_as_json(busy: Cluster) -> None:
    verification = only_line(busy.run("pq-verify", "1", "--json").stdout)
    expect_schema(verification, {"schema": "pq.verification/1", "job": int, "findings": list})
    assert verification["holds"] is True
    for finding in verification["findings"]:
        expect_schema(finding, {"invariant": str, "holds": bool, "detail": str})
    key = only_line(busy.run("pq-key", "new", "viewer", "--name", "guest", "--json").stdout)
    expect_schema(key, {"schema": "pq.key/1", "role": "viewer", "name": "guest", "head": str, "token": str})


# ---------------------------------------------------------------- waiting, by the protocol


def test_one_wait_is_answered_once_and_when_the_job_ends(cluster: Cluster) -> None:
    """Nothing polls: the question is asked once and the answer comes in the turn that ends the job."""
    cluster.start_head(*QUICK_BEATS)
    agent = HandAgent(cluster.speaker(cluster.key("agent")))
    waiter = cluster.peer()
    job = waiter.submit(0, 100)["job"]
    waiter.send("wait", job=job, patience_ms=60_000)
    (lease,) = agent.beat_until_it_holds(1)
    lease.commit(50, 15)
    agent.beat()
    assert waiter.hears_nothing(0.1), "the job goes on"
    lease.commit(100, 25)
    agent.beat()
    report = answer_to_a_wait(waiter)
    assert (report["state"], report["value"]) == ("done", 25)
    assert waiter.hears_nothing(0.2), "one wait, one answer"


def test_wait_whose_patience_ends_is_told_how_it_stands(cluster: Cluster) -> None:
    cluster.start_head()
    waiter = cluster.peer()
    job = waiter.submit(0, 100)["job"]
    waiter.send("wait", job=job, patience_ms=50)
    assert answer_to_a_wait(waiter)["state"] == "queued"
    assert waiter.hears_nothing(0.2)


def answer_to_a_wait(waiter: Peer) -> dict[str, Any]:
    report = waiter.receive()
    assert report["t"] == "job", report
    return report
