"""What a batch system does when it ends a job: it signals the agent and all its programs, one after another. No
program has failed by that, and what one prints on such an occasion is no value.
"""

from __future__ import annotations

import itertools
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster import Cluster, Json
from measured import Measured
from process_tree import below, name_of, signal_each
from program import Program
from waiting import eventually, pause

KINDS = {
    "goes on when its child is killed": "sleep 20; echo 1",
    "fails when its child is killed": "sleep 20 && echo 1",
    "is killed": "exec sleep 20",
    "goes on in a loop": "for i in 1 2 3; do sleep 7; n=$((n+1)); done; echo $n",
    "prints what it has and ends well": 'trap "echo 1; exit 0" TERM INT HUP USR1; sleep 20 & wait',
    "ignores it": 'trap "" TERM INT HUP USR1; sleep 20; echo 1',
    "ends with a status of its own": 'trap "exit 1" TERM INT HUP USR1; sleep 20 & wait',
}
FEW = tuple(KINDS.values())[:2]
OLD_ENOUGH_S = 2.2  # for a run to be doubted a whole second
AT_ONCE = 4


@dataclass(frozen=True)
class Walk:
    """In which order who is signalled, how fast, and with what."""

    order: str
    between_s: float
    number: signal.Signals = signal.SIGTERM

    @property
    def name(self) -> str:
        return f"{self.order}-{self.between_s * 1000:g}-{self.number.name}".lower()

    def over(self, agent: int) -> list[int]:
        processes = below(agent)
        witness = [process for process in processes if name_of(process) == "pq-witness"]
        programs = [p for p in reversed(processes) if not name_of(p).startswith("pq-")]
        assert len(witness) == 1 and programs
        orders = {
            "agent": [agent, *witness, *programs],
            "agent-and-programs": [agent, *programs, *witness],
            "programs": [*programs, *witness, agent],
            "witness": [*witness, *programs, agent],
            "parents": [agent, *processes],
            "leaves": [*reversed(processes), agent],
        }
        return orders[self.order]


def start_busy_agent(
    cluster: Cluster, name: str, programs: tuple[str, ...], *flags: str
) -> tuple[Program, list[int]]:
    """It computes a job of each of these programs."""
    jobs = [
        cluster.submit("0:1", "--require", f"for={name}", *flags, "--", "sh", "-c", program) for program in programs
    ]
    agent = cluster.start_agent(
        name, "--allow-exec", "--label", f"for={name}", "--work-dir", str(cluster.root / name), slots=len(jobs)
    )
    eventually(lambda: cluster.agents()[name]["busy"] == len(jobs), "its slots are busy")
    return agent, jobs


def is_as_if_never_computed(report: Json) -> bool:
    return (int(report["done"]), report["value"], report["attempts_failed"], report["error"]) == (0, None, 0, None)


def survives(cluster: Cluster, walk: Walk) -> None:
    kinds = FEW if walk.between_s >= 0.1 else tuple(KINDS.values())
    agent, jobs = start_busy_agent(cluster, walk.name, kinds)
    pause(OLD_ENOUGH_S)
    signal_each(walk.over(agent.pid), walk.number, walk.between_s)
    ended = agent.ends()
    assert ended.status == 0, ended
    for job, kind in zip(jobs, kinds):
        report = cluster.job(job)
        assert is_as_if_never_computed(report), f"{walk.name}: {kind}: {report}\n{agent.stderr()}"
        assert "killed by" not in cluster.run("pq-logs", str(job)).stdout


def test_signals_to_all_are_no_failures_and_make_no_values(cluster: Cluster, measured: Measured) -> None:
    cluster.start_head()
    walks = [
        Walk(order, between_s)
        for order, between_s in itertools.product(("agent", "programs", "witness"), (0, 0.001, 0.01, 0.1))
    ]
    walks += [Walk(order, 0) for order in ("parents", "leaves", "agent-and-programs")]
    walks += [Walk("agent-and-programs", 0.1)]
    walks += [Walk("leaves", 0, number) for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGXCPU)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda walk: survives(cluster, walk), walks))
    measured.note(f"false failures and values in {len(walks)} signalled agents: 0")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2, signal.SIGXCPU])
def test_an_agent_that_is_signalled_alone_finishes_what_runs(cluster: Cluster, number: signal.Signals) -> None:
    cluster.start_head()
    agent, (job,) = start_busy_agent(cluster, "alone", ("sleep 2; echo 5",))
    agent.send_signal(number)
    assert agent.ends().status == 0
    report = cluster.job(job)
    assert (report["state"], report["value"], report["recomputed"]) == ("done", "5", "0")


def test_a_program_that_is_killed_alone_has_failed(cluster: Cluster) -> None:
    cluster.start_head()
    agent, (job,) = start_busy_agent(cluster, "victim", ("exec sleep 20",), "--attempts", "1")
    (program,) = (process for process in below(agent.pid) if name_of(process) == "sleep")
    signal_each([program], signal.SIGTERM, 0)
    report = cluster.wait(job)
    assert (report["state"], report["attempts_failed"]) == ("failed", 1)
    assert "killed by signal 15" in report["error"]


def test_programs_that_are_signalled_without_their_agent_are_computed_again(cluster: Cluster) -> None:
    cluster.start_head()
    once = cluster.root / "once"
    program = f"test -e {once} || {{ sleep 20; echo 1000; exit; }}; echo 7"
    agent, jobs = start_busy_agent(cluster, "again", (program, program))
    once.touch()
    signal_each(below(agent.pid), signal.SIGTERM, 0)
    for job in jobs:
        report = cluster.wait(job)
        assert (report["state"], report["value"], report["attempts_failed"]) == ("done", "7", 0)
        cluster.verify(job)
    assert agent.is_running()


def test_streams_that_are_signalled_with_their_agent_give_no_values(cluster: Cluster) -> None:
    cluster.start_head()
    asked = cluster.root / "asked"
    stream = f"while read lo hi; do echo $lo >>{asked}; sleep 20; echo 1; done"
    for order in ("programs", "witness", "agent"):
        asked.unlink(missing_ok=True)
        job = cluster.submit("0:1", "--stream", "--require", f"for={order}", "--", "sh", "-c", stream)
        agent = cluster.start_agent(order, "--allow-exec", "--label", f"for={order}")
        eventually(asked.exists, "it is asked")
        pause(OLD_ENOUGH_S)
        signal_each(Walk(order, 0).over(agent.pid), signal.SIGTERM, 0)
        assert agent.ends().status == 0
        assert is_as_if_never_computed(cluster.job(job))
        cluster.run("pq-cancel", str(job))


def test_nothing_is_left_of_an_agent_whose_witness_was_signalled(cluster: Cluster) -> None:
    cluster.start_head()
    agent, jobs = start_busy_agent(cluster, "tidy", FEW)
    for _ in range(3):
        processes = below(agent.pid)
        signal_each([p for p in processes if name_of(p) == "pq-witness"], signal.SIGTERM, 0)
        eventually(
            lambda: [p for p in below(agent.pid) if name_of(p) == "pq-witness" and p not in processes],
            "another witness has taken its place",
        )
    eventually(lambda: sum(name_of(p) == "sleep" for p in below(agent.pid)) == len(jobs), "it computes again")
    processes = below(agent.pid)
    agent.kill()
    eventually(lambda: not [p for p in processes if Path(f"/proc/{p}").exists()], "all its processes are gone")
