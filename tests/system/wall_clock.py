"""A wall clock that steps while programs run; the machine's own is never touched, and time that passes is real.

It is Debian's libfaketime, loaded before a program's own libraries. It reads the step from a file at each look at the
clock, and leaves the monotonic clock alone.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster import Cluster

LIBRARIES = ("lib/*/faketime/libfaketimeMT.so.1", "lib*/faketime/libfaketimeMT.so.1")


class WallClock:
    """Of all programs that the cluster starts from now on. REQUIRES: none runs."""

    def __init__(self, cluster: Cluster) -> None:
        found = [path for pattern in LIBRARIES for path in Path("/usr").glob(pattern)]
        if not found:
            pytest.skip("libfaketime is not installed (Debian's package libfaketime)")
        self._file = cluster.root / "wall-clock"
        self.step(0)
        cluster.environment |= {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, seconds: int) -> None:
        """To so many seconds after the true time, or before it."""
        written = self._file.with_suffix(".new")
        written.write_text(f"{seconds:+d}\n")
        written.replace(self._file)  # at once: nobody reads a half of it
