"""A cloud of one test: its network, its machines, its volumes, and a head and workers among them."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Mapping, Optional

from documents import Fetched, agent_document, head_document
from machine import Machine
from network import Network
from program import BINARIES, die_with_parent
from volume import volume
from waiting import eventually

Json = dict[str, Any]

HEAD_PORT = 7700
PROGRAMS_PORT = 8000
HEAD_SETTINGS = {"PQD_LISTEN": f"tcp://0.0.0.0:{HEAD_PORT}", "PQD_HTTP": "none", "PQD_BEAT": "100ms",
                 "PQD_LEASE_TERM": "3s"}
# No firmware in these machines says whose they are.
WORKER_SETTINGS = {"PQ_INTERRUPTION": "ec2", "PQ_SLOTS": "1"}


class Cloud:
    def __init__(self, root: Path, tree: Path, network: Network, undo: ExitStack) -> None:
        self.machines: list[Machine] = []
        self._root = root
        self._tree = tree
        self._network = network
        self._undo = undo
        self._head: Optional[Machine] = None
        self.programs_source = f"http://{network.router_address}:{PROGRAMS_PORT}"
        self._serve_programs()

    @property
    def head(self) -> Machine:
        assert self._head is not None, "no head has been started"
        return self._head

    def volume(self, name: str, mebibytes: int = 64) -> Path:
        return self._undo.enter_context(volume(self._root / f"{name}.img", mebibytes))

    def machine(self, name: str, holds: Optional[Path] = None) -> Machine:
        """Off at first."""
        made = Machine(name, self._root, self._tree, self._network.link(name), holds)
        self.machines.append(made)
        self._undo.callback(made.discard)
        return made

    # ------------------------------------------------------------ a head and its workers

    def start_head(self, holds: Path, name: str = "head") -> Machine:
        """Returns as soon as it serves."""
        self._head = self.machine(name, holds)
        self._head.boot(self.head_document())
        self._head.cloud_init_ends()
        self.head_serves()
        return self._head

    def head_document(self) -> str:
        return head_document(self.programs_source, [Fetched.of(BINARIES / p) for p in ("pqd", "pq")], HEAD_SETTINGS)

    def head_serves(self) -> None:
        eventually(lambda: self._asked("status").returncode == 0, "the head answers")

    def start_worker(self, name: str, document: Optional[str] = None) -> Machine:
        """Returns as soon as its init answers."""
        worker = self.machine(name)
        worker.boot(document or self.worker_document(name))
        return worker

    def worker_document(self, name: str, sha256: Optional[str] = None, settings: Mapping[str, str] = {}) -> str:
        program = Fetched.of(BINARIES / "pq-agent")
        if sha256 is not None:
            program = Fetched(program.name, sha256)
        named = {**WORKER_SETTINGS, "PQ_NAME": name, **settings}
        return agent_document(self.programs_source, program, self.join_token(), named)

    def join_token(self) -> str:
        address = f"tcp://{self.head.link.address}:{HEAD_PORT}"
        return self.head.says(*PQ, "key", "new", "agent", "--address", address, *STATE)

    # ------------------------------------------------------------ what users ask, on the head

    def ask(self, command: str, *words: str) -> Json:
        outcome = self._asked(command, *words)
        assert outcome.returncode == 0, outcome
        return json.loads(outcome.stdout)

    def _asked(self, command: str, *words: str) -> subprocess.CompletedProcess[str]:
        done = self.head.run(*PQ, command, *words, *STATE, "--json", "--timeout", "60s", within=90)
        return subprocess.CompletedProcess(words, done.status, done.stdout, done.stderr)

    def agents(self) -> dict[str, Json]:
        return {agent["name"]: agent for agent in self.ask("agents")["agents"]}

    def submit(self, range_text: str) -> int:
        return int(self.head.says(*PQ, "submit", "--range", range_text, *STATE))

    def wait(self, job: int) -> Json:
        return self.ask("wait", str(job))

    def verify(self, job: int) -> None:
        self.head.says(*PQ, "verify", str(job), *STATE)

    # ------------------------------------------------------------ its making

    def _serve_programs(self) -> None:
        command = [sys.executable, "-m", "http.server", str(PROGRAMS_PORT), "--bind", self._network.router_address,
                   "--directory", str(BINARIES)]
        with (self._root / "programs.log").open("wb") as log:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                      preexec_fn=partial(die_with_parent, self._network.router))
        self._undo.callback(server.wait)
        self._undo.callback(server.kill)


PQ = ("/usr/local/bin/pq",)
STATE = ("--state-dir", "/var/lib/pqd")
