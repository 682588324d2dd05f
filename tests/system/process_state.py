"""What the kernel says of a process."""

from __future__ import annotations

import os
from pathlib import Path


def descriptors_of(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def threads_of(pid: int) -> list[str]:
    """The name of each."""
    return [(task / "comm").read_text().strip() for task in Path(f"/proc/{pid}/task").iterdir()]


def resident_mb_of(pid: int) -> float:
    return _status_mb(pid, "VmRSS")


def peak_mb_of(pid: int) -> float:
    """The most that was ever resident, or since forget_peak_of."""
    return _status_mb(pid, "VmHWM")


def forget_peak_of(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status_mb(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024
