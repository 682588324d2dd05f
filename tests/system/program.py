"""One process of pq: started, signalled by its pid, its output read while it runs and after its end."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from waiting import PATIENCE_S

REPOSITORY = Path(__file__).resolve().parents[2]
BINARIES = Path(os.environ.get("PQ_BIN", REPOSITORY / "build" / "release" / "bin")).resolve()

ALL_PROGRAMS = (
    "pqd", "pq-agent", "pq", "pq-submit", "pq-status", "pq-wait", "pq-cancel", "pq-pause", "pq-resume",
    "pq-priority", "pq-retry", "pq-logs", "pq-events", "pq-output", "pq-agents", "pq-verify", "pq-backup", "pq-key",
    "pq-provenance", "pq-recompute", "pq-forget", "pq-user-data",
)

_SETTINGS_OF_THIS_SHELL = ("PQ_", "PQD_", "XDG_", "NO_COLOR", "JOURNAL_STREAM", "STATE_DIRECTORY")
_PR_SET_PDEATHSIG = 1
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Outcome(NamedTuple):
    """What a process that has ended left behind."""

    status: int
    stdout: str
    stderr: str


def clean_environment(home: Path) -> dict[str, str]:
    """Nothing of the person who runs the tests: neither their settings nor their state directory."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_SETTINGS_OF_THIS_SHELL)}
    return kept | {"HOME": str(home)}


def die_with_parent(network: Path | None = None) -> None:
    """Run in the child before exec: even a pytest that is killed leaves nothing running.

    `network` is the namespace that the child enters, as a file of /run/netns.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if network is not None:
        with network.open("rb") as namespace:
            if _libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"cannot enter {network}")


class Program:
    """A process that runs in the background. Its output goes to files, so that no pipe can block it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        directory: Path,
        environment: Mapping[str, str],
        user: int | None = None,
        network: Path | None = None,
    ) -> None:
        self.name = name
        self._stdout_path = directory / f"{name}.stdout"
        self._stderr_path = directory / f"{name}.stderr"
        with self._stdout_path.open("wb") as out, self._stderr_path.open("wb") as err:
            self._process = subprocess.Popen(
                [str(BINARIES / command[0]), *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=dict(environment),
                preexec_fn=partial(die_with_parent, network),
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def stdout(self) -> str:
        return self._stdout_path.read_text(errors="replace")

    def stderr(self) -> str:
        return self._stderr_path.read_text(errors="replace")

    def send_signal(self, number: signal.Signals) -> None:
        assert self.is_running(), f"{self.name} has ended already:\n{self.stderr()}"
        os.kill(self.pid, number)

    def ends(self, within: float = PATIENCE_S) -> Outcome:
        """Waits for its end. A process that a signal ended has that signal's number, negative, as status."""
        try:
            status = self._process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} has not ended within {within:g} s") from None
        return Outcome(status, self.stdout(), self.stderr())

    def kill(self) -> None:
        """SIGKILL, which ends also a stopped process. It is gone, and so is its port, when this returns."""
        if self.is_running():
            self._process.kill()
            self._process.wait()

    def terminate(self, within: float = PATIENCE_S) -> Outcome:
        self.send_signal(signal.SIGTERM)
        return self.ends(within)
