"""The programs for arm64, emulated by qemu: the agent with this machine's own head, and all three together.

Jobs that run programs are left out: qemu's emulation of one process (7.2) has no CLONE_PIDFD, with which they start.
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


def start_agent(cluster: Cluster, emulated: Path) -> Program:
    agent = cluster.start(str(emulated / "pq-agent"), "--name", "arm", "--slots", "2", name="arm")
    eventually(lambda: "the head knows this agent" in agent.stderr() or not agent.is_running(), "arm is known")
    assert agent.is_running(), agent.stderr()
    return agent


def test_an_agent_for_arm64_works_for_a_head_of_this_machine(cluster: Cluster, emulated: Path) -> None:
    cluster.start_head(*QUICK_BEATS)
    agent = start_agent(cluster, emulated)
    assert cluster.wait(cluster.submit("1e7:6e7"))["value"] == "2897536"
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
