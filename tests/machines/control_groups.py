"""A control group for each machine: without it, all machines that are started here would share one."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def hierarchies() -> list[Path]:
    """Those that systemd keeps its units in: one, or two where both versions are mounted."""
    return [path for path in (ROOT, ROOT / "unified", ROOT / "systemd") if (path / "cgroup.procs").exists()]


class ControlGroup:
    def __init__(self, name: str) -> None:
        self._directories = [hierarchy / name for hierarchy in hierarchies()]
        for directory in self._directories:
            directory.mkdir(exist_ok=True)

    def enter(self) -> None:
        """This process, before it becomes the machine's."""
        for directory in self._directories:
            (directory / "cgroup.procs").write_text(str(os.getpid()))

    def remove(self) -> bool:
        """With all that systemd has made in it; not while processes are in it."""
        for directory in self._directories:
            for path, _, _ in os.walk(directory, topdown=False):
                try:
                    os.rmdir(path)
                except OSError:
                    return False
        return True
