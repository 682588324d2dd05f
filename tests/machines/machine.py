"""Machines with an init of their own, as a cloud starts them: systemd-nspawn boots a disk, cloud-init reads user data.

A machine's disk is a layer over the root tree and outlives its boots; what it was told at its first boot stands in
files that a metadata service of its own reads out to it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from control_groups import ControlGroup
from network import METADATA_ADDRESS, Link
from program import Outcome, die_with_parent
from waiting import PATIENCE_S, eventually

METADATA_PROGRAM = Path(__file__).resolve().parents[1] / "system" / "metadata.py"
REBOOT_STATUS = 133  # of systemd-nspawn, when the machine asks to be started again
INSTANCE_TYPE = "c7i.large"
ZONE = "eu-1a"


class Machine:
    def __init__(self, name: str, root: Path, tree: Path, link: Link, volume: Path | None = None) -> None:
        self.name = name
        self.link = link
        self.booted_at = 0.0
        self._volume = volume
        self._directory = root / name
        self._disk = self._directory / "disk"
        self._told = self._directory / "metadata"
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._metadata: subprocess.Popen[bytes] | None = None
        self._group = ControlGroup(f"pqm{os.getpid()}-{name}")
        self._insert_disk(tree)
        self._tell("v1", "")  # cloud-init finds no firmware here, and so asks by the first version
        self._tell("meta-data/instance-id", f"i-{os.urandom(8).hex()}0")
        self._tell("meta-data/instance-type", INSTANCE_TYPE)
        self._tell("meta-data/placement/availability-zone", ZONE)
        self._tell("meta-data/local-hostname", name)
        self._tell("meta-data/local-ipv4", link.address)

    # ------------------------------------------------------------ its life

    def boot(self, user_data: str | None = None) -> None:
        """Returns when its init answers. `user_data`, of up to 16 KB, is what it finds at its first boot."""
        if user_data is not None:
            assert len(user_data.encode()) <= 16384, "EC2 takes 16 KB of user data at most"
            self._tell("user-data", user_data)
        if self._metadata is None:
            command = [sys.executable, str(METADATA_PROGRAM), f"{METADATA_ADDRESS}:80", str(self._told)]
            self._metadata = self._spawn(command, "metadata", self.link.namespace)
        command = [
            # All of it ends with its supervisor, whatever ends that.
            "unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
            "systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--console=passive",
            f"--directory={self._disk}", f"--machine=pqm{os.getpid()}-{self.name}", f"--hostname={self.name}",
            f"--network-namespace-path={self.link.namespace}",
        ]
        if self._volume is not None:
            command.append(f"--bind={self._volume}:/dev/xvdb")
        self.booted_at = time.monotonic()
        self._nspawn = self._spawn(command, "console", group=self._group)
        eventually(self._answers, f"{self.name} boots")

    def is_running(self) -> bool:
        return self._nspawn is not None and self._nspawn.poll() is None

    def ends(self, within: float = PATIENCE_S) -> None:
        """Waits until it has powered itself off."""
        self._ends_with(0, within)

    def power_off(self) -> None:
        """In good order, as its owner would."""
        self.run("systemctl", "--no-block", "poweroff")
        self.ends()

    def vanish(self) -> None:
        """From one instruction to the next."""
        if self._nspawn is not None:
            self._nspawn.kill()
            self._nspawn.wait()
            self._nspawn = None

    def reboot(self) -> None:
        """In good order, from the same disk. Returns when its init answers again."""
        self.run("systemctl", "--no-block", "reboot")
        self._ends_with(REBOOT_STATUS, PATIENCE_S)
        self.boot()

    def discard(self) -> None:
        """Its disk too."""
        self.vanish()
        if self._metadata is not None:
            self._metadata.kill()
            self._metadata.wait()
            self._metadata = None
        eventually(self._group.remove, f"nothing of {self.name} runs any more")
        subprocess.run(["umount", self._disk], check=True)
        shutil.rmtree(self._directory)

    # ------------------------------------------------------------ what happens in it

    def run(self, *words: str, within: float = 60.0) -> Outcome:
        """A command as root in it, to its end."""
        leader = self._leader()
        assert leader is not None, f"{self.name} is not running"
        done = subprocess.run(
            ["nsenter", f"--target={leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"},
            timeout=within,
            preexec_fn=die_with_parent,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def says(self, *words: str) -> str:
        """What a command prints that must succeed."""
        outcome = self.run(*words)
        assert outcome.status == 0, f"{' '.join(words)} on {self.name}: {outcome}"
        return outcome.stdout.strip()

    def cloud_init_ends(self) -> None:
        """And without a failure; its document is as cloud-init wants it."""
        outcome = self.run("cloud-init", "status", "--wait", "--long", within=120)
        assert outcome.status == 0, f"cloud-init of {self.name}: {outcome.stdout}{outcome.stderr}"
        log = self.file("var/log/cloud-init.log").read_text(errors="replace")
        flaws = [line for line in log.splitlines() if "schema.py[WARNING]" in line]
        assert flaws == [], f"cloud-init of {self.name}: {flaws}"

    def unit(self, name: str, field: str) -> str:
        """One property of a unit, as systemd tells it."""
        return self.says("systemctl", "show", f"--property={field}", "--value", name)

    def file(self, path: str) -> Path:
        """A file on its disk, seen from outside, also when the machine is off."""
        return self._disk / path.lstrip("/")

    def put(self, source: Path, path: str) -> None:
        target = self.file(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)

    def write(self, path: str, text: str) -> None:
        target = self.file(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    # ------------------------------------------------------------ what its cloud does

    def interrupt(self, in_s: float) -> None:
        """A Spot notice."""
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + in_s))
        self._tell("meta-data/spot/instance-action", json.dumps({"action": "terminate", "time": when}))

    # ------------------------------------------------------------ what it leaves for people

    def console(self) -> str:
        return (self._directory / "console.log").read_text(errors="replace")

    def logs(self) -> dict[str, str]:
        """Of a machine that is on or off, vanished ones included."""
        journal = subprocess.run(
            ["journalctl", f"--directory={self.file('var/log/journal')}", "--no-pager", "--output=short-monotonic"],
            capture_output=True, text=True, errors="replace",
        )
        logs = {"console": self.console(), "journal": journal.stdout + journal.stderr}
        output = self.file("var/log/cloud-init-output.log")
        return logs | ({"cloud-init": output.read_text(errors="replace")} if output.exists() else {})

    # ------------------------------------------------------------ its making and its end

    def _insert_disk(self, tree: Path) -> None:
        layers = {name: self._directory / name for name in ("written", "work")}
        for directory in (*layers.values(), self._disk, self._told):
            directory.mkdir(parents=True)
        options = f"lowerdir={tree},upperdir={layers['written']},workdir={layers['work']}"
        subprocess.run(["mount", "-t", "overlay", "-o", options, "pq-machine", self._disk], check=True)

    def _tell(self, name: str, text: str) -> None:
        """All of it at once: it is read at any moment."""
        path = self._told / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = self._directory / "new"
        new.write_text(text)
        new.rename(path)

    def _spawn(
        self,
        command: Sequence[str],
        log_name: str,
        namespace: Path | None = None,
        group: ControlGroup | None = None,
    ) -> subprocess.Popen[bytes]:
        def enter() -> None:
            die_with_parent(namespace)
            if group is not None:
                group.enter()

        with (self._directory / f"{log_name}.log").open("ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=enter)

    def _ends_with(self, status: int, within: float) -> None:
        assert self._nspawn is not None, f"{self.name} is not running"
        try:
            ended = self._nspawn.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} is still on after {within:g} s") from None
        self._nspawn = None
        assert ended == status, f"{self.name} ended with status {ended}:\n{self.console()}"

    def _leader(self) -> int | None:
        """The process that is number 1 in it."""
        if self._nspawn is None:
            return None
        pids = [self._nspawn.pid]
        for _ in ("systemd-nspawn", "its init"):
            pids = [child for pid in pids for child in children(pid)]
        return pids[-1] if pids else None

    def _answers(self) -> bool:
        assert self.is_running(), f"{self.name} does not boot:\n{self.console()}"
        leader = self._leader()
        if leader is None:
            return False
        state = self.run("systemctl", "is-system-running").stdout.strip()
        return state in ("initializing", "starting", "running", "degraded")


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
