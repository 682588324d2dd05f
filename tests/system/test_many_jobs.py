"""More jobs than one list has room for.

Every command, HTTP and Python find each job that has not ended, however many jobs came after it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from cluster import QUICK_BEATS, Cluster
from conftest import temporary_cluster
from http_stream import Http
from older_head import LISTED, OlderHead
from peer import Peer, job_spec, new_request
from program import REPOSITORY
from test_keys import new_token
from waiting import eventually

LISTED_MAX = 1000  # by one answer of the head
LIVE = 1500
ENDED = LISTED_MAX + 5
OLD = 2  # jobs that wait behind all of these
AT_ONCE = 200  # submissions on their way


def submit_many(peer: Peer, count: int, **spec: object) -> list[int]:
    """By number. Many at a time, so that the head takes them in few transactions."""
    jobs: list[int] = []
    while len(jobs) < count:
        asked = min(AT_ONCE, count - len(jobs))
        for _ in range(asked):
            peer.send("submit", id=new_request(), spec={**job_spec(0, 100), **spec})
        jobs += [peer.receive()["job"] for _ in range(asked)]
    return sorted(jobs)


@pytest.fixture(scope="module")
def buried() -> Iterator[Cluster]:
    """Two jobs that wait for a label that nobody has, and after them more that have ended than a list holds."""
    with temporary_cluster() as cluster:
        cluster.start_head(*QUICK_BEATS, "--http", "127.0.0.1:*")
        peer = cluster.peer()
        submit_many(peer, OLD, require=[{"key": "gpu", "value": "yes"}])
        ended = submit_many(peer, ENDED)
        for at in range(0, len(ended), AT_ONCE):
            some = ended[at : at + AT_ONCE]
            answer = peer.ask("steer_each", jobs=some, what="cancel")
            assert [report["job"] for report in answer["reports"]] == some and answer["refused"] == []
        yield cluster


# ---------------------------------------------------------------- behind many that have ended


def test_a_list_holds_what_waits_behind_a_thousand_that_have_ended(buried: Cluster) -> None:
    told = buried.ask("pq-status")
    listed = [job["id"] for job in told["jobs"]]
    newest = list(range(OLD + ENDED - (LISTED_MAX - OLD) + 1, OLD + ENDED + 1))
    assert listed == [1, 2, *newest]
    assert (told["left_out"], told["live_left_out"]) == (ENDED + OLD - LISTED_MAX, 0)
    watcher = buried.run("pq-status", "--watch", "--json", "--timeout", "1s")
    assert [job["id"] for job in json.loads(watcher.stdout.splitlines()[0])["jobs"]] == listed
    explained = buried.run("pq-status", "--explain")
    assert explained.status == 0 and explained.stdout.startswith("job 1 is queued\n") and "job 2 is" in explained.stdout


def test_whoever_waits_for_all_waits_for_the_oldest(buried: Cluster) -> None:
    for jobs in ("all", f"1-{OLD + 1}"):
        outcome = buried.run("pq-wait", jobs, "--timeout", "500ms")
        assert (outcome.status, outcome.stdout) == (124, "")
        assert "pq-wait 1" in outcome.stderr


def test_spans_of_old_jobs_are_told_whole(buried: Cluster) -> None:
    told = buried.ask("pq-status", "1-700")
    assert [job["id"] for job in told["jobs"]] == list(range(1, 701)) and told["errors"] == []
    watcher = buried.run("pq-status", "2-4", "--watch", "--json", "--timeout", "1s")
    assert [job["id"] for job in json.loads(watcher.stdout.splitlines()[0])["jobs"]] == [2, 3, 4]
    assert buried.ask("pq-status", "last")["id"] == OLD + ENDED


def test_http_shows_what_waits_behind_a_thousand_that_have_ended(buried: Cluster) -> None:
    http = Http(buried)
    told = http.json("/api/v1/jobs")
    assert [job["id"] for job in told["jobs"]][:OLD] == [1, 2]
    assert (len(told["jobs"]), told["left_out"], told["live_left_out"]) == (OLD + LISTED_MAX, ENDED - LISTED_MAX, 0)
    forgotten = http.json(f"/api/v1/jobs/{OLD + 1}")
    assert (forgotten["id"], forgotten["state"]) == (OLD + 1, "cancelled"), "also a job that has no room in the list"
    with closing(http.stream()) as stream:
        stream.until(lambda: stream.jobs, "the stream begins with all jobs")
        assert {1, 2} <= set(stream.jobs)
    metrics = http.get("/metrics").body.decode()
    assert re.findall(r'^pq_job_width_integers\{job_id="(\d+)"', metrics, re.M) == ["1", "2"]
    assert re.search(r"^pq_jobs_without_series 0$", metrics, re.M)


# ---------------------------------------------------------------- more live ones than a list has room for


def test_all_live_jobs_are_steered_told_and_waited_for(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS, "--http", "127.0.0.1:*")
    jobs = submit_many(cluster.peer(), LIVE, require=[{"key": "gpu", "value": "yes"}])
    told = cluster.ask("pq-status")
    assert [job["id"] for job in told["jobs"]] == jobs
    assert (told["left_out"], told["live_left_out"]) == (0, 0)
    http = Http(cluster)
    assert [job["id"] for job in http.json("/api/v1/jobs")["jobs"]] == jobs
    metrics = http.get("/metrics").body.decode()
    assert len(re.findall(r"^pq_job_width_integers\{", metrics, re.M)) == 200
    assert re.search(rf"^pq_jobs_without_series {LIVE - 200}$", metrics, re.M)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(REPOSITORY / "client" / "python" / "src"))
        patch.setenv("PQ_STATE_DIR", str(cluster.state_dir))
        script = "import pq; print([job.id for job in pq.Client().jobs()])"
        assert json.loads(subprocess.check_output([sys.executable, "-c", script], env=dict(os.environ))) == jobs

    def steered(program: str, *words: str) -> int:
        answer = cluster.ask(program, "all", *words)
        assert answer["errors"] == []
        assert [job["id"] for job in answer["jobs"]] == jobs[: len(answer["jobs"])]
        return len(answer["jobs"])

    assert steered("pq-pause") == LIVE
    assert (steered("pq-pause"), steered("pq-resume"), steered("pq-priority", "3")) == (0, LIVE, LIVE)
    waiter = cluster.start("pq-wait", "all")
    eventually(lambda: "job 1: " in waiter.stderr() or not waiter.is_running(), "it waits")
    assert waiter.is_running(), waiter.stderr()
    outcome = cluster.run("pq-cancel", "all")
    assert (outcome.status, outcome.stderr.splitlines()[-1]) == (0, f"{LIVE} jobs cancelled")
    ended = waiter.ends()
    assert (ended.status, ended.stdout) == (5, "")
    assert len(re.findall(r"^job \d+ cancelled: ", ended.stderr, re.M)) == LIVE
    metrics = http.get("/metrics").body.decode()
    assert f'pq_jobs{{state="cancelled"}} {LIVE}\n' in metrics and 'pq_jobs{state="queued"} 0\n' in metrics
    outcome = cluster.run("pq-cancel", "all")
    assert (outcome.status, outcome.stderr) == (0, "0 jobs cancelled\n")


def test_viewers_may_ask_which_jobs_there_are_and_steer_none(cluster: Cluster) -> None:
    cluster.start_head()
    jobs = [cluster.submit("0:100") for _ in range(3)]
    viewer = cluster.root / "viewer.key"
    viewer.touch(mode=0o600)
    viewer.write_text(new_token(cluster, "viewer", "guest"))
    told = cluster.ask("pq-status", "1-3", "--key", str(viewer))
    assert [job["id"] for job in told["jobs"]] == jobs
    for words in (("pq-cancel", "all"), ("pq-priority", "all", "7")):
        refused = cluster.run(*words, "--key", str(viewer))
        assert refused.status == 4 and "role" in refused.stderr and "not known of jobs 1-3" in refused.stderr
    assert {job["state"] for job in cluster.ask("pq-status")["jobs"]} == {"queued"}


# ---------------------------------------------------------------- an older head


@pytest.fixture
def older(cluster: Cluster) -> Iterator[OlderHead]:
    cluster.start_head()
    cluster.head.kill()
    with closing(OlderHead(cluster, jobs=5)) as head:
        yield head


def test_what_an_older_head_may_hide_is_told_by_words_and_status(cluster: Cluster, older: OlderHead) -> None:
    for words in (("pq-status",), ("pq-status", "1-5"), ("pq-status", "1-2"), ("pq-wait", "all", "--timeout", "1s")):
        outcome = cluster.run(*words)
        assert outcome.status == (1 if words[0] == "pq-status" else 124), outcome
        assert "lists only its newest 1000 jobs" in outcome.stderr
    told = cluster.run("pq-status", "3-4", "--json")
    assert (told.status, [job["id"] for job in json.loads(told.stdout)["jobs"]]) == (0, [3, 4])
    assert cluster.ask("pq-status", "last")["id"] == 5
    outcome = cluster.run("pq-cancel", "all", "--json")
    assert outcome.status == 1
    answer = json.loads(outcome.stdout)
    assert [job["id"] for job in answer["jobs"]] == [3, 4, 5][-LISTED:]
    assert [(error["jobs"], error["word"]) for error in answer["errors"]] == [("all", "not_listed")]
    assert older.states == {1: "queued", 2: "queued", 3: "cancelled", 4: "cancelled", 5: "cancelled"}
    assert cluster.run("pq-cancel", "1,2,9").status == 3
    assert set(older.states.values()) == {"cancelled"}


def test_python_warns_of_what_an_older_head_may_hide(cluster: Cluster, older: OlderHead) -> None:
    script = "import pq; print([job.id for job in pq.Client().jobs()])"
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY / "client" / "python" / "src"),
        "PQ_STATE_DIR": str(cluster.state_dir),
    }
    ended = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == [3, 4, 5]
    assert "lists only its newest 3 jobs, and leaves out 2 older ones" in ended.stderr
