"""Fixtures: a head alone, and one with agents that is shared by the tests of a file."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from heads import BINARIES, Head


def pytest_sessionstart() -> None:
    for name in [name for name in os.environ if name.startswith("PQ_") and name != "PQ_BIN"]:
        del os.environ[name]  # of the person who runs the tests
    missing = [name for name in ("pqd", "pq-agent") if not (BINARIES / name).exists()]
    if missing:
        pytest.exit(f"{', '.join(missing)} not in {BINARIES}; build the release preset or set PQ_BIN", 2)


@contextmanager
def temporary_head() -> Iterator[Head]:
    root = Path(tempfile.mkdtemp(prefix="pq-python-"))
    head = Head(root)
    try:
        yield head
    finally:
        head.close()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def head() -> Iterator[Head]:
    """Not started yet."""
    with temporary_head() as made:
        yield made


@pytest.fixture(scope="module")
def counting() -> Iterator[Head]:
    """A head with an agent of two slots, for tests that end no process."""
    with temporary_head() as made:
        made.start()
        made.start_agent()
        yield made


@pytest.fixture(scope="module")
def running() -> Iterator[Head]:
    """The same, and the agent runs programs."""
    with temporary_head() as made:
        made.start()
        made.start_agent("--allow-exec")
        yield made
