"""Agents as tasks of a real Slurm, which ends them in every way it has: nothing fails by that, nothing is counted that
was not computed, and the total is exact.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from cluster import Cluster, Json
from measured import Measured, scaled
from program import BINARIES
from slurm import CPUS, NODES, Slurm
from waiting import eventually, pause

ARRAYS = 8  # signalled at once
TASKS = 2  # of an array

# In a storm nothing that they could print is true; in a calm they print their integer at once.
PROGRAM = """\
test -e "$0" && { echo $PQ_LO; exit 0; }
case $((PQ_LO % 4)) in
  0) sleep 60; echo 1000000;;
  1) sleep 60 && echo 1000000;;
  2) for i in 1 2 3; do sleep 20; done; echo 1000000;;
  3) trap 'echo 1000000; exit 0' TERM USR1; sleep 60 & wait; echo 1000000;;
esac
"""


@pytest.fixture
def slurm(cluster: Cluster, directory: Path) -> Iterator[Slurm]:
    made = Slurm(directory, cluster.environment)
    try:
        made.start()
        yield made
    finally:
        made.close()


class Storm:
    """Arrays of agents, each task of which computes a job of its own and is signalled before any of it is computed."""

    def __init__(self, cluster: Cluster, slurm: Slurm, name: str) -> None:
        self.signalled = 0
        self.calm = cluster.root / "calm"
        self._cluster = cluster
        self._slurm = slurm
        self._arrays = [f"{name}{number}" for number in range(ARRAYS)]
        self.places = [f"{array}-{task}" for array in self._arrays for task in range(1, TASKS + 1)]
        self._jobs = [
            cluster.submit(
                f"{kind}:+1", "--require", f"{place}=yes", "--", "sh", "-c", PROGRAM, str(self.calm)
            )
            for kind, place in enumerate(self.places)
        ]

    def start(self, begin: str = "exec") -> list[str]:
        """Returns once all of them compute."""
        agent = (
            f"{begin} {BINARIES}/pq-agent --state-dir {self._cluster.state_dir} --slots 1 --allow-exec "
            f"--label $SLURM_JOB_NAME-$SLURM_ARRAY_TASK_ID=yes --interruption none "
            f"--work-dir {self._cluster.root}/slurm-$SLURM_JOB_ID"
        )
        words = (f"--array=1-{TASKS}", "--ntasks=1", "--requeue", f"--output={self._cluster.root}/%A_%a.out")
        arrays = [self._slurm.submit(*words, "--job-name", name, "--wrap", agent) for name in self._arrays]
        eventually(lambda: all(job["slots_busy"] == 1 for job in self.reports()), "all of them compute", 90)
        pause(0.5)  # for the programs to begin
        return arrays

    def reports(self) -> list[Json]:
        listed = self._cluster.ask("pq-status")["jobs"]
        return [job for job in listed if job["id"] in self._jobs]

    def breaks(self, how: Callable[[str], object], begin: str = "exec") -> None:
        arrays = self.start(begin)
        for array in arrays:
            how(array)
        self.has_passed(arrays)

    def has_passed(self, arrays: list[str], within: float = 60) -> None:
        eventually(lambda: self._slurm.running(arrays) == 0, "the arrays have ended", within)
        self._slurm.run("scancel", *arrays)  # those that would come again
        self.signalled += len(arrays)
        for job in self.reports():
            assert (int(job["done"]), job["value"], job["attempts_failed"]) == (0, None, 0), job

    def ends(self) -> None:
        self.calm.touch()
        labels = [word for place in self.places for word in ("--label", f"{place}=yes")]
        self._cluster.start_agent(f"calm-{self.places[0]}", "--allow-exec", *labels, slots=2)
        for kind, number in enumerate(self._jobs):
            job = self._cluster.wait(number)
            assert (job["state"], job["value"], job["attempts_failed"]) == ("done", str(kind), 0)
            self._cluster.verify(number)


def test_slurm_ends_agents_in_every_way_and_nothing_fails_by_it(
    cluster: Cluster, slurm: Slurm, measured: Measured
) -> None:
    cluster.start_head()
    storm, late = (Storm(cluster, slurm, name) for name in ("storm", "late"))
    everything = (f"--nodes={len(NODES)}", f"--ntasks={len(NODES) * CPUS}", "--partition=urgent", "--output=/dev/null")
    for _ in range(scaled(1)):
        # Slurm looks for those whose time is over every 30 s: meanwhile the others have theirs.
        late_arrays = late.start()
        ends_at = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() + 1))
        for array in late_arrays:
            slurm.ask("scontrol", "update", f"JobId={array}", f"EndTime={ends_at}")
        storm.breaks(lambda array: slurm.ask("scancel", array))
        storm.breaks(lambda array: slurm.ask("scancel", "--signal=USR1", array), begin="exec srun")
        storm.breaks(lambda array: slurm.ask("scontrol", "requeue", array))
        late.has_passed(late_arrays)
        preempted = storm.start()
        urgent = slurm.submit(*everything, "--wrap", "sleep 300")
        storm.has_passed(preempted)
        slurm.ask("scancel", urgent)
    storm.ends()
    late.ends()
    signalled = storm.signalled + late.signalled
    measured.note(
        f"false failures and values in {signalled} signalled arrays: 0 "
        f"({signalled * TASKS} runs; scancel, USR1 to steps, requeue, time limit, preemption)"
    )
