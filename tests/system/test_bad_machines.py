"""Machines that are let in and do harm: on which programs fail, that a program kills, on which a run never ends."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cluster import QUICK_BEATS, Cluster
from measured import Measured, in_seconds
from program import Program
from test_programs import script, submit, submitted, sum_of
from waiting import eventually

MACHINES = 9
ITEMS = 90
CRASH_LIMIT = 3  # of a job that does not say otherwise
KILLERS_TERM = ("--beat", "100ms", "--lease-term", "4s")  # no agent of a busy machine is silent for so long
KILLS_ITS_AGENT = "kill -9 $(cat {pids}/$MACHINE)"


def machine(cluster: Cluster, name: str, path: Path | None = None, slots: int = 1) -> Program:
    """An agent whose programs know its name, and find what is in `path` before anything else."""
    usual = dict(cluster.environment)
    cluster.environment["MACHINE"] = name
    if path is not None:
        cluster.environment["PATH"] = f"{path}:{usual['PATH']}"
    agent = cluster.spawn_agent(name, "--allow-exec", slots=slots)
    cluster.environment = usual
    pids = cluster.root / "pids"
    pids.mkdir(exist_ok=True)
    (pids / name).write_text(str(agent.pid))  # before it is given anything to run
    eventually(lambda: "the head knows this agent" in agent.stderr() or not agent.is_running(), f"{name} is known")
    return agent


def directories_with_answers(root: Path) -> tuple[Path, list[Path | None]]:
    """Where `answer` works, and several places of a PATH where it does not."""
    good = root / "good"
    failing, slow, no_program, not_executable = (root / word for word in ("failing", "slow", "data", "plain"))
    for directory in (good, failing, slow, no_program, not_executable):
        directory.mkdir()
    script(good, "answer", "#!/bin/sh\nsleep 0.05; echo $1\n")
    script(failing, "answer", "#!/bin/sh\necho no such module >&2; exit 1\n")
    script(slow, "answer", "#!/bin/sh\nsleep 0.2; exit 3\n")
    script(no_program, "answer", "#!/no/such/interpreter\n")
    (not_executable / "answer").write_text("#!/bin/sh\necho $1\n")
    return good, [failing, None, no_program, slow, not_executable]


@pytest.mark.parametrize("bad", (0, 1, 3, MACHINES - 1))
def test_any_number_of_bad_machines_costs_nobody_else_an_item(
    cluster: Cluster, measured: Measured, bad: int
) -> None:
    cluster.start_head(*QUICK_BEATS)
    good, kinds = directories_with_answers(cluster.root)
    for n in range(bad):
        machine(cluster, f"bad-{n}", kinds[n % len(kinds)])
    for n in range(MACHINES - bad):
        machine(cluster, f"good-{n}", good)
    began = time.monotonic()
    outcome = submit(cluster, "--range", f"0:{ITEMS}", "--step", "1", "--wait", "--", "answer", "{lo}")
    took = time.monotonic() - began
    assert (outcome.status, outcome.stdout.strip()) == (0, str(sum_of(0, ITEMS))), outcome
    report = cluster.job(1)
    assert (report["state"], report["failed"]) == ("done", "0")
    states = {name: agent["state"] for name, agent in cluster.agents().items()}
    assert {name for name, state in states.items() if state == "quarantined"} == {f"bad-{n}" for n in range(bad)}
    measured.note(
        f"{bad} bad of {MACHINES}: {report['attempts_failed']} attempts failed, the job took {in_seconds(took)}"
    )


def test_where_all_machines_are_bad_the_job_says_so_soon(cluster: Cluster, measured: Measured) -> None:
    cluster.start_head(*QUICK_BEATS)
    _, kinds = directories_with_answers(cluster.root)
    for n in range(MACHINES):
        machine(cluster, f"bad-{n}", kinds[n % len(kinds)])
    attempts = 3
    job = submitted(
        cluster, "--range", f"0:{ITEMS}", "--step", "1", "--attempts", str(attempts), "--", "answer", "{lo}"
    )
    report = cluster.wait(job)
    assert report["state"] == "failed"
    # What is under way when the bound is reached fails as well: one on each slot.
    assert report["attempts_failed"] <= 3 * attempts + MACHINES, report
    assert any(
        words in report["error"] for words in ("no such module", "command not found", "exit status 3", "cannot run")
    ), report["error"]
    measured.note(f"{MACHINES} bad of {MACHINES}: {report['attempts_failed']} attempts, then: {report['error']}")


def test_an_item_that_kills_its_agent_costs_few_of_them(cluster: Cluster, measured: Measured) -> None:
    cluster.start_head(*KILLERS_TERM)
    agents = [machine(cluster, f"machine-{n}") for n in range(CRASH_LIMIT + 2)]
    items = 40
    kill = KILLS_ITS_AGENT.format(pids=cluster.root / "pids")
    run = f"if [ $PQ_LO = 3 ]; then {kill}; sleep 60; fi; sleep 0.05; echo 1"
    job = submitted(cluster, "--range", f"0:{items}", "--step", "1", "--", "sh", "-c", run)
    report = cluster.wait(job)
    lost = sum(not agent.is_running() for agent in agents)
    assert (report["state"], report["done"], report["failed"]) == ("failed", str(items - 1), "1"), report
    assert report["attempts_failed"] == 0, "a lost machine is no failure of a program"
    assert report["failed_spans"][0]["begin"] == "3"
    assert "agents were lost while they computed it" in report["error"], report["error"]
    assert CRASH_LIMIT <= lost <= CRASH_LIMIT + 1
    measured.note(f"agents lost to one killing item: {lost} of {len(agents)}; the other {items - 1} are computed")


def test_with_agents_that_are_started_again_two_killers_are_found(cluster: Cluster, measured: Measured) -> None:
    cluster.start_head(*KILLERS_TERM)
    names = ("machine-0", "machine-1", "machine-2")
    agents = {name: machine(cluster, name, slots=2) for name in names}
    kill = KILLS_ITS_AGENT.format(pids=cluster.root / "pids")
    run = f"case $PQ_LO in 3|21) {kill}; sleep 60;; esac; sleep 0.05; echo 1"
    job = submitted(cluster, "--range", "0:40", "--step", "1", "--", "sh", "-c", run)
    killed = 0

    def has_ended() -> bool:
        nonlocal killed
        for name, agent in agents.items():
            if not agent.is_running():
                killed += 1
                agents[name] = machine(cluster, name, slots=2)
        return cluster.job(job)["state"] in ("done", "failed")

    eventually(has_ended, "the job has ended")
    report = cluster.job(job)
    assert (report["done"], [span["begin"] for span in report["failed_spans"]]) == ("38", ["3", "21"]), report
    assert killed <= 2 * (CRASH_LIMIT + 1)
    measured.note(f"two killing items, agents started again: {killed} killed")


def test_a_run_that_hangs_is_named_and_computed_elsewhere(cluster: Cluster, measured: Measured) -> None:
    cluster.start_head(*QUICK_BEATS)
    machine(cluster, "stuck")
    run = "if [ $MACHINE = stuck ] && [ $PQ_LO = 5 ]; then sleep 3600; fi; sleep 0.02; echo $PQ_LO"
    job = submitted(cluster, "--range", "0:40", "--step", "1", "--", "sh", "-c", run)
    explained = eventually(
        lambda: (said := cluster.run("pq-status", str(job), "--explain").stdout) and "far longer" in said and said,
        "what hangs is named",
    )
    assert "5:6" in explained and "stuck has been computing" in explained and "--timeout" in explained, explained
    report = cluster.job(job)
    assert report["stuck"]["agent"] == "stuck" and report["eta_s"] is None, report
    began = time.monotonic()
    machine(cluster, "sound")
    report = cluster.wait(job)
    assert (report["state"], report["value"], report["failed"]) == ("done", str(sum_of(0, 40)), "0"), report
    cluster.verify(job)
    measured.note(f"a hanging run is computed by another agent {in_seconds(time.monotonic() - began)} after it came")
