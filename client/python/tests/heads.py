"""A head, its agents and a state directory of their own, as real processes that end with the tests."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, TypeVar

import pq

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path.append(str(REPOSITORY / "tests" / "system"))

from tunnel import Tunnel as Tunnel  # noqa: E402

BINARIES = Path(os.environ.get("PQ_BIN", REPOSITORY / "build" / "release" / "bin")).resolve()
PATIENCE_S = 120.0  # for what takes a fraction of a second on a quiet machine

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
T = TypeVar("T")


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def eventually(condition: Callable[[], T], what: str, within: float = PATIENCE_S) -> T:
    """Asks until the answer is truthy, and returns it."""
    deadline = time.monotonic() + within
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}; the last answer was {answer!r}"
        time.sleep(0.01)


class Head:
    """Started again, it listens at the port that the first one was given."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state_dir = root / "state"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._head: subprocess.Popen[bytes] | None = None
        self._clients: list[pq.Client] = []
        self._listen = "tcp://127.0.0.1:*"

    def close(self) -> None:
        for client in self._clients:
            client.close()
        for process in self._processes:
            _kill(process)

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PQ_", "PQD_"))}
        kept["PATH"] = f"{Path(sys.executable).parent}:{kept.get('PATH', os.defpath)}"  # python3 is this one
        command = [str(BINARIES / words[0]), "--state-dir", str(self.state_dir), *words[1:]]
        log = self.root / f"{words[0]}-{len(self._processes)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=kept, preexec_fn=_die_with_parent
            )
        self._processes.append(process)
        return process

    def start(self, anywhere: bool = False) -> None:
        """Returns as soon as it listens."""
        if anywhere:
            self._listen = "tcp://127.0.0.1:*"
        address = self.state_dir / "head.endpoint"
        self._head = self._start("pqd", "--listen", self._listen, "--http", "none", "--beat", "100ms")
        log = self.root / f"pqd-{len(self._processes) - 1}.log"
        eventually(lambda: " listens on " in log.read_text(errors="replace"), "the head listens")
        self._listen = address.read_text().strip()

    @property
    def endpoint(self) -> str:
        return self._listen

    def kill(self) -> None:
        assert self._head is not None
        _kill(self._head)

    def send_signal(self, number: int) -> None:
        assert self._head is not None, "no head has been started"
        self._head.send_signal(number)

    def start_agent(self, *flags: str, slots: int = 2) -> subprocess.Popen[bytes]:
        """Returns as soon as it can be given work."""
        before = len(self.active_agents())
        name = f"agent-{len(self._processes)}"
        process = self._start("pq-agent", "--name", name, "--slots", str(slots), *flags)
        log = self.root / f"pq-agent-{len(self._processes) - 1}.log"
        try:
            eventually(lambda: process.poll() is not None or len(self.active_agents()) > before, "the agent is known")
        finally:
            assert process.poll() is None, f"the agent has ended:\n{log.read_text(errors='replace')}"
        return process

    def active_agents(self) -> list[pq.AgentStatus]:
        return [agent for agent in self.client().agents() if agent.state == "active"]

    def client(self, **how: Any) -> pq.Client:
        """The same one for the same words; closed with the head."""
        made = pq.Client(state_dir=self.state_dir, **how) if how or not self._clients else self._clients[0]
        if made not in self._clients:
            self._clients.append(made)
        return made

    def run(self, *words: str) -> str:
        """A command of pq, to its end."""
        command = [str(BINARIES / words[0]), "--state-dir", str(self.state_dir), *words[1:]]
        ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        return ended.stdout.strip()

    def environment(self) -> dict[str, str]:
        """For a script that finds the head by itself."""
        source = str(Path(pq.__file__).resolve().parents[1])
        return {**os.environ, "PQ_STATE_DIR": str(self.state_dir), "PYTHONPATH": source}


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    process.wait()
