#!/usr/bin/env python3
"""What a head takes for a fleet of agents with a TCP connection each, and how fast it answers them.

    tests/bench/fleet.py [--agents 1000 5000 10000] [--seconds 12] [--settle 20] [--head PQD] [--pings] [--idle-only]
    tests/bench/fleet.py --check

--check is a test: 5000 agents whose connections are older than 20 s and that say nothing cost the head's sockets
nothing. That is the share of what the same agents cost while they beat, in processor time, which other programs of a
busy machine change little. The latency of their beats is told always,
and asserted where the generator itself was in time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
AGENTS = 5000
SETTLE_S, MEASURED_S, QUIET_S = (
    13.0,
    8.0,
    6.0,
)  # all connections are older than 20 s before the end of the measured time
QUIET_SHARE_MAX = 0.1  # with the ZMTP heartbeats of 0.1.0 at the head it is 0.45, without 0.00
LATE_P99_MS_MAX = 5.0  # of the generator, for its latencies to say something of the head
LATENCY_P99_MS_MAX = 50.0


@dataclass(frozen=True)
class Sight:
    """One line of pq-bench-fleet."""

    told: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.told[name]

    @property
    def cpu_s(self) -> float:
        return float(self.turn_cpu_s + self.sockets_cpu_s)

    @property
    def quiet_share(self) -> float:
        """What the sockets take while nobody says anything, of what they take while all beat."""
        return float(self.quiet_sockets_cpu_s / self.quiet_s / (self.sockets_cpu_s / self.measured_s))

    @property
    def beats_per_s(self) -> float:
        return float(self.beats / self.measured_s)

    @property
    def ms_per_1000_beats(self) -> float:
        return self.cpu_s * 1e6 / max(self.beats, 1)

    def line(self) -> str:
        latency, lateness = (" / ".join(f"{ms:.3g}" for ms in times) for times in (self.latency_ms, self.lateness_ms))
        turn, sockets = self.turn_cpu_s / self.measured_s, self.sockets_cpu_s / self.measured_s
        return (
            f"{self.agents:6} agents, joined after {self.joined_after_s:5.1f} s: head {turn + sockets:.3f} cores"
            f" ({turn:.3f} + {sockets:.3f}), {self.ms_per_1000_beats:.1f} ms for 1000 beats,"
            f" {self.beats_per_s:.0f} beats/s, p50 / p99 / max {latency} ms (generator late {lateness} ms),"
            f" {self.quiet_share:.2f} of the sockets' time when all are quiet, {self.resident_mb:.0f} MB,"
            f" {self.refused} sends refused, {self.unanswered} beats unanswered"
        )


@contextlib.contextmanager
def head(program: Path, working_with: Path | None = None) -> Iterator[tuple[str, int]]:
    """Its state directory and process. `working_with` are the clients' binaries: there is a job that never ends."""
    with tempfile.TemporaryDirectory(prefix="pq-bench-") as state:
        words = ["--state-dir", state, "--listen", "tcp://127.0.0.1:*", "--http", "none", "--log-level", "error"]
        process = subprocess.Popen([program, *words])
        try:
            while not (Path(state) / "head.endpoint").exists():
                if process.poll() is not None:
                    sys.exit(f"the head has ended with status {process.returncode}")
                time.sleep(0.01)
            if working_with:
                submit = [working_with / "pq-submit", "--state-dir", state, "--range", "1e12:+1e18"]
                subprocess.run(submit, check=True, stdout=subprocess.DEVNULL)
            yield state, process.pid
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def measure(
    binaries: Path, program: Path, agents: int, times_s: tuple[float, float, float], pings: bool, works: bool
) -> Sight:
    """`times_s`: to settle, to measure, to be quiet."""
    with head(program, binaries if works else None) as (state, pid):
        words = [binaries / "pq-bench-fleet", state, str(pid), str(agents), *(str(time_s) for time_s in times_s)]
        ended = subprocess.run(words + ["pings"] * pings, check=True, capture_output=True, text=True)
    return Sight(json.loads(ended.stdout) | {"quiet_s": times_s[2]})


def check(binaries: Path, program: Path, pings: bool) -> int:
    sight = measure(binaries, program, AGENTS, (SETTLE_S, MEASURED_S, QUIET_S), pings, False)
    print(sight.line())
    wrong = []
    if sight.joined < AGENTS:
        wrong.append(f"only {sight.joined} of {AGENTS} agents have joined within {sight.joined_after_s:.0f} s")
    if sight.refused:
        wrong.append(f"{sight.refused} sends found no connection: some have been lost")
    if sight.quiet_share > QUIET_SHARE_MAX:
        wrong.append(f"connections that say nothing cost the head {sight.quiet_share:.2f} of what beats do, more than"
                     f" {QUIET_SHARE_MAX}: does a socket set ZMTP heartbeats?")
    p99, late = sight.latency_ms[1], sight.lateness_ms[1]
    if late <= LATE_P99_MS_MAX and p99 > LATENCY_P99_MS_MAX:
        wrong.append(f"beats are answered within {p99:.1f} ms (p99), more than {LATENCY_P99_MS_MAX:g} ms")
    for finding in wrong:
        print(f"fleet: {finding}", file=sys.stderr)
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--agents", type=int, nargs="+", default=[1000, 5000, 10_000])
    parser.add_argument("--seconds", type=float, default=12, help="measured, of each row")
    parser.add_argument("--settle", type=float, default=20, help="between the last that joined and the measured time")
    parser.add_argument("--bin", type=Path, default=ROOT / "build/release/bin")
    parser.add_argument("--head", type=Path, help="another head than that of --bin")
    parser.add_argument("--pings", action="store_true", help="agents with the ZMTP heartbeats of 0.1.0")
    parser.add_argument("--idle-only", action="store_true")
    options = parser.parse_args()
    os.environ.pop("PQ_STATE_DIR", None)
    program = options.head or options.bin / "pqd"
    if options.check:
        return check(options.bin, program, options.pings)
    for agents in options.agents:
        for works in (False, True)[: 1 if options.idle_only else 2]:
            times_s = (options.settle, options.seconds, QUIET_S)
            sight = measure(options.bin, program, agents, times_s, options.pings, works)
            print(f"{'working' if works else 'idle   '} {sight.line()}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
