#!/usr/bin/env python3
"""A job on three real agents at speeds 1, 2 and 4, the middle one killed half-way: its time as a ratio to the ideal.

The speeds are made by stopping and continuing the processes (together 1.4 cores of 2), and measured just before and
just after each run; the ideal keeps every agent that lives busy until the end. Beside it, on processes throttled in the
same way, primesieve over chunks of a fixed size, handed out to whoever is idle (a lost chunk at once to the next).
Run it on an otherwise idle machine: tests/bench/makespan_real.py [--seconds 60] [--chunks 5 60 300] [--bin DIR].
"""
from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

from run import ROOT, Cluster, Row, show

BEGIN = 10**13
SHARES = {"slow": 0.2, "middle": 0.4, "fast": 0.8}  # of one core
DIES = "middle"
PERIOD_S = 0.05
CALIBRATION_S = 10.0


class Throttle:
    """Lets each process run for its share of every period, and stops it for the rest."""

    def __init__(self) -> None:
        self._shares: dict[int, float] = {}
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def add(self, process: subprocess.Popen[bytes], share: float) -> None:
        with self._lock:
            self._shares[process.pid] = share

    def remove(self, process: subprocess.Popen[bytes]) -> None:
        """To be called before the process is waited for: its number may be another's afterwards."""
        with self._lock:
            self._shares.pop(process.pid, None)
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)

    def close(self) -> None:
        self._ends.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ends.is_set():
            began = time.monotonic()
            self._signal_all(signal.SIGCONT, lambda _: True)
            for share in sorted(set(SHARES.values())):
                self._ends.wait(max(0.0, began + share * PERIOD_S - time.monotonic()))
                self._signal_all(signal.SIGSTOP, lambda own: own <= share)
            self._ends.wait(max(0.0, began + PERIOD_S - time.monotonic()))

    def _signal_all(self, number: signal.Signals, concerns: Callable[[float], bool]) -> None:
        with self._lock:
            for pid, share in self._shares.items():
                if concerns(share):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)


@contextlib.contextmanager
def throttle() -> Iterator[Throttle]:
    running = Throttle()
    try:
        yield running
    finally:
        running.close()


def measure_rates(throttled: Throttle) -> dict[str, float]:
    """Integers a second of each share, all three at once: one primesieve each, of about the same time."""
    began = time.monotonic()
    count(BEGIN, 10**10, throttled, max(SHARES.values()))
    full = 10**10 / (time.monotonic() - began) / max(SHARES.values())
    rates: dict[str, float] = {}

    def compute(name: str) -> None:
        width = int(full * SHARES[name] * CALIBRATION_S)
        began = time.monotonic()
        count(BEGIN, width, throttled, SHARES[name])
        rates[name] = width / (time.monotonic() - began)

    threads = [threading.Thread(target=compute, args=(name,)) for name in SHARES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return rates


def count(begin: int, width: int, throttled: Throttle, share: float) -> int | None:
    process = subprocess.Popen(["primesieve", str(begin), str(begin + width - 1), "-t1", "-q"], stdout=subprocess.PIPE)
    throttled.add(process, share)
    assert process.stdout is not None
    printed = process.stdout.read()
    throttled.remove(process)
    process.wait()
    return int(printed) if process.returncode == 0 else None


def width_of(rates: dict[str, float], ideal_s: float) -> int:
    return int(sum(rate * (ideal_s / 2 if name == DIES else ideal_s) for name, rate in rates.items()))


def ideal_of(rates: dict[str, float], width: int, died_s: float) -> float:
    """When the fleet would end at best, if the one that died did so after `died_s`."""
    remaining = sum(rate for name, rate in rates.items() if name != DIES)
    return (width - rates[DIES] * died_s) / remaining


def run_pq(binaries: Path, throttled: Throttle, width: int, dies_s: float) -> tuple[float, int]:
    cluster = Cluster(binaries)
    agents = {}
    for name, share in SHARES.items():
        agents[name] = cluster.start("pq-agent", "--slots", "1", "--name", name, "--log-level", "error")
        throttled.add(agents[name], share)
    while cluster.active_agents() < len(SHARES):
        time.sleep(0.05)
    began = time.monotonic()
    job = cluster.run("pq-submit", "--range", f"{BEGIN}:+{width}")
    time.sleep(dies_s)
    throttled.remove(agents[DIES])
    agents[DIES].kill()
    total = int(cluster.run("pq-wait", job))
    took = time.monotonic() - began
    for agent in agents.values():
        throttled.remove(agent)
        agent.kill()
        agent.wait()
    cluster.stop()
    return took, total


class Chunks:
    """Fixed chunks, each to the next idle worker, the fastest first."""

    def __init__(self, throttled: Throttle, width: int, chunk: int) -> None:
        ends = [min(at + chunk, width) for at in range(0, width, chunk)]
        self.waiting = [(BEGIN + at, end - at) for at, end in zip(range(0, width, chunk), ends)]
        self.left = len(self.waiting)
        self.total = 0
        self.throttled = throttled
        self.changed = threading.Condition()

    def work(self, name: str, dies_at: float | None) -> None:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.waiting or self.left == 0)
                if self.left == 0:
                    return
                chunk = self.waiting.pop(0)
            counted = self.count(chunk, SHARES[name], dies_at)
            with self.changed:
                if counted is None:
                    self.waiting.insert(0, chunk)
                else:
                    self.left -= 1
                    self.total += counted
                self.changed.notify_all()
            if counted is None:
                return

    def count(self, chunk: tuple[int, int], share: float, dies_at: float | None) -> int | None:
        if dies_at is None:
            return count(*chunk, self.throttled, share)
        begin, width = chunk
        process = subprocess.Popen(["primesieve", str(begin), str(begin + width - 1), "-t1", "-q"],
                                   stdout=subprocess.PIPE)
        self.throttled.add(process, share)
        try:
            printed, _ = process.communicate(timeout=max(0.0, dies_at - time.monotonic()))
            return int(printed)
        except subprocess.TimeoutExpired:
            self.throttled.remove(process)
            process.kill()
            process.wait()
            return None
        finally:
            self.throttled.remove(process)


def run_chunks(throttled: Throttle, width: int, chunk: int, dies_s: float) -> tuple[float, int]:
    began = time.monotonic()
    chunks = Chunks(throttled, width, chunk)
    threads = []
    for name in sorted(SHARES, key=lambda name: -SHARES[name]):
        dies_at = began + dies_s if name == DIES else None
        threads.append(threading.Thread(target=chunks.work, args=(name, dies_at)))
        threads[-1].start()
        time.sleep(0.01)
    for thread in threads:
        thread.join()
    return time.monotonic() - began, chunks.total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="that the ideal takes")
    parser.add_argument("--chunks", type=float, nargs="*", default=[5, 60, 300], help="seconds of the middle speed")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--bin", type=Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    rows = []
    totals = set()
    dies_s = options.seconds / 2
    with throttle() as throttled:
        rates = measure_rates(throttled)
        width = width_of(rates, options.seconds)
        runs = [("pq", lambda: run_pq(options.bin, throttled, width, dies_s))] * options.rounds
        for chunk_s in options.chunks:
            chunk = int(chunk_s * rates["middle"])
            runs.append((f"chunks of {chunk_s:g} s", lambda chunk=chunk: run_chunks(throttled, width, chunk, dies_s)))
        for name, run in runs:
            before = measure_rates(throttled)
            took, total = run()
            after = measure_rates(throttled)
            around = {share: (before[share] + after[share]) / 2 for share in SHARES}
            ideal = ideal_of(around, width, dies_s)
            totals.add(total)
            rows.append(Row(name, f"{took:.1f} s", f"ideal {ideal:.1f} s", f"{took / ideal:.3f} ×",
                            "at most 1.05 ×" if name == "pq" else ""))
            show(rows[-1:])
    show(rows)
    if len(totals) != 1:
        sys.exit(f"the totals differ: {totals}")


if __name__ == "__main__":
    main()
