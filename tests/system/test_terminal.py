"""At a terminal: a bar that is redrawn and gone at the end, and colours where they are wanted."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from typing import Mapping

import pytest

from cluster import QUICK_BEATS, Cluster
from program import BINARIES, die_with_parent

COLOUR = re.compile(r"\x1b\[[0-9;]+m")
PATIENCE_S = 60


def on_terminal(
    cluster: Cluster, *command: str, columns: int = 80, environment: Mapping[str, str] = {}
) -> str:
    """All that a command writes to a terminal of that width, until it ends."""
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [str(BINARIES / command[0]), "--state-dir", str(cluster.state_dir), *command[1:]],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**cluster.environment, **environment},
        preexec_fn=die_with_parent,
    )
    os.close(terminal)
    try:
        return read_to_end(master)
    finally:
        os.close(master)
        process.kill()
        process.wait()


def read_to_end(master: int) -> str:
    """A terminal that nobody writes to any more is an error to read from, and not an end of file."""
    seen = b""
    while select.select([master], [], [], PATIENCE_S)[0]:
        try:
            seen += os.read(master, 65536)
        except OSError:
            return seen.decode()
    raise AssertionError(f"nothing new for {PATIENCE_S} s after {seen!r}")


@pytest.fixture(scope="module")
def computing(shared_cluster: Cluster) -> Cluster:
    shared_cluster.start_head(*QUICK_BEATS)
    shared_cluster.start_agent("worker")
    return shared_cluster


@pytest.mark.parametrize("columns", [100, 80, 40])
def test_progress_is_a_bar_of_one_line_that_is_gone_at_the_end(computing: Cluster, columns: int) -> None:
    seen = on_terminal(computing, "pq-submit", "--range", "1e12:+8e9", "--wait", columns=columns)
    drawings = [line for line in re.split(r"\r(?!\n)", seen) if "\x1b[K" in line and "%" in line]
    assert drawings, f"nothing was drawn: {seen!r}"
    for drawing in drawings:
        assert len(drawing.split("\x1b[K")[0]) < columns, "a longer one would wrap"
        assert "/s" in drawing or "queued" in drawing
    assert columns < 80 or re.search(r"\[#*-*\]", drawings[-1])
    last = seen.replace("\r\n", "\n").split("\x1b[K")[-1]
    assert re.search(r"job \d+ done: 289 4\d\d \d\d\d primes in .*\n289\d{6}\n$", last), last


def test_colours_are_for_terminals_and_for_those_who_want_them(computing: Cluster) -> None:
    computing.wait(computing.submit("0:1000"))
    for command in (["pq-status"], ["pq-status", "1"], ["pq-agents"]):
        assert COLOUR.search(on_terminal(computing, *command)), command
        assert not COLOUR.search(on_terminal(computing, *command, environment={"NO_COLOR": "1"})), command
        assert COLOUR.search(on_terminal(computing, *command, environment={"NO_COLOR": ""})), "empty is unset"


def test_errors_are_one_plain_line_also_on_a_terminal(computing: Cluster) -> None:
    seen = on_terminal(computing, "pq-wait", "4711")
    assert seen == "pq-wait: no such job: 4711; pq-status lists the jobs\r\n"
