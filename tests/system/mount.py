"""Small file systems of their own, for tests that fill or forbid them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_ext4(at: Path, mebibytes: int) -> Iterator[None]:
    """A disk in a file beside `at`. Skips the test where no such disk can be made."""
    image = at.with_suffix(".ext4")
    with image.open("wb") as file:
        file.truncate(mebibytes << 20)
    make = ["mkfs.ext4", "-q", "-m", "0", "-J", "size=4", image]
    try:
        made = subprocess.run(make, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mkfs.ext4 here (Debian's e2fsprogs)")
    assert made.returncode == 0, made.stderr
    with mounted(["mount", "-o", "loop", image, at], at):
        yield


@contextmanager
def tmpfs(at: Path, options: str) -> Iterator[None]:
    """Skips the test where this user or this container may not mount."""
    with mounted(["mount", "-t", "tmpfs", "-o", options, "pq-system-test", at], at):
        yield


@contextmanager
def mounted(command: list[str | Path], at: Path) -> Iterator[None]:
    done = subprocess.run(command, capture_output=True)
    if done.returncode != 0:
        pytest.skip(f"mounting is refused here: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)
