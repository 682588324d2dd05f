#!/usr/bin/python3
"""What dashboards cost the beats of a fleet: 256 simulated agents that compute, without and with 100 dashboards.

Each dashboard reads a stream of changes and asks for a job's ledger and for all agents once a second. In rounds of some
seconds (without, with, without, with …) the head's own histogram of turns and the time until each beat is answered are
measured; --hostile adds a part with clients that are slow or never read. Browsers compute elsewhere, so the process
that plays them here has the lowest priority. Run it on an otherwise idle machine, with PQ_BIN for another build:
tests/bench/dashboards.py [--agents 256] [--dashboards 100] [--rounds 5] [--seconds 10] [--hostile]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import select
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import zmq

from run import ROOT, Row, show

sys.path.insert(0, str(ROOT / "tests/system"))
from cluster import Cluster  # noqa: E402
from conftest import temporary_cluster  # noqa: E402
from peer import HandAgent  # noqa: E402
from program import die_with_parent  # noqa: E402

SLOTS = 2
BEAT_S = 1.0
STEPS_PER_LEASE = 30
HOSTILE_OF_EACH_KIND = 100
TURN = re.compile(r'^pq_turn_duration_seconds_bucket\{le="([^"]+)"\} (\d+)$', re.MULTILINE)


# ---------------------------------------------------------------- agents: a process of its own


class Fleet:
    """Agents that beat once a second, spread over it, and commit a part of each lease each time."""

    def __init__(self, cluster: Cluster, count: int) -> None:
        self._poller = zmq.Poller()
        self._agents: dict[Any, HandAgent] = {}
        for number in range(count):
            agent = HandAgent(cluster.speaker(cluster.key("agent")), f"simulated-{number}", SLOTS)
            socket = agent.speaker._socket
            self._poller.register(socket, zmq.POLLIN)
            self._agents[socket] = agent
        began = time.monotonic()
        self._due = {socket: began + BEAT_S * i / count for i, socket in enumerate(self._agents)}
        self._said: dict[Any, float] = {}

    def run(self, seconds: float) -> list[float]:
        """How long each beat of these seconds waited for its answer."""
        took_s: list[float] = []
        ends = time.monotonic() + seconds
        while (now := time.monotonic()) < ends:
            for socket, due in self._due.items():
                if due <= now:
                    self._due[socket] = max(due + BEAT_S, now)
                    self._beat(socket)
            wait_s = min(min(self._due.values()), ends) - time.monotonic()
            for socket, _ in self._poller.poll(max(wait_s, 0) * 1000):
                agent = self._agents[socket]
                orders = agent._hear()
                if socket in self._said:  # else they came unasked
                    took_s.append(time.monotonic() - self._said.pop(socket))
                if orders["t"] == "orders":
                    agent._follow(orders)
        return took_s

    def _beat(self, socket: Any) -> None:
        agent = self._agents[socket]
        for lease in agent.held.values():
            width = max((lease.end - lease.begin) // STEPS_PER_LEASE, 1)
            lease.commit(min(lease.upto + width, lease.end), lease.upto - lease.begin)
        self._said[socket] = time.monotonic()
        agent.say_beat()


# ---------------------------------------------------------------- dashboards: another process


@dataclass
class Viewers:
    """`dashboards.py view ADDRESS JOB COUNT HOSTILE`, until its stdin ends; then it tells what they have seen."""

    process: subprocess.Popen[str]

    def finish(self) -> dict[str, Any]:
        told, _ = self.process.communicate("", timeout=60)
        return json.loads(told)


def view(address: str, job: int, count: int, hostile: int) -> Viewers:
    words = [sys.executable, __file__, "view", address, str(job), str(count), str(hostile)]
    process = subprocess.Popen(
        ["nice", "-n", "19", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )
    assert process.stdout
    process.stdout.readline()  # all are there
    return Viewers(process)


@dataclass
class Seen:
    ticks: int = 0
    pages: int = 0
    bytes: int = 0
    refused: int = 0
    pages_s: list[float] = field(default_factory=list)


async def ask(host: str, port: int, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 25)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return reader, writer


async def follow(host: str, port: int, seen: Seen) -> None:
    while True:
        reader, writer = await ask(host, port, "/api/v1/stream")
        with contextlib.suppress(ConnectionError):
            while part := await reader.read(1 << 20):
                seen.bytes += len(part)
                seen.ticks += part.count(b"event: tick")
        writer.close()
        seen.refused += 1
        await asyncio.sleep(0.5)


async def poll(host: str, port: int, paths: Sequence[str], after_s: float, seen: Seen) -> None:
    await asyncio.sleep(after_s)
    while True:
        began = time.monotonic()
        for path in paths:
            asked = time.monotonic()
            reader, writer = await ask(host, port, path)
            answer = await reader.read(-1)
            writer.close()
            seen.pages_s.append(time.monotonic() - asked)
            seen.bytes += len(answer)
            seen.pages += answer.startswith(b"HTTP/1.1 200 ")
        await asyncio.sleep(max(1 - (time.monotonic() - began), 0))


async def annoy(host: str, port: int, kind: int) -> None:
    """Half a request, a byte at a time; nothing; a stream, or a page, that is never read."""
    said = (b"GET / HTTP/1.1\r\nX: ", b"", f"GET /api/v1/stream HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(),
            f"GET /api/v1/agents HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())[kind]
    while True:
        with contextlib.suppress(ConnectionError):
            reader, writer = await asyncio.open_connection(host, port, limit=1024)  # reads no more than that by itself
            writer.write(said)
            while not reader.at_eof() and not writer.is_closing():
                await asyncio.sleep(0.5)
                if kind == 0:
                    writer.write(b"x")
                    await writer.drain()
            writer.close()


async def look(address: str, job: int, count: int, hostile: int) -> None:
    host, _, port_text = address.rpartition(":")
    port = int(port_text)
    seen = Seen()
    paths = (f"/api/v1/jobs/{job}/ledger", "/api/v1/agents")
    tasks = [asyncio.create_task(follow(host, port, seen)) for _ in range(count)]
    tasks += [asyncio.create_task(poll(host, port, paths, i / count, seen)) for i in range(count)]
    tasks += [asyncio.create_task(annoy(host, port, i % 4)) for i in range(hostile)]
    await asyncio.sleep(1.5)
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    ordered = sorted(seen.pages_s) or [0.0]
    print(json.dumps({
        "ticks": seen.ticks, "pages": seen.pages, "bytes": seen.bytes, "cut_off": seen.refused,
        "page_p50_s": statistics.median(ordered), "page_p99_s": ordered[int(0.99 * (len(ordered) - 1))],
    }))


# ---------------------------------------------------------------- what is measured


def turns(address: str) -> dict[float, int]:
    """How many turns took at most so many seconds, since the head's start."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    return {float(bound): int(count) for bound, count in TURN.findall(text)}


@dataclass
class Part:
    """All rounds of one kind."""

    name: str
    beats_s: list[float] = field(default_factory=list)
    turns: dict[float, int] = field(default_factory=dict)
    seen: list[dict[str, Any]] = field(default_factory=list)

    def measure(self, fleet: Fleet, address: str, seconds: float) -> None:
        before = turns(address)
        self.beats_s += fleet.run(seconds)
        after = turns(address)
        for bound, count in after.items():
            self.turns[bound] = self.turns.get(bound, 0) + count - before.get(bound, 0)

    def beat_s(self, share: float) -> float:
        ordered = sorted(self.beats_s)
        return ordered[int(share * (len(ordered) - 1))]

    def turn_s(self, share: float) -> float:
        """Within its bucket as if turns were spread evenly, as Prometheus reckons."""
        bounds = sorted(self.turns)
        wanted = share * self.turns[bounds[-1]]
        below, low = 0, 0.0
        for bound in bounds:
            if self.turns[bound] >= wanted and bound != float("inf"):
                inside = self.turns[bound] - below
                return low + (bound - low) * ((wanted - below) / inside if inside else 1)
            below, low = self.turns[bound], bound
        return low


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms"


def rows(parts: list[Part]) -> Iterator[Row]:
    base = parts[0]
    for part in parts[1:]:
        for what, quantile in (("turn, p50", 0.5), ("turn, p99", 0.99)):
            a, b = part.turn_s(quantile), base.turn_s(quantile)
            yield Row(f"{what}, {part.name}", milliseconds(a), f"{base.name} {milliseconds(b)}", f"{a / b:.2f} ×", "")
        for what, quantile in (("beat to answer, p50", 0.5), ("beat to answer, p99", 0.99)):
            a, b = part.beat_s(quantile), base.beat_s(quantile)
            yield Row(f"  {what}", milliseconds(a), milliseconds(b), f"{a / b:.2f} ×", "")
        keys = ("ticks", "pages", "bytes", "cut_off")
        ticks, pages, bytes_, cut = (sum(seen[key] for seen in part.seen) for key in keys)
        page_s = statistics.median(seen["page_p99_s"] for seen in part.seen)
        yield Row("  seen by the dashboards", f"{ticks} ticks, {pages} pages, {bytes_ / 1e6:.0f} MB",
                  f"streams cut off: {cut}", f"page p99 {page_s * 1e3:.0f} ms", "")
    if len(parts) < 2:
        yield Row("turn, p99", milliseconds(base.turn_s(0.99)), "", "", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=256)
    parser.add_argument("--dashboards", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--hostile", action="store_true", help="a third part, with clients that mean no good")
    options = parser.parse_args()
    with temporary_cluster() as cluster:
        cluster.start_head("--http", "127.0.0.1:*", "--log-level", "info")
        address = (cluster.state_dir / "head.http").read_text().strip()
        job = cluster.submit("0:1e18")
        fleet = Fleet(cluster, options.agents)
        fleet.run(5)
        parts = [Part("nobody looks"), Part(f"{options.dashboards} dashboards")]
        if options.hostile:
            parts.append(Part(f"and {4 * HOSTILE_OF_EACH_KIND} hostile"))
        for _ in range(options.rounds):
            for part, hostile in zip(parts, (0, 0, 4 * HOSTILE_OF_EACH_KIND)):
                viewers: Viewers | None = None
                if part is not parts[0]:
                    viewers = view(address, job, options.dashboards, hostile)
                fleet.run(1.5)
                part.measure(fleet, address, options.seconds)
                if viewers:
                    part.seen.append(viewers.finish())
        beats = sum(len(part.beats_s) for part in parts)
        print(f"{options.agents} agents × {SLOTS} slots, {beats} beats measured", flush=True)
        show(list(rows(parts)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["view"]:
        asyncio.run(look(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])))
    else:
        main()
