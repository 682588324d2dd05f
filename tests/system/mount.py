"""Small file systems of their own, for tests that fill or forbid them."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest


@contextmanager
def tmpfs(at: Path, options: str) -> Iterator[None]:
    """Skips the test where this user or this container may not mount."""
    mount = ["mount", "-t", "tmpfs", "-o", options, "pq-system-test", at]
    mounted = subprocess.run(mount, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"mounting is refused here: {mounted.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)
