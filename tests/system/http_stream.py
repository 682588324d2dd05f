"""The head's HTTP as a script reads it: pages, and a stream of changes as a browser's EventSource would."""

from __future__ import annotations

import http.client
import json
import socket
import time
from typing import Any, NamedTuple

import schemas
from cluster import Cluster
from waiting import PATIENCE_S, eventually

Json = dict[str, Any]


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Json:
        told = json.loads(self.body)
        schemas.check(told)
        return told


class Http:
    """The pages of the head of this cluster."""

    def __init__(self, cluster: Cluster) -> None:
        path = cluster.state_dir / "head.http"
        address = eventually(lambda: path.exists() and path.read_text().strip(), "HTTP is served")
        self.host, _, port = address.rpartition(":")
        self.port = int(port)

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def json(self, path: str) -> Json:
        answer = self.get(path)
        assert answer.status == 200, answer
        return answer.json()

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=PATIENCE_S)

    def stream(self) -> Stream:
        return Stream(self.connect(), f"{self.host}:{self.port}")


class Stream:
    """Each message is held against its schema. `jobs` and `agents` are kept as a browser would."""

    def __init__(self, connection: socket.socket, host: str) -> None:
        self._connection = connection
        connection.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n".encode())
        self._file = connection.makefile("rb")
        self.status = self._file.readline().decode().strip()
        self.headers: dict[str, str] = {}
        while line := self._file.readline().decode().strip():
            name, _, value = line.partition(": ")
            self.headers[name.lower()] = value
        self.retry_ms: int | None = None
        self.words: list[str] = []
        self.jobs: dict[int, Json] = {}
        self.agents: dict[str, Json] = {}
        self.events: list[Json] = []
        self.ticks: list[Json] = []

    def close(self) -> None:
        self._file.close()
        self._connection.close()

    def next(self) -> str | None:
        """The word of the next message, once it is taken in; None at the end."""
        word = ""
        data: Json | None = None
        while True:
            line = self._file.readline()
            if not line:
                return None
            key, _, value = line.decode().rstrip("\n").partition(": ")
            if key == "event":
                word = value
            elif key == "data":
                data = json.loads(value)
            elif key == "retry":
                self.retry_ms = int(value)
            elif data is not None:
                schemas.check(data)
                self._take(word, data)
                return word

    def _take(self, word: str, data: Json) -> None:
        self.words.append(word)
        if word == "jobs":
            self.jobs.update({job["id"]: job for job in data["jobs"]})
        elif word == "agents":
            self.agents.update({agent["name"]: agent for agent in data["agents"]})
        elif word == "gone":
            for job in data["jobs"]:
                del self.jobs[job]
            for agent in data["agents"]:
                del self.agents[agent]
        elif word == "events":
            self.events += data["events"]
        elif word == "tick":
            self.ticks.append(data)

    def until(self, condition: Any, what: str, within: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
            assert self.next() is not None, f"the stream has ended before: {what}"
