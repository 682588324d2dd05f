"""Jobs that are paused, resumed, put first, cancelled, and waited for in every way a wait can end."""

from __future__ import annotations

import signal

from cluster import QUICK_BEATS, Cluster
from program import Program
from waiting import eventually

LONG = "1e12:+1e12"  # minutes
SHORT = "1e12:+1e10"  # a second and more: what takes less does not wait for slots


def is_idle(cluster: Cluster, agent: str) -> bool:
    return cluster.agents()[agent]["busy"] == 0


def start_waiting(cluster: Cluster, job: int) -> Program:
    """pq-wait, as soon as it has told how the job stands."""
    waiter = cluster.start("pq-wait", str(job))
    eventually(lambda: f"job {job}: " in waiter.stderr() or not waiter.is_running(), "it waits")
    return waiter


def test_paused_job_gets_nothing_done_until_it_is_resumed(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    cluster.start_agent("worker")
    job = cluster.submit(LONG)
    cluster.progress(job)
    assert cluster.ask("pq-pause", str(job))["state"] == "paused"
    eventually(lambda: is_idle(cluster, "worker"), "the running lease ends with its present step")
    paused = cluster.job(job)
    other = cluster.wait(cluster.submit(SHORT))
    assert other["state"] == "done", "the slot is free for other jobs"
    later = cluster.job(job)
    assert (later["state"], later["done"]) == ("paused", paused["done"])
    assert (later["leases"]["expired"], later["recomputed"]) == (0, "0")
    assert cluster.ask("pq-pause", str(job))["state"] == "paused", "asking for what is so already is no error"
    assert cluster.ask("pq-resume", str(job))["state"] == "running"
    cluster.progress(job, beyond=int(paused["done"]))


def test_pause_survives_the_head(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    job = cluster.submit(SHORT)
    cluster.ask("pq-pause", str(job))
    cluster.restart_head(*QUICK_BEATS)
    cluster.start_agent("worker")
    assert cluster.wait(cluster.submit(SHORT))["state"] == "done", "there is somebody to compute it"
    assert (cluster.job(job)["state"], cluster.job(job)["done"]) == ("paused", "0")
    assert cluster.ask("pq-resume", str(job))["state"] in ("queued", "running")
    assert cluster.wait(job)["state"] == "done"


def test_higher_priority_runs_first(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    usual, raised, low = (cluster.submit(SHORT, "--priority", p) for p in ("0", "0", "-5"))
    assert cluster.run("pq-priority", str(raised), "5").status == 0
    cluster.start_agent("worker")
    reports = {job: cluster.wait(job) for job in (usual, raised, low)}
    order = sorted(reports, key=lambda job: reports[job]["finished_unix_ms"])
    assert order == [raised, usual, low]
    for first, second in zip(order, order[1:]):
        assert reports[second]["started_unix_ms"] >= reports[first]["finished_unix_ms"]


def test_jobs_of_equal_priority_share_the_slots(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    first, second = cluster.submit(LONG), cluster.submit(LONG)
    cluster.start_agent("worker", slots=2)
    for job in (first, second):
        cluster.progress(job)


def test_cancelled_job_ends_at_once_for_all_who_wait(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    cluster.start_agent("worker")
    job = cluster.submit(LONG)
    done = int(cluster.progress(job)["done"])
    waiters = [start_waiting(cluster, job) for _ in range(2)]
    cancelled = cluster.ask("pq-cancel", str(job))
    assert cancelled["state"] == "cancelled" and int(cancelled["done"]) >= done, "what is computed is kept"
    for waiter in waiters:
        told = waiter.ends()
        assert (told.status, told.stdout) == (5, ""), "a part of the total is no total"
        assert f"job {job} cancelled" in told.stderr
    assert cluster.run("pq-wait", str(job)).status == 5
    cluster.verify(job)
    eventually(lambda: is_idle(cluster, "worker"), "nobody computes it any more")
    assert cluster.wait(cluster.submit(SHORT))["state"] == "done", "the agent goes on with others"


def test_wait_that_is_too_long_says_that_the_job_goes_on(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    job = cluster.submit(LONG)
    for command in (["pq-wait", str(job)], ["pq-submit", "--range", LONG, "--wait"]):
        outcome = cluster.run(*command, "--timeout", "300ms")
        assert (outcome.status, outcome.stdout) == (124, "")
        assert "--timeout reached; job" in outcome.stderr and "goes on: pq-wait" in outcome.stderr
    assert {j["state"] for j in cluster.ask("pq-status")["jobs"]} == {"queued"}


def test_interrupted_wait_says_that_the_job_goes_on(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    submitter = cluster.start("pq-submit", "--range", LONG, "--wait")
    eventually(lambda: "job 1 submitted" in submitter.stderr(), "the job is submitted")
    for waiter in (submitter, start_waiting(cluster, 1)):
        waiter.send_signal(signal.SIGINT)
        told = waiter.ends()
        assert (told.status, told.stdout) == (130, "")
        assert "interrupted; job 1 goes on: pq-wait 1 waits for it again, pq-cancel 1 ends it" in told.stderr
    assert cluster.job(1)["state"] == "queued"


def test_watched_status_tells_again_until_it_is_interrupted(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    cluster.submit("0:100")
    watcher = cluster.start("pq-status", "1", "--watch", "--json")
    eventually(lambda: watcher.stdout().count("\n") >= 2, "it has looked twice")
    watcher.send_signal(signal.SIGINT)
    assert watcher.ends().status == 130


def test_command_that_is_asked_while_the_head_is_away_is_answered_when_it_is_back(cluster: Cluster) -> None:
    cluster.start_head()
    job = cluster.submit(LONG)
    waiter = start_waiting(cluster, job)
    cluster.head.kill()
    eventually(lambda: "does not answer" in waiter.stderr(), "the waiter says that the head is away")
    cluster.start_head()
    cluster.ask("pq-cancel", str(job))
    assert waiter.ends().status == 5

