"""A double of the head's HTTP side for crowds and for moments that a real cluster makes rarely: it serves the real
dashboard, and answers and streams what a test has put into it, in the head's own schemas.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from program import REPOSITORY

Json = dict[str, Any]

PAGES = REPOSITORY / "daemon" / "dashboard"
CHART_JS = Path("/usr/share/javascript/chart.js/chart.min.js")
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy":
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
EVENTS_AT_FIRST = 200


def now_ms() -> int:
    return int(time.time() * 1000)


def job_report(job: int, begin: int = 0, end: int = 1_000_000, **fields: Any) -> Json:
    """A job of the kernel primes that runs and has done nothing yet, but for `fields`."""
    made: Json = {
        "schema": "pq.job/1", "id": job, "name": "", "state": "running", "kernel": "primes", "fold": "sum",
        "begin": str(begin), "end": str(end), "width": str(end - begin), "done": "0", "failed": "0", "value": None,
        "value_is_final": False, "recomputed": "0", "leases": {"granted": 0, "expired": 0, "yielded": 0},
        "attempts_failed": 0, "created_unix_ms": now_ms(), "started_unix_ms": now_ms(), "finished_unix_ms": None,
        "rate_per_s": 0, "eta_s": None, "error": None, "cpus": 1, "require": {}, "program": None, "attempts_max": 3,
        "failures_max": 100, "failed_spans": [], "unplaced": None, "priority": 0, "slots_busy": 0, "eta_low_s": None,
        "eta_high_s": None, "express": 0, "discarded": "0", "submitter": "",
    }
    return made | fields


def agent_report(name: str, slots: int = 1, **fields: Any) -> Json:
    made: Json = {
        "name": name, "state": "active", "slots": slots, "busy": 0, "rate_per_s": 0, "version": "0.1.0",
        "heard_ms_ago": 100, "kernels": ["primes", "exec"], "labels": {"arch": "x86_64"}, "notice": None,
        "notice_errors": 0, "beats_missed": 0, "leases": [], "express": True,
    }
    return made | fields


class HeadDouble:
    """Change `jobs`, `agents` and the rest under `with head.changing():`, and the stream tells it within `tick_s`."""

    def __init__(self, tick_s: float = 1.0) -> None:
        self.tick_s = tick_s
        self.jobs: dict[int, Json] = {}
        self.unlisted: dict[int, Json] = {}  # kept, and told to those who ask for one
        self.ended_left_out = 0
        self.agents: dict[str, Json] = {}
        self.events: list[Json] = []
        self.samples: list[Json] = []
        self.ledgers: dict[int, list[Json]] = {}
        self.reasons: dict[int, list[Json]] = {}
        self.job_samples: dict[int, list[Json]] = {}
        self.logs: dict[int, list[Json]] = {}
        self.streams = 0  # that were ever opened
        self.is_silent = False  # connections stay open, and nothing is said
        self._lock = threading.RLock()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0

    def changing(self) -> threading.RLock:
        return self._lock

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self, port: int = 0) -> None:
        """At the port that it had before, if it was stopped."""
        double = self

        class Handler(_Handler):
            head = double

        server = _Server(("127.0.0.1", port or self._port), Handler)
        self._port = server.server_address[1]
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self._server is None:
            return
        stopped, self._server = self._server, None
        stopped.shutdown()
        stopped.server_close()

    def is_serving(self, server: Any) -> bool:
        return self._server is server

    def happen(self, what: str, severity: str = "info", **fields: Any) -> None:
        with self._lock:
            event = {
                "number": str(len(self.events) + 1), "unix_ms": now_ms(), "what": what, "severity": severity,
                "job": None, "agent": None, "text": what.replace("_", " "), "detail": "",
            }
            self.events.append(event | fields)

    def answer(self, path: str, query: dict[str, list[str]]) -> Json | None:
        parts = path.removeprefix("/api/v1/").split("/")
        with self._lock:
            if parts == ["jobs"]:
                return self._jobs_json(list(self.jobs.values()))
            if parts == ["agents"]:
                return agents_json(list(self.agents.values()))
            if parts == ["events"]:
                return events_json(asked_events(self.events, query))
            if parts == ["history"]:
                return history_json(None, self.samples)
            if parts[0] == "jobs" and parts[1].isdigit() and int(parts[1]) in {**self.jobs, **self.unlisted}:
                return self._about_job(int(parts[1]), parts[2:])
        return None

    def _about_job(self, number: int, rest: list[str]) -> Json | None:
        job = {**self.jobs, **self.unlisted}[number]
        if not rest:
            return job
        if rest == ["ledger"]:
            free = {"begin": job["begin"], "end": job["end"], "state": "free", "attempts": 0}
            spans = self.ledgers.get(number) or [free]
            where = {key: job[key] for key in ("begin", "end", "width")}
            return {"schema": "pq.ledger/1", "job": number, **where, "spans": spans, "spans_in_all": len(spans)}
        if rest == ["explanation"]:
            reasons = self.reasons.get(number, [])
            return {"schema": "pq.explanation/1", "job": number, "state": job["state"], "reasons": reasons}
        if rest == ["history"]:
            return history_json(number, self.job_samples.get(number, []))
        if rest == ["logs"]:
            entries = self.logs.get(number, [])
            return {"schema": "pq.logs/1", "job": number, "failed": True, "entries": entries, "more": False}
        return None

    def parts_of_stream(self, seen: Json) -> list[tuple[str, Json]]:
        """What `seen`, the memory of one connection, has not been told yet."""
        parts: list[tuple[str, Json]] = []
        is_first = not seen
        with self._lock:
            jobs = {number: json.dumps(job) for number, job in self.jobs.items()}
            agents = {name: json.dumps(agent) for name, agent in self.agents.items()}
            changed_jobs = [self.jobs[n] for n, text in jobs.items() if seen.get("jobs", {}).get(n) != text]
            changed_agents = [self.agents[n] for n, text in agents.items() if seen.get("agents", {}).get(n) != text]
            gone = {
                "schema": "pq.gone/1",
                "jobs": [n for n in seen.get("jobs", {}) if n not in jobs],
                "agents": [n for n in seen.get("agents", {}) if n not in agents],
            }
            events = self.events[-EVENTS_AT_FIRST:] if is_first else self.events[seen["events"]:]
            samples = self.samples[seen.get("samples", 0):]
            seen.update(jobs=jobs, agents=agents, events=len(self.events), samples=len(self.samples))
        if is_first or changed_jobs:
            parts.append(("jobs", self._jobs_json(changed_jobs)))
        if is_first or changed_agents:
            parts.append(("agents", agents_json(changed_agents)))
        if gone["jobs"] or gone["agents"]:
            parts.append(("gone", gone))
        if is_first or events:
            parts.append(("events", events_json(events)))
        if is_first or samples:
            parts.append(("history", history_json(None, samples)))
        parts.append(("tick", {"schema": "pq.tick/1", "unix_ms": now_ms(), "version": "0.1.0"}))
        return parts

    def _jobs_json(self, jobs: list[Json]) -> Json:
        """Failed spans are told only of a job that is asked for alone."""
        live = len(self.unlisted)
        left_out = {"left_out": live + self.ended_left_out, "live_left_out": live}
        return {"schema": "pq.jobs/1", "jobs": [job | {"failed_spans": []} for job in jobs], **left_out}


def agents_json(agents: list[Json]) -> Json:
    return {"schema": "pq.agents/1", "agents": agents, "left_out": 0}


def events_json(events: list[Json]) -> Json:
    return {"schema": "pq.events/1", "events": events, "left_out": 0}


def history_json(job: int | None, samples: list[Json]) -> Json:
    return {"schema": "pq.history/1", "job": job, "samples": samples}


def asked_events(events: list[Json], query: dict[str, list[str]]) -> list[Json]:
    def is_asked(event: Json) -> bool:
        return all(str(event[key]) == query[key][0] for key in ("job", "agent", "what") if key in query)

    return [event for event in events if is_asked(event)][-1000:]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    head: HeadDouble
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/api/v1/stream":
            return self._stream()
        if url.path.startswith("/api/v1/"):
            answer = self.head.answer(url.path, parse_qs(url.query))
            if answer is not None:
                return self._send(200, "application/json", json.dumps(answer).encode())
            error = {"word": "no_such_job", "text": f"no such page here: {url.path}"}
            return self._send(404, "application/json", json.dumps({"schema": "pq.error/1", "error": error}).encode())
        file = PAGES / "index.html" if url.path == "/" else PAGES / url.path.removeprefix("/assets/")
        if url.path == "/assets/chart.js":
            file = CHART_JS
        if not file.is_file():
            return self._send(404, "text/plain", b"no such page\n")
        self._send(200, TYPES[file.suffix], file.read_bytes())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.head.streams += 1
        seen: Json = {}
        try:
            while self.head.is_serving(self.server):
                if not self.head.is_silent:
                    for name, data in self.head.parts_of_stream(seen):
                        self.wfile.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
                    self.wfile.flush()
                time.sleep(self.head.tick_s)
        except OSError:
            pass  # the browser has gone
