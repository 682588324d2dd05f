#!/usr/bin/env python3
"""Measures pq against named references in the same run and prints one table.

Every claim is a ratio of the medians of paired runs (A B A B …); absolute times only inform. Run it on an otherwise
idle machine: tests/bench/run.py [--quick] [--only NAME]... [--bin DIR].
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Row:
    """One line of the table. `ratio` is measured / reference; `target` says what it should be."""

    name: str
    measured: str
    reference: str
    ratio: str
    target: str


class Cluster:
    """A head and agents of this build, in a directory of their own, on a free port."""

    def __init__(self, binaries: Path, slots: int = 0, *agent_flags: str) -> None:
        self.binaries = binaries
        self.scratch = tempfile.TemporaryDirectory(prefix="pq-bench-")
        self.state = self.scratch.name
        self.processes = [self.start("pqd", "--listen", "tcp://127.0.0.1:*", "--http", "none", "--log-level", "error")]
        if slots:
            self.processes.append(self.start("pq-agent", "--slots", str(slots), "--log-level", "error", *agent_flags))
        while not (Path(self.state) / "head.endpoint").exists():
            time.sleep(0.01)
        while slots and self.active_agents() == 0:
            time.sleep(0.01)

    def start(self, program: str, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([self.binaries / program, "--state-dir", self.state, *words])

    def run(self, program: str, *words: str) -> str:
        command = [str(self.binaries / program), "--state-dir", self.state, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def active_agents(self) -> int:
        agents = json.loads(self.run("pq-agents", "--json"))["agents"]
        return sum(agent["state"] == "active" for agent in agents)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
            process.wait()
        self.scratch.cleanup()


@contextlib.contextmanager
def cluster(binaries: Path, slots: int = 0, *agent_flags: str) -> Iterator[Cluster]:
    running = Cluster(binaries, slots, *agent_flags)
    try:
        yield running
    finally:
        running.stop()


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def paired(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> tuple[float, float, float]:
    """Medians of both, and the median of the ratios pair by pair."""
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    ratios = [a / b for a, b in pairs]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs), statistics.median(ratios)


def primesieve(begin: str, width: str, expected: list[str]) -> None:
    command = ["primesieve", begin, f"-d{width}", "-t2", "-q"]
    expected.append(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def bench_seed_job(binaries: Path, rounds: int) -> list[Row]:
    with cluster(binaries, slots=2) as pq:
        totals: list[str] = []
        ours = lambda: totals.append(pq.run("pq-submit", "--range", "1e7:6e7", "--wait"))
        expected: list[str] = []
        theirs = lambda: primesieve("1e7", "49999999", expected)
        ours()
        a, b, ratio = paired(ours, theirs, 10 * rounds)
        check_totals(totals, expected)
        job = json.loads(pq.run("pq-status", totals and "1", "--json"))
        inside_ms = job["finished_unix_ms"] - job["created_unix_ms"]
    return [
        Row("seed job 1e7:6e7, submit to total", f"{a * 1e3:.1f} ms", f"primesieve -t2 {b * 1e3:.1f} ms",
            f"{ratio:.2f} ×", "at most 30 ms"),
        Row("  of it inside the head", f"{inside_ms} ms", "", "", ""),
    ]


def bench_long(binaries: Path, begin: str, width: str, target: str, rounds: int) -> list[Row]:
    with cluster(binaries, slots=2) as pq:
        totals: list[str] = []
        expected: list[str] = []
        ours = lambda: totals.append(pq.run("pq-submit", "--range", f"{begin}:+{width}", "--wait"))
        theirs = lambda: primesieve(begin, str(int(float(width)) - 1), expected)
        a, b, ratio = paired(ours, theirs, rounds)
        check_totals(totals, expected)
    return [
        Row(f"count {begin}:+{width}, 2 slots", f"{a:.2f} s", f"primesieve -t2 {b:.2f} s", f"{ratio:.3f} ×", target)
    ]


def check_totals(totals: list[str], expected: list[str]) -> None:
    if set(totals) != set(expected) or len(set(totals)) != 1:
        sys.exit(f"wrong total: pq says {set(totals)}, primesieve {set(expected)}")


def bench_width(binaries: Path, rounds: int) -> list[Row]:
    def rows_and_bytes(range_text: str) -> tuple[int, int]:
        with cluster(binaries) as pq:
            job = pq.run("pq-submit", "--range", range_text)
            spans = re.search(r"(\d+) spans?", pq.run("pq-verify", job))
            size = sum(f.stat().st_size for f in Path(pq.state).glob("pq.db*"))
            return int(spans.group(1)) if spans else -1, size

    wide, narrow = rows_and_bytes("0:1e18"), rows_and_bytes("0:1e7")
    with cluster(binaries) as pq:
        a, b, ratio = paired(lambda: pq.run("pq-submit", "--range", "0:1e18"),
                             lambda: pq.run("pq-submit", "--range", "0:1e7"), 20 * rounds)
    return [
        Row("submit 0:1e18", f"{a * 1e3:.1f} ms", f"submit 0:1e7 {b * 1e3:.1f} ms", f"{ratio:.2f} ×", "1 ×"),
        Row("  rows, bytes on disk", f"{wide[0]}, {wide[1]}", f"{narrow[0]}, {narrow[1]}",
            f"{wide[1] / narrow[1]:.2f} ×", "1 ×"),
    ]


def bench_pairs(binaries: Path, rounds: int) -> list[Row]:
    program = str(binaries / "pq-bench-pairs")

    def rate(*words: str) -> float:
        return float(subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout)

    rows = []
    with tempfile.TemporaryDirectory(prefix="pq-bench-") as bare_dir:
        bare = rate("--sqlite", bare_dir, "1", str(rounds))
    with tempfile.TemporaryDirectory(prefix="pq-bench-") as bare_dir:
        bare_grouped = rate("--sqlite", bare_dir, "1000", str(rounds))
    rows.append(
        Row("bare SQLite, FULL: rows a second", f"{bare:,.0f}", f"1000 a transaction: {bare_grouped:,.0f}", "", "")
    )
    for agents, slots in ((1, 256), (16, 64), (256, 8)):
        with cluster(binaries) as pq:
            pq.run("pq-submit", "--range", "0:1e18")
            pairs = rate(pq.state, str(agents), str(slots), str(2 * rounds))
        rows.append(Row(f"grant + commit pairs a second, {agents} agents × {slots} slots", f"{pairs:,.0f}",
                        "bare SQLite, one row each", f"{pairs / bare:.1f} ×", "100,000"))
    return rows


def bench_programs(binaries: Path, rounds: int) -> list[Row]:
    """`true` for each integer, beside a loop that does nothing but start it and wait, and beside GNU parallel."""
    runs = 4000
    true = shutil.which("true") or "/bin/true"
    with cluster(binaries, 2, "--allow-exec") as pq:
        ours = lambda: pq.run(
            "pq-submit", "--range", f"0:{runs}", "--step", "1", "--fold", "none", "--wait", "--", true
        )
        theirs = lambda: subprocess.run(
            [binaries / "pq-bench-spawn", str(runs), "2", true], check=True, capture_output=True
        )
        ours()
        a, b, ratio = paired(theirs, ours, 2 * rounds)
        rows = [Row("programs a second, `true` for each integer, 2 slots", f"{runs / b:,.0f}",
                    f"posix_spawn + waitpid {runs / a:,.0f}", f"{ratio:.2f} ×", "at least 0.9 ×")]
        if shutil.which("parallel"):
            few = 500
            numbers = "".join(f"{n}\n" for n in range(few))
            parallel = lambda: subprocess.run(["parallel", "--will-cite", "-j2", true, "#"], input=numbers, text=True,
                                              check=True, capture_output=True)
            parallel()
            c = statistics.median(seconds(parallel) for _ in range(rounds))
            rows.append(
                Row(
                    "  the same",
                    f"{runs / b:,.0f}",
                    f"GNU parallel -j2 {few / c:,.0f}",
                    f"{runs / b * c / few:.1f} ×",
                    "",
                )
            )
    return rows


def show(rows: list[Row]) -> None:
    cells = [("what", "pq", "reference", "ratio", "target")]
    cells += [(row.name, row.measured, row.reference, row.ratio, row.target) for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(5)]
    for line in cells:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of each")
    parser.add_argument(
        "--rounds", type=int, default=5, help="pairs of the long counts; the short benches do multiples"
    )
    parser.add_argument("--only", action="append", help="seed, long, far, width, pairs or programs")
    parser.add_argument("--bin", type=Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    rounds = 1 if options.quick else options.rounds
    os.environ.pop("PQ_STATE_DIR", None)
    benches: dict[str, Callable[[], list[Row]]] = {
        "seed": lambda: bench_seed_job(options.bin, rounds),
        "long": lambda: bench_long(options.bin, "1e12", "1e11", "at most 1.02 ×", rounds),
        "far": lambda: bench_long(options.bin, "1e18", "1e11", "at most 1.05 ×", rounds),
        "width": lambda: bench_width(options.bin, rounds),
        "pairs": lambda: bench_pairs(options.bin, rounds),
        "programs": lambda: bench_programs(options.bin, rounds),
    }
    show([row for name, bench in benches.items() if not options.only or name in options.only for row in bench()])


if __name__ == "__main__":
    main()
