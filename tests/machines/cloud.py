"""A cloud of one test: its network, its machines, its volumes, and a head and workers among them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from machine import Machine
from network import Network
from program import BINARIES, REPOSITORY
from volume import volume
from waiting import eventually

Json = dict[str, Any]

HEAD_PORT = 7700
PACKAGES = Path(os.environ.get("PQ_PACKAGES", REPOSITORY / "build" / "packages"))  # deploy/build-packages.sh
AGENT = PACKAGES / "agents" / "pq-agent-x86_64"  # static, where packages have been built
PQ = ("/usr/bin/pq",)
HEAD_AGENT = f"/usr/lib/pq/agents/pq-agent-{os.uname().machine}"  # that a head hands out
STATE = ("--state-dir", "/var/lib/pqd")
VOLUME_SHOWN_AS = "/dev/xvdb"

# Short, so that the tests are.
HEAD_SETTINGS = "[Service]\nEnvironment=PQD_BEAT=100ms PQD_LEASE_TERM=3s\nWatchdogSec=2s\n"


def packages_are_built() -> bool:
    return any(PACKAGES.glob("pq-head_*_amd64.deb"))


class Cloud:
    def __init__(self, root: Path, tree: Path, network: Network, undo: ExitStack) -> None:
        self.machines: list[Machine] = []
        self._root = root
        self._tree = tree
        self._network = network
        self._undo = undo
        self._head: Machine | None = None

    @property
    def head(self) -> Machine:
        assert self._head is not None, "no head has been started"
        return self._head

    def volume(self, name: str, mebibytes: int = 64) -> Path:
        return self._undo.enter_context(volume(self._root / f"{name}.img", mebibytes))

    def machine(self, name: str, holds: Path | None = None) -> Machine:
        """Off at first."""
        made = Machine(name, self._root, self._tree, self._network.link(name), holds)
        self.machines.append(made)
        self._undo.callback(made.discard)
        return made

    # ------------------------------------------------------------ a head and its workers

    def start_head(self, holds: Path, name: str = "head", from_packages: bool = False) -> Machine:
        """Returns as soon as it serves. Its image holds pq, unless its document is to install the packages."""
        self._head = self.machine(name, holds)
        self._head.write("/etc/systemd/system/pqd.service.d/tests.conf", HEAD_SETTINGS)
        if not from_packages:
            self._install_head(self._head)
        self._head.boot(self.head_document(*(self._packages() if from_packages else ())))
        self._head.cloud_init_ends()
        self.head_serves()
        return self._head

    def head_document(self, *flags: str) -> str:
        words = ["user-data", "head", "--device", VOLUME_SHOWN_AS, *flags]
        return subprocess.run([BINARIES / "pq", *words], capture_output=True, text=True, check=True).stdout

    def head_serves(self) -> None:
        eventually(lambda: self._asked("status").returncode == 0, "the head answers")

    def start_worker(self, name: str, document: str | None = None) -> Machine:
        """Returns as soon as its init answers."""
        worker = self.machine(name)
        worker.boot(document or self.worker_document())
        return worker

    def worker_document(self, *flags: str) -> str:
        """No firmware in these machines says whose they are: the notices to heed are named."""
        address = f"tcp://{self.head.link.address}:{HEAD_PORT}"
        words = ("--address", address, "--interruption", "ec2", "--slots", "1", *flags)
        return self.head.says(*PQ, "user-data", "agent", *words, *STATE) + "\n"

    def is_valid(self, document: str) -> bool:
        """As the head's cloud-init says, which warns of nothing."""
        self.head.write("/root/document.yaml", document)
        said = self.head.run("cloud-init", "schema", "--config-file", "/root/document.yaml")
        return said.status == 0 and said.stdout.strip() == "Valid cloud-config: /root/document.yaml"

    # ------------------------------------------------------------ what users ask, on the head

    def ask(self, command: str, *words: str) -> Json:
        outcome = self._asked(command, *words)
        assert outcome.returncode == 0, outcome
        return json.loads(outcome.stdout)

    def _asked(self, command: str, *words: str) -> subprocess.CompletedProcess[str]:
        done = self.head.run(*PQ, command, *words, *STATE, "--json", "--timeout", "60s", within=90)
        return subprocess.CompletedProcess(words, done.status, done.stdout, done.stderr)

    def agents(self) -> dict[str, Json]:
        """By machine: an agent has the name of its machine and four digits."""
        return {agent["name"].rpartition("-")[0]: agent for agent in self.ask("agents")["agents"]}

    def submit(self, *words: str) -> int:
        return int(self.head.says(*PQ, "submit", *STATE, *words))

    def wait(self, job: int) -> Json:
        return self.ask("wait", str(job))

    def verify(self, job: int) -> None:
        self.head.says(*PQ, "verify", str(job), *STATE)

    # ------------------------------------------------------------ its making

    def _install_head(self, machine: Machine) -> None:
        """On its disk before it boots: an image with pq-head and pq-client, as their packages would make it."""
        agent = AGENT if AGENT.exists() else BINARIES / "pq-agent"
        units = REPOSITORY / "deploy" / "systemd"
        machine.put(BINARIES / "pqd", "/usr/sbin/pqd")
        machine.put(BINARIES / "pq", "/usr/bin/pq")
        machine.put(agent, HEAD_AGENT)
        machine.put(units / "pqd.service", "/usr/lib/systemd/system/pqd.service")
        machine.put(units / "pqd.sysusers", "/usr/lib/sysusers.d/pqd.conf")

    def _packages(self) -> list[str]:
        """As flags of the head's document, which fetches them from a web server."""
        web = self._network.serve(PACKAGES)
        flags = []
        for package in (*PACKAGES.glob("pq-head_*_amd64.deb"), *PACKAGES.glob("pq-client_*_amd64.deb")):
            hash_text = hashlib.sha256(package.read_bytes()).hexdigest()
            flags += ["--package-url", f"{web}/{package.name}", "--package-sha256", hash_text]
        return flags
