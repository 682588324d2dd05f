"""What an agent finds out when it starts: the CPUs that it may use, a name, and where programs may run."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest

from cluster import SHORT_TERM, Cluster
from mount import tmpfs
from peer import HandAgent
from program import Program
from reference import MEDIUM_JOB, MEDIUM_TOTAL
from refusal import expect_refusal
from waiting import eventually

CPU_GROUPS = Path("/sys/fs/cgroup/cpu")
DRAWN = re.compile(r"[A-Za-z0-9._-]{1,50}-[0-9a-hjkmnp-tv-z]{13}")
NOBODY = 65534


def start(cluster: Cluster, *flags: str, environment: Mapping[str, str] = MappingProxyType({})) -> Program:
    """An agent without --slots and without --name, as soon as the head knows it."""
    before = dict(cluster.environment)
    cluster.environment.update(environment)
    agent = cluster.start("pq-agent", *flags)
    cluster.environment = before
    eventually(lambda: "the head knows this agent" in agent.stderr() or not agent.is_running(), "it is known")
    assert agent.is_running(), agent.stderr()
    return agent


def only_agent(cluster: Cluster) -> tuple[int, str]:
    """Its slots, and its label of CPUs."""
    (agent,) = cluster.agents().values()
    return agent["slots"], agent["labels"]["cpus"]


# ---------------------------------------------------------------- CPUs


@contextmanager
def on_one_cpu() -> Iterator[None]:
    """What this process starts meanwhile may run on one CPU."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def with_quota(microseconds: int) -> Iterator[None]:
    """What this process starts meanwhile has so much of each 100 ms, by a group of cgroup v1 two levels below."""
    outer = CPU_GROUPS / f"pq-test-{os.getpid()}"
    inner = outer / "inner"
    try:
        inner.mkdir(parents=True)
        (outer / "cpu.cfs_period_us").write_text("100000")
        (outer / "cpu.cfs_quota_us").write_text(str(microseconds))
        (inner / "cgroup.procs").write_text(str(os.getpid()))
    except OSError as error:
        pytest.skip(f"no control group of v1 with a CPU quota can be made here: {error}")
    try:
        yield
    finally:
        (CPU_GROUPS / "cgroup.procs").write_text(str(os.getpid()))


def remove_groups() -> None:
    for group in (f"pq-test-{os.getpid()}/inner", f"pq-test-{os.getpid()}"):
        if (CPU_GROUPS / group).exists():
            eventually(lambda: not (CPU_GROUPS / group / "cgroup.procs").read_text(), "nobody is in it")
            (CPU_GROUPS / group).rmdir()


def test_an_agent_has_as_many_slots_as_cpus_that_it_may_run_on(cluster: Cluster) -> None:
    cluster.start_head()
    with on_one_cpu():
        agent = start(cluster)
    assert only_agent(cluster) == (1, "1")
    expected = "CPUs that this process may run on" if len(os.sched_getaffinity(0)) > 1 else "cores"
    assert "with 1 slot: the " in agent.stderr() and expected in agent.stderr()


def test_an_agent_has_as_many_slots_as_its_groups_quota_rounded_up(cluster: Cluster) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one CPU is all that there is")
    cluster.start_head()
    try:
        with with_quota(50_000):
            agent = start(cluster)
        assert only_agent(cluster) == (1, "1")
        assert "with 1 slot: the cgroup's CPU quota" in agent.stderr()
        agent.kill()
    finally:
        cluster.close()
        remove_groups()


def test_an_agent_of_a_slurm_task_has_as_many_slots_as_the_task_has_cpus(cluster: Cluster) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one CPU is all that there is")
    cluster.start_head()
    agent = start(cluster, environment={"SLURM_CPUS_PER_TASK": "1"})
    assert only_agent(cluster) == (1, "1")
    assert "with 1 slot: SLURM_CPUS_PER_TASK" in agent.stderr()


def test_slots_that_are_given_are_what_was_given(cluster: Cluster) -> None:
    cluster.start_head()
    with on_one_cpu():
        start(cluster, "--slots", "7")
    assert only_agent(cluster) == (7, "1")


# ---------------------------------------------------------------- names


def test_a_drawn_name_that_is_taken_is_drawn_again(cluster: Cluster) -> None:
    cluster.start_head(*SHORT_TERM)
    agent = start(cluster, "--slots", "1")
    (name,) = cluster.agents()
    assert DRAWN.fullmatch(name), name
    job = cluster.submit(MEDIUM_JOB)
    cluster.progress(job)
    HandAgent(cluster.speaker(cluster.key("agent")), name=name)
    eventually(lambda: len(cluster.agents()) == 2, "it goes on by another name")
    assert agent.is_running()
    assert f"another agent has the name {name}; this one continues as " in agent.stderr()
    cluster.ask("pq-agents", "drain", name)  # the one that took it computes nothing
    report = cluster.wait(job)
    assert (report["state"], report["value"]) == ("done", str(MEDIUM_TOTAL)), report
    assert agent.terminate().status == 0


# ---------------------------------------------------------------- a head that is not there


def test_an_agent_that_never_finds_its_head_is_not_idle(cluster: Cluster) -> None:
    cluster.start_head()
    cluster.head.kill()
    agent = cluster.spawn_agent("lonely", "--idle-exit", "100ms", "--head-timeout", "2s")
    ended = agent.ends()
    assert ended.status == 4 and "no message from the head for --head-timeout" in ended.stderr


# ---------------------------------------------------------------- the work directory


def test_a_work_directory_where_no_program_may_run_is_told_at_once(cluster: Cluster) -> None:
    work = cluster.root / "work"
    work.mkdir()
    with tmpfs(work, "size=4m,noexec"):
        outcome = cluster.run("pq-agent", "--allow-exec", "--work-dir", str(work))
        assert not list((work / "run").iterdir()), "nothing is left there"
    expect_refusal(outcome, "pq-agent", 1, f"cannot run programs in {work}/run", "mounted noexec", "--work-dir")


def test_a_work_directory_that_is_full_is_told_at_once(cluster: Cluster) -> None:
    work = cluster.root / "work"
    work.mkdir()
    with tmpfs(work, "size=64k"):
        try:
            with (work / "ballast").open("wb", buffering=0) as ballast:
                while True:
                    ballast.write(bytes(4096))
        except OSError:
            pass
        outcome = cluster.run("pq-agent", "--allow-exec", "--work-dir", str(work))
    expect_refusal(outcome, "pq-agent", 1, str(work), "No space left on device", "--work-dir")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_work_directory_of_another_user_is_told_at_once(cluster: Cluster, directory: Path) -> None:
    work = directory / "of-root"
    work.mkdir(mode=0o755)
    words = ("pq-agent", "--allow-exec", "--work-dir", str(work), "--state-dir", str(directory / "state"))
    directory.chmod(0o777)
    ended = Program("stranger", words, directory, cluster.environment, user=NOBODY).ends()
    expect_refusal(ended, "pq-agent", 1, str(work), "Permission denied", "--work-dir")


def test_a_work_directory_that_is_right_is_told_nothing_of(cluster: Cluster) -> None:
    cluster.start_head()
    work = cluster.root / "work"
    agent = start(cluster, "--allow-exec", "--work-dir", str(work))
    agent.send_signal(signal.SIGTERM)
    assert agent.ends().status == 0
    assert not list((work / "run").iterdir())
