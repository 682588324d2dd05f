"""What the tests saw, for people to read and quote: shown at the end of a session, also when all is well.

A conftest imports `measured` and `pytest_terminal_summary` from here. Nothing here is asserted, for no test of pq
depends on how fast a machine is.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Callable

import pytest

MEASURED = "measured"  # the name of the property under which a test's lines travel, also from another process
SCALE = max(float(os.environ.get("PQ_TEST_SCALE", "1")), 0.01)


def scaled(count: int) -> int:
    """How many kills, jobs or connections: `count` of them in a usual run, PQ_TEST_SCALE times that in a long one."""
    return max(1, round(count * SCALE))


@dataclass
class Measured:
    """The lines of one test."""

    lines: list[str] = field(default_factory=list)

    def note(self, line: str) -> None:
        self.lines.append(line)


def in_seconds(value: float) -> str:
    return f"{value:.3f} s" if value < 10 else f"{value:.1f} s"


def in_milliseconds(value: float) -> str:
    return f"{value * 1000:.2f} ms"


def median_and_worst(values: Sequence[float], unit: Callable[[float], str] = in_seconds) -> str:
    if not values:
        return "never seen"
    return f"median {unit(statistics.median(values))}, worst {unit(max(values))} of {len(values)}"


def spread(values: Sequence[float], unit: Callable[[float], str] = in_milliseconds) -> str:
    if not values:
        return "never seen"
    ordered = sorted(values)
    hundredth = len(ordered) / 100
    p50, p99 = (ordered[min(int(hundredth * p), len(ordered) - 1)] for p in (50, 99))
    return f"p50 {unit(p50)}, p99 {unit(p99)}, max {unit(ordered[-1])} of {len(ordered)}"


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Iterator[Measured]:
    """What this test notes in it is shown when all tests have run."""
    notes = Measured()
    yield notes
    request.node.user_properties += [(MEASURED, line) for line in notes.lines]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    ends = [report for report in reports if getattr(report, "when", None) == "teardown"]
    noted = {
        report.nodeid.rpartition("::")[2]: [line for name, line in report.user_properties if name == MEASURED]
        for report in sorted(ends, key=lambda report: report.nodeid)
    }
    if any(noted.values()):
        terminalreporter.section("measured")
    for test, lines in noted.items():
        if lines:
            terminalreporter.line(test)
        for line in lines:
            terminalreporter.line(f"    {line}")
