"""Jobs that have ended are forgotten, whole or only what they printed: by a client, and by the head itself."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from cluster import QUICK_BEATS, Cluster, Json
from waiting import eventually

MIB = 1 << 20
PRINTED_MIB = 2


def printing_job(cluster: Cluster, *flags: str) -> int:
    """Done; it has printed some MiB to its output, and a word to its log."""
    many = PRINTED_MIB * 16
    command = ("sh", "-c", "head -c 65536 /dev/zero | tr '\\0' x; echo said >&2")
    job = cluster.submit(f"0:{many}", "--collect", "--fold", "none", "--step", "1", *flags, "--", *command)
    assert cluster.wait(job)["state"] == "done"
    return job


def events(cluster: Cluster) -> list[Json]:
    lines = cluster.run("pq-events", "--json").stdout.splitlines()
    return [event for event in map(json.loads, lines) if event["what"] == "job_forgotten"]


def test_what_was_printed_is_forgotten_alone_and_the_total_stays_proved(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    cluster.start_agent("w1", "--allow-exec", slots=2)
    job = printing_job(cluster)
    assert len(cluster.run("pq-output", str(job)).stdout) == PRINTED_MIB * MIB
    forgotten = cluster.run("pq-forget", str(job), "--logs", "--output")
    assert forgotten.status == 0
    assert forgotten.stderr == f"the logs of job {job}: forgotten\nthe output of job {job}: forgotten\n"
    for program in ("pq-output", "pq-logs"):
        refused = cluster.run(program, str(job))
        assert (refused.status, refused.stdout) == (1, "")
        assert f"of job {job}" in refused.stderr and "erased" in refused.stderr
    report = cluster.ask("pq-status", str(job))
    assert report["output_forgotten"] and report["logs_forgotten"]
    verified = cluster.run("pq-verify", str(job))
    assert verified.status == 0 and "that were collected are forgotten" in verified.stdout
    again = cluster.run("pq-recompute", str(job), "--agent", "w1")
    assert again.status == 1 and "the output of job" in again.stderr
    assert [event["detail"] for event in events(cluster)] == [
        "its logs, as an operator asks, by local-operator",
        "its output, as an operator asks, by local-operator",
    ]


def test_a_whole_job_is_forgotten_and_its_number_is_not_given_again(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    cluster.start_agent("w1")
    done = cluster.submit("0:1e6")
    cluster.wait(done)
    live = cluster.submit("0:1e6", "--require", "zone=nowhere")
    refused = cluster.run("pq-forget", str(live))
    assert refused.status == 1
    assert "the job has not ended" in refused.stderr and "pq-cancel" in refused.stderr
    newest = cluster.submit("0:1e6", "--require", "zone=nowhere")
    cluster.run("pq-cancel", str(newest))
    young = cluster.run("pq-forget", "all", "--older-than", "1h")
    assert young.status == 0 and "0 jobs forgotten" in young.stderr, young
    outcome = cluster.run("pq-forget", "all")
    assert outcome.status == 0 and "2 jobs forgotten" in outcome.stderr
    assert [job["id"] for job in cluster.ask("pq-status")["jobs"]] == [live]
    gone = cluster.run("pq-verify", str(done))
    assert gone.status == 3 and f"no such job: {done} is forgotten" in gone.stderr
    cluster.restart_head()
    assert cluster.submit("0:1e6") == newest + 1


def test_a_database_that_is_too_large_loses_what_the_oldest_jobs_printed(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    cluster.start_agent("w1", "--allow-exec", slots=2)
    first = printing_job(cluster)
    second = printing_job(cluster)
    cluster.head.terminate()
    with closing(sqlite3.connect(cluster.state_dir / "pq.db")) as database, database:
        an_hour = 3_600_000
        database.execute("UPDATE jobs SET finished_unix_ms = finished_unix_ms - ? WHERE id = ?", (an_hour, first))
    cluster.start_head(*QUICK_BEATS, "--keep-bytes", "1M")
    eventually(lambda: cluster.run("pq-status", str(first)).status == 3, "the first job goes")
    assert cluster.run("pq-output", str(second)).status == 0
    assert [event["detail"] for event in events(cluster)] == [
        "its output, the database is larger than pqd keeps",
        "its logs, the database is larger than pqd keeps",
        "all of it, the database is larger than pqd keeps",
    ]
