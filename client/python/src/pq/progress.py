"""Progress on stderr: a bar while it is a terminal, one line at the end otherwise."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

from .status import JobStatus

_BAR_COLUMNS = 30
_ERASE = "\r\x1b[K"


class Progress:
    """`wanted`: True and None show it, False shows nothing."""

    def __init__(self, wanted: bool | None, to: TextIO | None = None) -> None:
        self._to = to or sys.stderr
        self._is_wanted = wanted is not False and self._to is not None
        self.draws = self._is_wanted and self._to.isatty()
        self._is_drawn = False

    def show(self, status: JobStatus) -> None:
        if self.draws:
            columns = max(shutil.get_terminal_size().columns, 20) - 1
            self._to.write(_ERASE + bar(status)[:columns])
            self._to.flush()
            self._is_drawn = True

    def say(self, text: str) -> None:
        """A line of its own."""
        if self._is_wanted:
            self.clear()
            self._to.write(f"pq: {text}\n")
            self._to.flush()

    def clear(self) -> None:
        if self._is_drawn:
            self._to.write(_ERASE)
            self._to.flush()
            self._is_drawn = False


def bar(status: JobStatus) -> str:
    full = int(status.fraction * _BAR_COLUMNS)
    drawn = "#" * full + "-" * (_BAR_COLUMNS - full)
    return f"{status.title}  {status.fraction:6.1%}  [{drawn}]  " + "  ".join(_remarks(status))


def end_line(status: JobStatus) -> str:
    text = f"{status.title} {status.state}"
    if status.value is not None and status.state == "done":
        text += f": {status.value}"
    if status.partial_text:
        text += f": no total, but {status.partial_text}"
    text += f" in {status.range}"
    if status.seconds_taken is not None:
        text += f", {duration(status.seconds_taken)}"
    return text if status.state != "failed" else f"{text}: {status.last_words or 'nobody says why'}"


def _remarks(status: JobStatus) -> list[str]:
    if status.state == "paused":
        return ["paused"]
    if status.state == "queued":
        return [status.unplaced or "no agent has taken it yet"]
    texts = [f"{magnitude(status.rate_per_s)}/s"]
    if status.seconds_left is not None:
        texts.append(f"{duration(status.seconds_left)} left")
    if status.failed:
        texts.append(f"{status.failed} failed")
    return texts


def magnitude(number: float) -> str:
    for unit in ("", "k", "M", "G", "T"):
        if number < 1000:
            return f"{number:.3g}{unit}"
        number /= 1000
    return f"{number:.3g}P"


def duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 60:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m {whole % 60}s"
    minutes = round(seconds / 60)
    return f"{minutes // 60}h {minutes % 60}m" if minutes < 1440 else f"{minutes // 1440}d {minutes % 1440 // 60}h"
