#!/usr/bin/env python3
"""Measures Python functions through pq beside a pool of processes, in the same run, and prints one table.

Ratios are medians of paired runs, as in run.py. Run it on an otherwise idle machine:
tests/bench/python.py [--quick] [--rounds N] [--bin DIR].
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from run import ROOT, Row, cluster, paired, show

sys.path.insert(0, str(ROOT / "client/python/src"))
import pq  # noqa: E402

SLOTS = 2
BEGIN, END = 10_000_000, 11_000_000
CHUNKS = 100  # some 50 ms each at the usual speed: even ends, and nothing lost to handing them out
CALLS = 50_000
STREAM = ["sed", "-u", "s/.*/1/"]


def is_prime(n: int) -> bool:
    if n < 2:
        return False
    for divisor in range(2, int(n**0.5) + 1):
        if n % divisor == 0:
            return False
    return True


def count_primes(lo: int, hi: int) -> int:
    return sum(1 for n in range(lo, hi) if is_prime(n))


def width(lo: int, hi: int) -> int:
    return hi - lo


def chunk(number: int) -> int:
    size = (END - BEGIN) // CHUNKS
    return count_primes(BEGIN + number * size, BEGIN + (number + 1) * size)


def bench_primes(client: pq.Client, rounds: int) -> list[Row]:
    kernel = pq.kernel(python=sys.executable)(count_primes)
    totals: list[Any] = []
    with ProcessPoolExecutor(SLOTS) as pool:
        ours = lambda: totals.append(kernel.over(BEGIN, END, client=client, progress=False))
        theirs = lambda: totals.append(sum(pool.map(chunk, range(CHUNKS))))
        theirs()
        ours()
        a, b, ratio = paired(ours, theirs, rounds)
    if len(set(totals)) != 1:
        sys.exit(f"totals differ: {totals}")
    return [
        Row(
            f"Python prime counter, 1e7:1.1e7, {SLOTS} slots",
            f"{a:.2f} s",
            f"ProcessPoolExecutor({SLOTS}) {b:.2f} s",
            f"{ratio:.3f} ×",
            "at most 1.05 ×",
        )
    ]


def pipe_calls(count: int) -> None:
    """The same program at the other end of two pipes, one call at a time."""
    with subprocess.Popen(STREAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as program:
        assert program.stdin and program.stdout
        for n in range(count):
            program.stdin.write(b"%d %d\n" % (n, n + 1))
            program.stdout.readline()
        program.stdin.close()


def bench_calls(client: pq.Client, rounds: int) -> list[Row]:
    def streamed() -> None:
        if client.submit((0, CALLS), command=STREAM, step=1, stream=True).result() != CALLS:
            sys.exit("a wrong total")

    kernel = pq.kernel(python=sys.executable, step=1)(width)
    streamed()
    a, b, ratio = paired(lambda: pipe_calls(CALLS), streamed, rounds)
    c, d, python_ratio = paired(
        lambda: pipe_calls(CALLS), lambda: kernel.over(0, CALLS, client=client, progress=False), rounds
    )
    return [
        Row(f"streaming calls a second, `{' '.join(STREAM)}`, --step 1, {SLOTS} slots", f"{CALLS / b:,.0f}",
            f"one by one through pipes {CALLS / a:,.0f}", f"{ratio:.2f} ×", ""),
        Row("  the same, a Python function", f"{CALLS / d:,.0f}", f"{CALLS / c:,.0f}", f"{python_ratio:.2f} ×", ""),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of each")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of each")
    parser.add_argument("--bin", type=Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    rounds = 1 if options.quick else options.rounds
    rows: list[Row] = []
    for bench in (bench_primes, bench_calls):
        with cluster(options.bin, SLOTS, "--allow-exec") as running, pq.Client(state_dir=running.state) as client:
            rows += bench(client, rounds)
    show(rows)


if __name__ == "__main__":
    main()
