"""Whoever asks without end, and may not even read the answers, costs the head neither its memory nor its beats."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import zmq

from cluster import QUICK_BEATS, Cluster
from measured import Measured, in_milliseconds
from peer import HandAgent, Peer, job_spec, new_request, pack
from process_state import forget_peak_of, peak_mb_of
from waiting import PATIENCE_S

QUESTIONS = 2048
JOBS = 1000
PROGRAM_BYTES = 12_000
PRINTED = 4 << 20
HEAD_MB_MOST = 150
BEATS = 300
UNBOUNDED = {zmq.SNDHWM: 0}  # of one that asks without looking whether anybody listens
SMALL_BUFFERS = {zmq.RCVHWM: 1, zmq.RCVBUF: 4096}  # of one that does not read; what it cannot send is lost


@pytest.fixture(scope="module")
def busy(shared_cluster: Cluster) -> Iterator[Cluster]:
    """A head with much to tell: a thousand jobs with long programs, and one that has printed some MiB."""
    cluster = shared_cluster
    cluster.start_head(*QUICK_BEATS)
    cluster.start_agent("w1", "--allow-exec", slots=2)
    script = f"head -c {PRINTED // 8} /dev/zero | tr '\\0' x; head -c {PRINTED // 8} /dev/zero | tr '\\0' y >&2"
    job = cluster.submit("0:8", "--collect", "--fold", "none", "--step", "1", "--", "sh", "-c", script)
    assert (job, cluster.wait(job)["state"]) == (1, "done")
    operator = cluster.peer()
    program = {"words": ["./sim", "x" * PROGRAM_BYTES], "streams": False, "run_width": 1, "timeout_ms": 0,
               "memory_bytes": 0, "collects": False, "env": [], "files": []}
    require = [{"key": "zone", "value": "nowhere"}]
    for _ in range(JOBS):
        spec = {**job_spec(0, 10, "exec"), "program": program, "require": require}
        assert operator.ask("submit", id=new_request(), spec=spec)["t"] == "submitted"
    yield cluster


ASKED: dict[str, dict[str, Any]] = {
    "ask_jobs": {},
    "ask_job": {"job": 2},
    "ask_job_ids": {"which": "any", "first": 0, "last": 2**63},
    "ask_each": {"jobs": list(range(2, 258))},
    "ask_agents": {},
    "ask_events": {"after": 0},
    "ask_explanation": {"job": 2},
    "ask_logs": {"job": 1, "after": 0, "failed": False},
    "ask_output": {"job": 1, "begin": 0, "offset": 0},
    "ask_provenance": {"job": 1, "begin": 0},
    "verify": {"job": 1},
}


def viewer_keys(cluster: Cluster, name: str) -> tuple[str, str]:
    public, secret = (key.decode() for key in zmq.curve_keypair())
    made = cluster.peer().ask("authorize", role="viewer", public_key=public, name=name)
    assert made["t"] == "authorized", made
    return public, secret


def beat_times(cluster: Cluster, agent: HandAgent, count: int) -> list[float]:
    times = []
    for _ in range(count):
        began = time.monotonic()
        agent.beat()
        times.append(time.monotonic() - began)
    return sorted(times)


def p99(times: list[float]) -> float:
    return times[int(len(times) * 0.99)]


@pytest.mark.parametrize("kind", ASKED)
def test_questions_of_a_viewer_that_reads_nothing(busy: Cluster, measured: Measured, kind: str) -> None:
    head = busy.head
    agent = HandAgent(busy.speaker(busy.key("agent")), name="hand", slots=1)
    quiet = beat_times(busy, agent, BEATS)
    keys = viewer_keys(busy, f"viewer-of-{kind}")
    greedy = Peer(busy.speaker(keys, options=SMALL_BUFFERS))
    answer = greedy.ask(kind, **ASKED[kind])
    assert answer["t"] != "refusal", answer
    forget_peak_of(head.pid)
    for _ in range(QUESTIONS):
        greedy.send(kind, **ASKED[kind])
    among = beat_times(busy, agent, BEATS)
    innocent = busy.run("pq-status", "1", "--json", "--timeout", f"{PATIENCE_S:.0f}s")
    assert innocent.status == 0, innocent
    assert head.is_running()
    peak = peak_mb_of(head.pid)
    measured.note(
        f"{kind}: head {peak:.0f} MB at most; "
        f"beats p99 {in_milliseconds(p99(among))}, idle {in_milliseconds(p99(quiet))}"
    )
    assert peak <= HEAD_MB_MOST
    agent.say_goodbye()
    busy.hang_up(greedy.speaker)


def test_questions_that_are_read_are_all_answered_in_order(busy: Cluster) -> None:
    greedy = Peer(busy.speaker(viewer_keys(busy, "reader"), options=UNBOUNDED))
    asked = [greedy.send("ask_job", job=2) for _ in range(QUESTIONS)]
    asked += [greedy.send("ask_jobs") for _ in range(20)]
    assert [greedy.receive()["q"] for _ in asked] == asked


def test_large_nonsense_on_four_connections(busy: Cluster, measured: Measured) -> None:
    nonsense = pack("ask_job", {"q": 1, "job": "x" * ((1 << 20) - 100)})
    forget_peak_of(busy.head.pid)
    peers = [busy.peer() for _ in range(4)]
    for _ in range(700):
        for peer in peers:
            peer.speaker.send(nonsense)
    innocent = busy.run("pq-status", "1", "--json", "--timeout", f"{PATIENCE_S:.0f}s")
    assert innocent.status == 0, innocent
    peak = peak_mb_of(busy.head.pid)
    measured.note(f"4 × 700 bad messages of 1 MiB: head {peak:.0f} MB at most")
    assert peak <= HEAD_MB_MOST
    busy.close_speakers()


def test_one_connection_waits_for_64_jobs_and_others_wait_all_the_same(busy: Cluster) -> None:
    greedy = busy.peer()
    for job in range(2, 102):
        greedy.send("wait", job=job, patience_ms=1000)
    refused = [greedy.receive() for _ in range(100 - 64)]
    assert {(answer["t"], answer["word"]) for answer in refused} == {("refusal", "too_much")}
    assert busy.peer().ask("wait", job=2, patience_ms=50)["t"] == "job"
    assert [greedy.receive()["t"] for _ in range(64)] == ["job"] * 64
    assert greedy.ask("wait", job=2, patience_ms=1)["t"] == "job"
