"""How many jobs a client waits for at once: a head lets one connection wait for 64. More take turns."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable


class WaitPlaces:
    """From any thread, and after a fork as new."""

    COUNT = 48
    TURN_S = 0.5  # how long one that waits keeps its place while others want it

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._anew()

    def _anew(self) -> None:
        self._pid = os.getpid()
        self._free = self.COUNT
        self._line: deque[Callable[[], None]] = deque()

    def take(self, begin: Callable[[], None]) -> None:
        """Calls `begin` as soon as there is a place, perhaps in another thread; it must not wait."""
        with self._lock:
            if self._pid != os.getpid():
                self._anew()
            if not self._free:
                self._line.append(begin)
                return
            self._free -= 1
        begin()

    def give_back(self) -> None:
        with self._lock:
            if not self._line:
                self._free += 1
                return
            begin = self._line.popleft()
        begin()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Waits for a place."""
        mine = threading.Event()
        self.take(mine.set)
        mine.wait()
        try:
            yield
        finally:
            self.give_back()

    def patience(self, wanted_s: float) -> float:
        """How long to wait for a job in one go."""
        return min(wanted_s, self.TURN_S) if self._line else wanted_s
