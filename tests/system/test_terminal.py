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
import time
from collections.abc import Mapping
from functools import partial
from typing import Callable

import pytest

from cluster import QUICK_BEATS, Cluster
from program import BINARIES, die_with_parent

COLOUR = re.compile(r"\x1b\[[0-9;]+m")
PATIENCE_S = 60


class OnTerminal:
    """A command on a terminal of its own, which is read, resized and typed at."""

    def __init__(
        self,
        cluster: Cluster,
        *command: str,
        columns: int = 80,
        lines: int = 24,
        environment: Mapping[str, str] = {},
    ) -> None:
        self.master, terminal = pty.openpty()
        self.settings = termios.tcgetattr(terminal)
        self.seen = b""
        self.resize(columns, lines)
        self.process = subprocess.Popen(
            [str(BINARIES / command[0]), "--state-dir", str(cluster.state_dir), *command[1:]],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env={**cluster.environment, "TERM": "xterm", **environment},
            preexec_fn=partial(owning_terminal, terminal),
        )
        os.close(terminal)

    def __enter__(self) -> OnTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def resize(self, columns: int, lines: int) -> None:
        """Tells the process, if it runs, as a terminal does."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press_ctrl_c(self) -> None:
        os.write(self.master, b"\x03")

    def read_some(self) -> bool:
        """False: nobody writes to it any more, which is an error to read from, and not an end of file."""
        if not select.select([self.master], [], [], PATIENCE_S)[0]:
            raise AssertionError(f"nothing new for {PATIENCE_S} s after {self.seen!r}")
        try:
            self.seen += os.read(self.master, 65536)
        except OSError:
            return False
        return True

    def read_to_end(self) -> str:
        while self.read_some():
            pass
        return self.seen.decode()

    def read_frame(self, wanted: Callable[[list[str]], bool]) -> list[str]:
        """The lines of the first whole drawing from now on that is as it is wanted."""
        self.seen = b""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            for frame in self.seen.decode(errors="ignore").split("\x1b[H")[1:]:
                whole, end, _ = frame.partition("\x1b[J")
                lines = whole.replace("\x1b[K", "").split("\r\n")[:-1]
                if end and wanted(lines):
                    return lines
            assert self.read_some(), f"it has ended: {self.seen!r}"
        raise AssertionError(f"no drawing was as wanted: {self.seen[-4096:]!r}")


def owning_terminal(terminal: int) -> None:
    """Run in the child before exec: what is typed and every new size of the terminal is for this process."""
    die_with_parent()
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def on_terminal(
    cluster: Cluster, *command: str, columns: int = 80, environment: Mapping[str, str] = {}
) -> str:
    """All that a command writes to a terminal of that width, until it ends."""
    with OnTerminal(cluster, *command, columns=columns, environment=environment) as terminal:
        return terminal.read_to_end()


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


def test_colours_that_are_asked_for_or_refused_are_so_everywhere(computing: Cluster) -> None:
    computing.wait(computing.submit("0:1000"))
    for command in ("pq-status", "pq-agents"):
        assert COLOUR.search(computing.run(command, "--color", "always").stdout)
        assert COLOUR.search(computing.run(command, environment={"PQ_COLOR": "always"}).stdout)
        assert COLOUR.search(computing.run(command, "--color=always", environment={"NO_COLOR": "1"}).stdout)
        assert not COLOUR.search(computing.run(command, "--color", "auto").stdout)
        assert not COLOUR.search(on_terminal(computing, command, "--color", "never"))
        assert not COLOUR.search(on_terminal(computing, command, environment={"PQ_COLOR": "never"}))
        assert not COLOUR.search(on_terminal(computing, command, "--color=auto", environment={"NO_COLOR": "1"}))
        assert COLOUR.search(on_terminal(computing, command, "--color=auto", environment={"PQ_COLOR": "never"}))


def test_errors_are_one_plain_line_also_on_a_terminal(computing: Cluster) -> None:
    seen = on_terminal(computing, "pq-wait", "4711")
    assert seen == "pq-wait: no such job: 4711; pq-status lists the jobs\r\n"


# ---------------------------------------------------------------- a watch, redrawn in place


def test_watch_shows_jobs_and_agents_and_fits_every_size(computing: Cluster) -> None:
    computing.wait(computing.submit("0:1000", "--name", "素数を数える"))
    with OnTerminal(computing, "pq-status", "--watch", columns=100, lines=30) as watch:
        drawn = watch.read_frame(lambda lines: any(line.startswith("AGENT") for line in lines))
        assert "1 agent, " in drawn[0] and len(drawn) <= 29
        assert any("素数を数える" in line for line in drawn) and any("worker" in line for line in drawn)
        again = watch.read_frame(lambda lines: True)
        assert again[0].split("   ")[0] == drawn[0].split("   ")[0], "it is drawn again in place"
        for columns, lines in ((40, 6), (20, 3)):
            watch.resize(columns, lines)
            fitted = watch.read_frame(lambda all_lines: len(all_lines) < lines)
            assert all(len(COLOUR.sub("", line)) <= columns for line in fitted)
        watch.resize(120, 40)
        back = watch.read_frame(lambda lines: any(line.startswith("AGENT") for line in lines))
        assert len(back) < 40 and all(len(COLOUR.sub("", line)) <= 120 for line in back), "all of it is back"


def test_watch_of_more_than_fits_counts_the_rest(computing: Cluster) -> None:
    for _ in range(12):
        computing.submit("0:10")
    with OnTerminal(computing, "pq-status", "--watch", lines=14) as watch:
        drawn = watch.read_frame(lambda lines: len(lines) > 3)
        more = [re.fullmatch(r"… (\d+) more jobs", line) for line in drawn]
        (count,) = [int(match[1]) for match in more if match]
        told = computing.ask("pq-status")["jobs"]
        assert count + sum(bool(re.match(r" *\d+  ", line)) for line in drawn) == len(told)


def test_watch_of_one_job_shows_its_bar_and_its_agents(computing: Cluster) -> None:
    job = computing.submit("1e12:+1e12")
    with OnTerminal(computing, "pq-status", "last", "--watch") as watch:
        drawn = watch.read_frame(lambda lines: any("worker" in line for line in lines))
        assert any(re.match(rf"job {job} +\d.* %  \[#*-+\]", line) for line in drawn)
        assert f"job {job}" in drawn
    computing.ask("pq-cancel", str(job))


def test_watch_that_is_interrupted_leaves_the_terminal_as_it_was(computing: Cluster) -> None:
    with OnTerminal(computing, "pq-status", "--watch") as watch:
        watch.read_frame(lambda lines: True)
        watch.press_ctrl_c()
        seen = watch.read_to_end()
        assert watch.process.wait(PATIENCE_S) == 130
        assert seen.endswith("\r\x1b[K"), "the prompt comes below the last picture, at the beginning of a line"
    for frame in seen.split("\x1b[H")[1:]:
        assert frame.count("\x1b[?7h\x1b[?25h") == 1, "each drawing ends with the cursor shown and lines wrapping"
    assert "\x1b[?1049" not in seen and "\x1b[2J" not in seen


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_watch_ends_when_nobody_reads_it(computing: Cluster, flags: tuple[str, ...]) -> None:
    watch = subprocess.Popen(
        [str(BINARIES / "pq-status"), "--state-dir", str(computing.state_dir), "--watch", *flags],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=computing.environment,
        preexec_fn=die_with_parent)
    assert watch.stdout is not None and watch.stderr is not None
    assert watch.stdout.readline()
    watch.stdout.close()
    assert watch.wait(PATIENCE_S) == 1
    assert "is its disk full, or its reader gone?" in watch.stderr.read()
    watch.stderr.close()


def test_watch_says_that_the_head_is_away_and_goes_on_when_it_is_back(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    cluster.submit("0:100")
    with OnTerminal(cluster, "pq-status", "--watch") as watch:
        watch.read_frame(lambda lines: any("queued" in line for line in lines))
        cluster.head.kill()
        late = watch.read_frame(lambda lines: lines[0].startswith("no answer for "))
        assert any("queued" in line for line in late), "what it saw last is still there"
        cluster.start_head(*QUICK_BEATS)
        watch.read_frame(lambda lines: not lines[0].startswith("no answer"))


def test_watch_in_a_pipe_is_plain_blocks(computing: Cluster) -> None:
    outcome = computing.run("pq-status", "--watch", "--timeout", "1500ms")
    assert outcome.status == 124 and "\x1b" not in outcome.stdout
    titles = [line.split()[0] for line in outcome.stdout.splitlines() if line.startswith(("JOB", "AGENT"))]
    assert titles == ["JOB", "AGENT", "JOB", "AGENT"]
    assert outcome.stderr == ""


def test_collected_output_does_not_steer_a_terminal_and_reaches_a_file_as_it_was_printed(
    computing: Cluster,
) -> None:
    computing.start_agent("runner", "--allow-exec")
    script = r"printf 'a\tb\033]0;title\007\342\200\256end\n'; echo 1"
    job = computing.submit("0:1", "--collect", "--", "sh", "-c", script)
    computing.wait(job)
    assert on_terminal(computing, "pq-output", str(job)) == "a\tb?]0;title????end\r\n1\r\n"
    piped = subprocess.run([str(BINARIES / "pq-output"), "--state-dir", str(computing.state_dir), str(job)],
                           env=computing.environment, capture_output=True)
    assert piped.stdout == b"a\tb\x1b]0;title\x07\xe2\x80\xaeend\n1\n"
