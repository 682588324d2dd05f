"""A Slurm of two nodes on this machine, started and stopped by a test: ports, keys, sockets and files of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest

from program import die_with_parent
from waiting import eventually

NODES = ("w1", "w2")
CPUS = 64  # as each node says that it has

_CONFIGURATION = """\
ClusterName=pqtest
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={directory}/munge/socket
StateSaveLocation={directory}/ctld
SlurmdSpoolDir={directory}/%n
SlurmctldPidFile={directory}/slurmctld.pid
SlurmdPidFile={directory}/slurmd-%n.pid
SlurmctldLogFile={directory}/slurmctld.log
SlurmdLogFile={directory}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SchedulerParameters=batch_sched_delay=1,sched_interval=1
MpiDefault=none
ReturnToService=2
KillWait=20
SlurmdParameters=config_overrides
NodeName=w1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs={cpus} RealMemory=1000 State=UNKNOWN
NodeName=w2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs={cpus} RealMemory=1000 State=UNKNOWN
PartitionName=spot Nodes=ALL Default=YES PriorityTier=1 MaxTime=INFINITE State=UP
PartitionName=urgent Nodes=ALL PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE State=UP
"""


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [made.getsockname()[1] for made in sockets]
    for made in sockets:
        made.close()
    return ports


class Slurm:
    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        missing = [name for name in ("munged", "slurmctld", "slurmd", "sbatch") if shutil.which(name) is None]
        if missing:
            pytest.fail(f"{', '.join(missing)}: not installed; run deploy/install-dependencies.sh --tests")
        if os.geteuid() != 0:
            pytest.fail("slurmd starts programs as any user, so this test must run as root")
        self._directory = directory
        self._environment = {**environment, "SLURM_CONF": str(directory / "slurm.conf")}
        self._daemons: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        for name in ("munge", "ctld", *NODES):
            (self._directory / name).mkdir(parents=True)
        text = _CONFIGURATION.format(
            host=socket.gethostname().split(".")[0], ports=free_ports(3), directory=self._directory, cpus=CPUS
        )
        (self._directory / "slurm.conf").write_text(text)
        (self._directory / "cgroup.conf").write_text("CgroupAutomount=no\n")
        self._start_munge(self._directory / "munge")
        self._start("slurmctld", "-D")
        for node in NODES:
            self._start("slurmd", "-D", "-N", node)
        eventually(lambda: self.ask("sinfo", "-h", "-N", "-o", "%T").count("idle") >= len(NODES), "its nodes are idle")

    def close(self) -> None:
        """Its jobs end first: nobody else would end them."""
        if len(self._daemons) > 1:
            self.run("scancel", "--user=root")
            eventually(lambda: not self.ask("squeue", "-h"), "its jobs have ended")
        for daemon in reversed(self._daemons):
            daemon.send_signal(signal.SIGTERM)
        for daemon in self._daemons:
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def submit(self, *words: str) -> str:
        """Its number."""
        return self.ask("sbatch", "--parsable", *words)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        )

    def ask(self, *command: str) -> str:
        answer = self.run(*command)
        assert answer.returncode == 0, f"{command}: {answer.stderr}\n{self.logs()}"
        return answer.stdout.strip()

    def running(self, jobs: Sequence[str]) -> int:
        """Of the tasks of these arrays."""
        return len(self.ask("squeue", "-h", "-r", "-t", "R,CG", "-j", ",".join(jobs), "-o", "%i").split())

    def logs(self) -> str:
        return "\n".join(f"{log.name}:\n{log.read_text()[-2000:]}" for log in sorted(self._directory.glob("*.log")))

    def _start_munge(self, directory: Path) -> None:
        key = directory / "key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        files = [f"--{name}-file={directory / name}" for name in ("key", "pid", "log", "seed")]
        # munged refuses a directory that others may enter by way of a world-writable one, as /tmp is.
        self._start("munged", "--foreground", "--force", f"--socket={directory / 'socket'}", *files)
        eventually((directory / "socket").exists, "munged listens")

    def _start(self, *command: str) -> None:
        with (self._directory / f"{command[0]}.stderr").open("ab") as output:
            self._daemons.append(
                subprocess.Popen(
                    command,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    preexec_fn=partial(die_with_parent, None),
                )
            )
