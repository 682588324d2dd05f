"""The processes below another one, as those who signal whole trees find them."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

from waiting import pause


def parents() -> dict[int, int]:
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            # "123 (name, with whatever in it) S 1 …"
            found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    return found


def below(root: int) -> list[int]:
    """Parents before their children, without `root` itself."""
    parent_of = parents()

    def children(process: int) -> Iterator[int]:
        for child in sorted(child for child, parent in parent_of.items() if parent == process):
            yield child
            yield from children(child)

    return list(children(root))


def name_of(process: int) -> str:
    """Empty: it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text().strip()
    return ""


def signal_each(processes: Sequence[int], number: signal.Signals, between_s: float) -> None:
    """One after another, as fast or as slowly as a busy batch system does it."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)
        if between_s > 0:
            pause(between_s)
