"""What is submitted: a job's spec as the protocol says it, the files that go with it, and a random id.

The id makes a submission safe to repeat: the head knows it again and never makes a second job of it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from secrets import randbits
from typing import Union

from .files import FileLike, JobFile, bytes_file, job_file
from .ranges import Range, RangeLike, to_range
from .wire import Message

Command = Union[str, Sequence[str]]
Require = Union[Mapping[str, str], Iterable[str], None]

_DURATIONS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
ITEM_BYTES_MAX = 1 << 16
EXPRESS_RUN_MS = 10_000  # the longest that the head takes


@dataclass(frozen=True)
class Program:
    """A program of the user's and how it is run."""

    words: tuple[str, ...]
    streams: bool
    step: int
    timeout_ms: int
    memory_bytes: int
    collects: bool
    env: Mapping[str, str]
    files: tuple[JobFile, ...]
    items: JobFile | None = None
    express: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict)

    def message(self) -> Message:
        message: Message = {
            "words": list(self.words),
            "streams": self.streams,
            "run_width": self.step,
            "timeout_ms": self.timeout_ms,
            "memory_bytes": self.memory_bytes,
            "collects": self.collects,
            "env": [{"name": name, "value": value} for name, value in sorted(self.env.items())],
            "files": [file.reference() for file in self.files],
        }
        if self.express:
            message["express"] = True
        if self.secrets:
            message["secrets"] = [{"name": name, "value": value} for name, value in sorted(self.secrets.items())]
        return message if self.items is None else {**message, "items": self.items.reference()}


class Submission:
    def __init__(self, spec: Message, program: Program | None) -> None:
        self.id = [randbits(64), randbits(64)]
        self.spec = spec if program is None else {**spec, "program": program.message()}
        self.files: list[JobFile] = []
        if program is not None:
            self.files = [*program.files, *([program.items] if program.items else [])]


def make_submission(
    range: RangeLike | None = None,
    *,
    each: Iterable[str] | None = None,
    command: Command | None = None,
    kernel: str = "primes",
    fold: str = "sum",
    name: str = "",
    priority: int = 0,
    step: int | None = None,
    files: Sequence[FileLike | JobFile] = (),
    env: Mapping[str, str] | None = None,
    timeout: float | str | None = None,
    memory: int | str | None = None,
    attempts: int = 3,
    max_failures: int = 100,
    crash_limit: int | None = 3,
    cpus: int = 1,
    require: Require = None,
    collect: bool = False,
    stream: bool = False,
    express: bool = False,
    secrets: Mapping[str, str] | None = None,
) -> Submission:
    """ValueError or TypeError for what no head would take."""
    if (range is None) == (each is None):
        raise TypeError("give either a range or each=ITEMS")
    if command is None and (each is not None or step or files or env or timeout or memory or collect or stream
                            or express or secrets):
        raise TypeError(
            "each, step, files, env, secrets, timeout, memory, collect, stream and express are of a program: "
            "give command="
        )
    items, lines = _items(each) if each is not None else (None, 0)
    program = None
    if command is not None:
        words = _words(command)
        program = Program(
            words=words,
            streams=stream,
            step=1 if items else step or 0,
            timeout_ms=milliseconds(timeout) or (EXPRESS_RUN_MS if express else 0),
            memory_bytes=byte_count(memory),
            collects=collect,
            env=dict(env or {}),
            files=tuple(_with_first_word(words[0], [job_file(file) for file in files])),
            items=items,
            express=express,
            secrets=dict(secrets or {}),
        )
    of = to_range(range) if range is not None else Range(1, lines + 1)
    spec: Message = {
        "range": list(of),
        "kernel": kernel if program is None else "exec",
        "fold": fold,
        "name": name,
        "priority": priority,
        "attempts_max": attempts,
        "failures_max": max_failures,
        "crash_limit": crash_limit or 0,
        "cpus": cpus,
        "require": _labels(require),
    }
    return Submission(spec, program)


def _words(command: Command) -> tuple[str, ...]:
    words = tuple(shlex.split(command) if isinstance(command, str) else command)
    if not words:
        raise ValueError("the command is empty: give a program and its arguments")
    return words


def _with_first_word(word: str, files: list[JobFile]) -> list[JobFile]:
    """A program `./sim` of the current directory goes along by itself."""
    name = word[2:]
    is_here = word.startswith("./") and "/" not in name and Path(word).is_file()
    return [*files, job_file(word)] if is_here and name not in {file.name for file in files} else files


def _items(each: Iterable[str]) -> tuple[JobFile, int]:
    if isinstance(each, str):
        raise TypeError("each is a list of items, not one text")
    lines = [item.encode() + b"\n" for item in each]
    if not lines:
        raise ValueError("there are no items: a job computes over one at least")
    for number, line in enumerate(lines, 1):
        if b"\n" in line[:-1] or len(line) > ITEM_BYTES_MAX:
            raise ValueError(f"item {number} has a line break or more than {ITEM_BYTES_MAX} bytes: an item is a line")
    return bytes_file("items", b"".join(lines)), len(lines)


def _labels(require: Require) -> list[Message]:
    if not require:
        return []
    if isinstance(require, str):
        raise TypeError(f"require={require!r} is one text: give {{'zone': 'eu-1a'}} or ['zone=eu-1a']")
    pairs = require.items() if isinstance(require, Mapping) else [_label(text) for text in require]
    return [{"key": key, "value": value} for key, value in sorted(pairs)]


def _label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not a label: write KEY=VALUE")
    return key, value


def milliseconds(time: float | str | None) -> int:
    """Of seconds, or of a text such as 500ms, 30s, 5m; 0 for none."""
    if time is None:
        return 0
    if isinstance(time, str):
        match = re.fullmatch(r"([0-9]+)(ms|s|m|h|d)", time)
        if not match:
            raise ValueError(f"{time!r} is not a duration: give seconds, or a text such as 500ms, 30s, 5m or 1h")
        ms = int(match[1]) * _DURATIONS_MS[match[2]]
    else:
        ms = round(time * 1000)
    if not 0 < ms < 2**32:
        raise ValueError(f"{time!r} is not a time limit: give 1 ms to 49 days")
    return ms


def byte_count(size: int | str | None) -> int:
    """Of a number, or of a text such as 500M, 2G, 2GiB (powers of 1024) or 2GB (of 1000); 0 for none."""
    if size is None:
        return 0
    count = _bytes_in(size) if isinstance(size, str) else size
    if not 0 < count < 2**64:
        raise ValueError(f"{size!r} is not a memory limit: give 1 to 2^64-1 bytes")
    return count


def _bytes_in(text: str) -> int:
    match = re.fullmatch(r"([0-9]+)([KMGT]?)(|I?B)", text, re.IGNORECASE)
    if not match or (match[3].upper() == "IB" and not match[2]):
        raise ValueError(f"{text!r} is not a size: give bytes, or a text such as 500M or 2G")
    base = 1000 if match[3].upper() == "B" else 1024
    return int(match[1]) * int(base ** " KMGT".index(match[2].upper() or " "))
