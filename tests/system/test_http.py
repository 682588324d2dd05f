"""What a head tells by HTTP: every page in its schema, to those who ask for this head; a stream of what changes; and
clients that are slow or mean no good, of whom the beats of agents notice nothing.
"""

from __future__ import annotations

import gzip
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from cluster import QUICK_BEATS, SHORT_TERM, Cluster
from http_stream import Http, Stream
from measured import Measured, spread
from peer import HandAgent
from process_state import threads_of
from program import REPOSITORY
from waiting import eventually, pause

HTTP = ("--http", "127.0.0.1:*")
DASHBOARD = REPOSITORY / "daemon" / "dashboard"
SLOW_OF_EACH_KIND = 40
STREAMS_THAT_NOBODY_READS = 100
DASHBOARDS = 20
BEATS = 100
THREADS = 2  # one serves all connections, one renders


@pytest.fixture
def http(cluster: Cluster) -> Http:
    cluster.start_head(*QUICK_BEATS, *HTTP)
    return Http(cluster)


# ---------------------------------------------------------------- pages


def test_every_page_is_in_its_schema(cluster: Cluster, http: Http) -> None:
    cluster.start_agent("a1", "--allow-exec", slots=2)
    job = cluster.submit("1e7:6e7")
    cluster.wait(job)
    program = "echo no luck >&2; [ $PQ_LO != 1 ]"
    failing = cluster.submit("0:3", "--attempts", "1", "--step", "1", "--fold", "none", "--", "sh", "-c", program)
    cluster.wait(failing)
    long = cluster.submit("1e12:+1e15")
    cluster.progress(long)

    def told(path: str, schema: str) -> dict[str, object]:
        answer = http.json(path)
        assert answer["schema"] == schema
        return answer

    assert [job["id"] for job in http.json("/api/v1/jobs")["jobs"]] == [job, failing, long]
    assert told(f"/api/v1/jobs/{job}", "pq.job/1")["value"] == "2897536"
    assert told(f"/api/v1/jobs/{failing}", "pq.job/1")["failed_spans"][0]["begin"] == "1"
    done = {"begin": "10000000", "end": "60000000", "state": "done"}
    assert told(f"/api/v1/jobs/{job}/ledger", "pq.ledger/1")["spans"] == [done]
    spans = told(f"/api/v1/jobs/{long}/ledger", "pq.ledger/1")["spans"]
    assert [span["end"] for span in spans[:-1]] == [span["begin"] for span in spans[1:]], "spans tile the range"
    assert {span["state"] for span in spans} >= {"leased", "free"}
    assert told(f"/api/v1/jobs/{failing}/explanation", "pq.explanation/1")["reasons"]
    eventually(lambda: told(f"/api/v1/jobs/{long}/history", "pq.history/1")["samples"], "the job's speed is sampled")
    logs = told(f"/api/v1/jobs/{failing}/logs", "pq.logs/1")
    assert "no luck\n" in [entry["text"] for entry in logs["entries"]]
    assert told("/api/v1/history", "pq.history/1")["job"] is None
    assert [agent["name"] for agent in told("/api/v1/agents", "pq.agents/1")["agents"]] == ["a1"]
    events = told("/api/v1/events", "pq.events/1")["events"]
    assert [int(event["number"]) for event in events] == sorted(int(event["number"]) for event in events)
    of_failing = told(f"/api/v1/events?job={failing}&what=program_failed&limit=1", "pq.events/1")["events"]
    assert [(event["job"], event["what"]) for event in of_failing] == [(failing, "program_failed")]
    after = events[-2]["number"]
    assert told(f"/api/v1/events?after={after}", "pq.events/1")["events"][0]["number"] == events[-1]["number"]
    for path in ("/healthz", "/readyz"):
        assert http.get(path).body == b"ok\n"
    assert b"pq_build_info" in http.get("/metrics").body


def test_what_is_not_there_or_makes_no_sense_is_refused_in_words(http: Http) -> None:
    def refused(path: str, status: int, word: str, method: str = "GET") -> str:
        answer = http.get(path, method)
        assert (answer.status, answer.json()["error"]["word"]) == (status, word)
        return answer.json()["error"]["text"]

    assert "/api/v1/stream" in refused("/nothing", 404, "no_such_page")
    refused("/assets/nothing.js", 404, "no_such_page")
    refused("/api/v1/jobs/7/ledger", 404, "no_such_job")
    refused("/api/v1/jobs/seven/ledger", 404, "no_such_job")
    assert "head_started" in refused("/api/v1/events?what=nonsense", 400, "malformed")
    assert "limit" in refused("/api/v1/events?limit=0", 400, "malformed")
    assert "after, job, agent, what or limit" in refused("/api/v1/events?jobs=7", 400, "malformed")
    refused("/api/v1/jobs", 405, "not_allowed", "POST")


def test_dashboard_is_served_from_the_program(http: Http) -> None:
    page = http.get("/")
    assert page.status == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.body == (DASHBOARD / "index.html").read_bytes()
    for file in DASHBOARD.iterdir():
        asset = http.get(f"/assets/{file.name}")
        if file.suffix not in (".css", ".html", ".js", ".svg"):  # of the tools that check it
            assert asset.status == 404, file.name
            continue
        assert asset.body == file.read_bytes(), file.name
        assert asset.headers["etag"] == f'"{hashlib.sha256(asset.body).hexdigest()}"'
    packed = http.get("/assets/chart.js", Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert b"Chart.js v3" in gzip.decompress(packed.body)
    known = http.get("/assets/chart.js", If_None_Match=packed.headers["etag"], Accept_Encoding="gzip")
    assert (known.status, known.body) == (304, b"")


def test_every_answer_has_the_headers_that_keep_it_at_home(http: Http) -> None:
    for path in ("/", "/assets/chart.js", "/api/v1/jobs", "/healthz", "/nothing", "/agents/none"):
        headers = http.get(path).headers
        policy = headers["content-security-policy"]
        assert all(rule in policy for rule in ("default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'")), path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == ("no-cache" if path in ("/", "/assets/chart.js") else "no-store")


def test_queue_is_told_only_to_those_who_ask_for_this_head(cluster: Cluster) -> None:
    cluster.environment["PQD_HTTP_HOST"] = "queue.example.org,other"
    cluster.start_head(*HTTP)
    http = Http(cluster)
    port = http.port
    own = ("127.0.0.1", f"127.0.0.1:{port}", "localhost", f"[::1]:{port}", socket.gethostname())
    for host in (*own, "Queue.example.org", "other:1"):
        assert http.get("/api/v1/jobs", Host=host).status == 200, host
    for host in ("evil.example", f"evil.example:{port}", "localhost.evil.example", "127.0.0.1.evil.example"):
        for path in ("/api/v1/jobs", "/metrics", "/", "/api/v1/stream"):
            answer = http.get(path, Host=host)
            assert answer.status == 421, (host, path)
            assert "--http-host" in answer.json()["error"]["text"]
    assert http.get("/healthz", Host="evil.example").status == 200
    refused = cluster.run("pqd", "--http-host", "a:80")
    assert refused.status == 2 and "no name of a machine" in refused.stderr


# ---------------------------------------------------------------- streams


def test_stream_tells_the_whole_and_then_what_changes(cluster: Cluster, http: Http) -> None:
    first = cluster.submit("1e7:+10")
    stream = http.stream()
    assert stream.status == "HTTP/1.1 200 OK"
    assert stream.headers["content-type"] == "text/event-stream"
    assert stream.headers["cache-control"] == "no-store"
    stream.until(lambda: stream.ticks, "a tick")
    assert stream.retry_ms == 2000
    assert stream.words == ["jobs", "agents", "events", "history", "tick"]
    assert stream.jobs.keys() == {first} and not stream.agents
    assert {event["what"] for event in stream.events} == {"head_started", "job_submitted"}
    cluster.start_agent("a1")
    cluster.wait(first)
    second = cluster.submit("1e7:+10")
    stream.until(lambda: "a1" in stream.agents and second in stream.jobs, "the agent and the second job")
    stream.until(lambda: all(job["state"] == "done" for job in stream.jobs.values()), "both are done")
    stream.until(lambda: stream.events[-1]["what"] == "job_ended", "the last event")
    numbers = [int(event["number"]) for event in stream.events]
    assert numbers == list(range(1, len(numbers) + 1)), "each event is told once"
    # A quiet head ticks. The agent is heard meanwhile, which is no news.
    told = len(stream.words)
    ticks = len(stream.ticks)
    stream.until(lambda: len(stream.ticks) >= ticks + 4, "four ticks")
    assert stream.words[told:].count("tick") == 4
    assert set(stream.words[told + 2 :]) == {"tick"}
    stream.close()


def test_stream_ends_with_the_head_and_begins_anew_with_the_next_one(cluster: Cluster) -> None:
    cluster.start_head(*SHORT_TERM, *HTTP)
    http = Http(cluster)
    cluster.start_agent("a1", slots=2)
    job = cluster.submit("1e12:+1e15")
    stream = http.stream()
    stream.until(lambda: job in stream.jobs and int(stream.jobs[job]["done"]) > 0, "progress")
    done = int(stream.jobs[job]["done"])
    cluster.head.kill()
    while stream.next() is not None:
        pass
    stream.close()
    cluster.start_head(*SHORT_TERM, "--http", f"127.0.0.1:{http.port}")
    again = http.stream()
    again.until(lambda: again.ticks, "a tick")
    assert again.words == ["jobs", "agents", "events", "history", "tick"]
    assert int(again.jobs[job]["done"]) >= done, "what was told had been stored"
    again.until(lambda: int(again.jobs[job]["done"]) > done, "more progress")
    # A head that is stopped says so by ending it at once.
    assert cluster.head.terminate().status == 0
    while again.next() is not None:
        pass


# ---------------------------------------------------------------- clients that mean no good


def slow_clients(http: Http, opened: ExitStack) -> Iterator[None]:
    """Half a request and then a byte now and then; nothing at all; a request whose answer nobody reads; no HTTP."""
    unread = f"GET / HTTP/1.1\r\nHost: {http.host}\r\n\r\n".encode()
    kinds = (b"GET /api/v1/jobs HTTP/1.1\r\nX-Slow: ", b"", unread, bytes(range(256)))
    sockets = [opened.enter_context(http.connect()) for _ in range(SLOW_OF_EACH_KIND * len(kinds))]
    for number, made in enumerate(sockets):
        made.sendall(kinds[number % len(kinds)])
    while True:
        for made in sockets[:: len(kinds)]:
            try:
                made.send(b"x", socket.MSG_NOSIGNAL)
            except OSError:
                pass  # cut off
        yield


def streams_that_nobody_reads(http: Http, opened: ExitStack) -> None:
    for _ in range(STREAMS_THAT_NOBODY_READS):
        made = opened.enter_context(http.connect())
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: {http.host}\r\n\r\n".encode())


def test_head_serves_a_crowd_with_two_threads(cluster: Cluster) -> None:
    """However many connections there are, and whatever each of them waits for."""
    without = len(threads_of(cluster.start_head(*QUICK_BEATS, "--http", "none").pid))
    assert cluster.head.terminate().status == 0
    head = cluster.start_head(*QUICK_BEATS, *HTTP)
    http = Http(cluster)
    with ExitStack() as opened:
        streams_that_nobody_reads(http, opened)
        slow = slow_clients(http, opened)
        next(slow)
        assert http.json("/api/v1/jobs")["jobs"] == []
        stream = http.stream()
        stream.until(lambda: stream.ticks, "a tick")
        assert len(threads_of(head.pid)) == without + THREADS, threads_of(head.pid)
        stream.close()


class Dashboard:
    """A stream that is read, in a thread of its own."""

    def __init__(self, http: Http) -> None:
        self.stream: Stream = http.stream()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while self.stream.next() is not None:
            pass


def test_slow_and_hostile_clients_hold_up_neither_beats_nor_dashboards(
    cluster: Cluster, http: Http, measured: Measured
) -> None:
    job = cluster.submit("0:1e18")
    agent = HandAgent(cluster.speaker(cluster.key("agent")))
    agent.beat_until_it_holds(1)

    def beats() -> list[float]:
        took_s = []
        for _ in range(BEATS):
            began = time.monotonic()
            assert agent.beat()["t"] == "orders"
            took_s.append(time.monotonic() - began)
            pause(0.01)
        return took_s

    measured.note(f"an agent's beat, nobody at HTTP: {spread(beats())}")
    with ExitStack() as opened:
        dashboards = [Dashboard(http) for _ in range(DASHBOARDS)]
        streams_that_nobody_reads(http, opened)
        slow = slow_clients(http, opened)
        next(slow)
        seen = [len(dashboard.stream.ticks) for dashboard in dashboards]
        took_s = beats()
        next(slow)
        crowd = f"{SLOW_OF_EACH_KIND * 4} slow clients, {STREAMS_THAT_NOBODY_READS} streams unread"
        measured.note(f"an agent's beat, {crowd}: {spread(took_s)}")
        for dashboard, ticks in zip(dashboards, seen):
            eventually(lambda: len(dashboard.stream.ticks) > ticks + 2, "a dashboard's stream goes on")
        began = time.monotonic()
        assert http.json(f"/api/v1/jobs/{job}/ledger")["spans"]
        measured.note(f"a page among them: {time.monotonic() - began:.3f} s")
    assert http.get("/healthz").body == b"ok\n"
