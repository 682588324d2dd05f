"""Waiting for what must happen: the only place of these tests that sleeps."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

T = TypeVar("T")

PATIENCE_S = 120.0  # for what takes a fraction of a second on a quiet machine
LONG_S = 900.0  # for jobs that keep a quiet machine busy for a minute


def eventually(condition: Callable[[], T], what: str, within: float = PATIENCE_S) -> T:
    """Asks until the answer is truthy, and returns it; fails with `what` and the last answer otherwise."""
    deadline = time.monotonic() + within
    pause = 0.002
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what}; the last answer was {answer!r}")
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


def pause(seconds: float) -> None:
    """For a moment that chance has picked. What must happen is waited for by `eventually`."""
    time.sleep(seconds)
