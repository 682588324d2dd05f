"""Fixtures of the system tests, and what is shown of a cluster when one of its tests fails."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cluster import Cluster
from measured import measured, pytest_terminal_summary  # noqa: F401
from program import ALL_PROGRAMS, BINARIES, Program

LOG_CHARACTERS_SHOWN = 4000
ENDED_PROGRAMS_SHOWN = 10  # of each cluster: some tests start hundreds


def pytest_sessionstart() -> None:
    missing = [name for name in ALL_PROGRAMS if not (BINARIES / name).exists()]
    if missing:
        pytest.exit(f"{', '.join(missing)} not in {BINARIES}; build the release preset or set PQ_BIN", 2)


@contextmanager
def temporary_cluster() -> Iterator[Cluster]:
    root = Path(tempfile.mkdtemp(prefix="pq-system-"))
    cluster = Cluster(root)
    try:
        yield cluster
    finally:
        cluster.close()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A state directory of its own; the test starts the head."""
    with temporary_cluster() as made:
        yield made


@pytest.fixture(scope="module")
def shared_cluster() -> Iterator[Cluster]:
    """One for all tests of a file, which must not disturb each other in it."""
    with temporary_cluster() as made:
        yield made


@pytest.fixture
def directory() -> Iterator[Path]:
    """An empty one that any user may enter."""
    with tempfile.TemporaryDirectory(prefix="pq-system-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    report = (yield).get_result()
    if not report.failed:
        return
    clusters = {id(c): c for c in getattr(item, "funcargs", {}).values() if isinstance(c, Cluster)}
    for cluster in clusters.values():
        for program in worth_showing(cluster.programs):
            try:
                log = program.stderr()[-LOG_CHARACTERS_SHOWN:]
            except FileNotFoundError:  # what failed is the end of a test, whose folder is gone
                continue
            report.sections.append((f"stderr of {program.name}, process {program.pid}", log))


def worth_showing(programs: list[Program]) -> list[Program]:
    """All that run still, and the last ones that have ended."""
    ended = [program for program in programs if not program.is_running()]
    left_out = ended[:-ENDED_PROGRAMS_SHOWN]
    return [program for program in programs if program not in left_out]
