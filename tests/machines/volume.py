"""A disk that outlives machines, as a cloud's volumes do: a loop device over a sparse file."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def volume(file: Path, mebibytes: int) -> Iterator[Path]:
    """The device, empty at first. Skips the test where there are none."""
    with file.open("wb") as image:
        image.truncate(mebibytes << 20)
    made = subprocess.run(["losetup", "--find", "--show", file], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"loop devices are refused here: {made.stderr.strip()}")
    device = Path(made.stdout.strip())
    held = os.open(device, os.O_RDONLY)
    try:
        # Detached as soon as nobody has it open, whatever ends this process.
        subprocess.run(["losetup", "--detach", device], check=True)
        yield device
    finally:
        os.close(held)
        file.unlink()
