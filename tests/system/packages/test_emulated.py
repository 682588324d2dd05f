"""The programs for arm64, emulated by qemu: the agent with this machine's own head, and all three together.

The programs of jobs are this machine's: qemu's emulation of one process hands them to the kernel.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster import QUICK_BEATS, Cluster
from program import REPOSITORY, Outcome, Program
from waiting import eventually

PROGRAMS = REPOSITORY / "build" / "packages" / "aarch64"


@pytest.fixture
def emulated(directory: Path) -> Path:
    """A folder of commands that run the programs for arm64 under the names that these have."""
    for program in PROGRAMS.iterdir():
        command = directory / program.name
        command.write_text(f'#!/bin/sh\nexec qemu-aarch64-static -0 {program.name} {program.resolve()} "$@"\n')
        command.chmod(0o755)
    return directory


def start_agent(cluster: Cluster, emulated: Path, *flags: str) -> Program:
    agent = cluster.start(str(emulated / "pq-agent"), "--name", "arm", "--slots", "2", *flags, name="arm")
    eventually(lambda: "the head knows this agent" in agent.stderr() or not agent.is_running(), "arm is known")
    assert agent.is_running(), agent.stderr()
    return agent


def test_an_agent_for_arm64_works_for_a_head_of_this_machine(cluster: Cluster, emulated: Path) -> None:
    cluster.start_head(*QUICK_BEATS)
    agent = start_agent(cluster, emulated)
    assert cluster.wait(cluster.submit("1e7:6e7"))["value"] == "2897536"
    assert agent.terminate().status == 0


SUM = "echo $(( (hi - lo) * (lo + hi - 1) / 2 ))"  # of the integers in a range


@pytest.mark.parametrize("words", (
    ("--range", "0:100", "--", "sh", "-c", f"lo={{lo}} hi={{hi}}; {SUM}"),
    ("--range", "0:100", "--step", "10", "--stream", "--", "sh", "-c", f"while read -r lo hi; do {SUM}; done")),
    ids=("per step", "streamed"))
def test_an_agent_for_arm64_runs_programs(cluster: Cluster, emulated: Path, words: tuple[str, ...]) -> None:
    cluster.start_head(*QUICK_BEATS)
    agent = start_agent(cluster, emulated, "--allow-exec")
    done = cluster.run("pq-submit", "--wait", *words)
    assert (done.status, done.stdout) == (0, f"{sum(range(100))}\n"), done
    missing = cluster.run("pq-submit", "--wait", "--range", "0:1", "--attempts", "1", "--", "./missing")
    assert missing.status == 1 and "./missing: No such file or directory" in missing.stderr, missing
    assert agent.terminate().status == 0


def test_head_agent_and_commands_for_arm64(cluster: Cluster, emulated: Path) -> None:
    def command(name: str, *words: str) -> Outcome:
        return cluster.run(str(emulated / name), *words)

    head = cluster.start(str(emulated / "pqd"), "--listen", "tcp://127.0.0.1:*", "--http", "none", name="head")
    eventually(lambda: " listens on " in head.stderr() or not head.is_running(), "the head listens")
    agent = start_agent(cluster, emulated)
    counted = command("pq-submit", "--range", "1e7:6e7", "--wait")
    assert (counted.status, counted.stdout) == (0, "2897536\n"), counted
    assert command("pq-verify", "1").status == 0
    assert agent.terminate().status == 0
    assert head.terminate().status == 0
