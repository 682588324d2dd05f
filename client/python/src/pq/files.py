"""Files that travel with a job, each known by the SHA-256 of what is in it."""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, BinaryIO, Callable, Union

from .wire import NAME_BYTES_MAX, Message

FileLike = Union[str, "os.PathLike[str]", tuple[str, bytes]]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_READ_BYTES = 1 << 20
_LEFT_OUT = ("__pycache__",)


class JobFile:
    """`open` gives all that is in it, from its begin."""

    def __init__(self, name: str, kind: str, open_: Callable[[], BinaryIO]) -> None:
        if not _NAME.fullmatch(name) or len(name) > NAME_BYTES_MAX:
            raise ValueError(
                f"a file cannot travel as {name!r}: its name must be letters, digits, dots, underscores and dashes, "
                f"a letter or digit first, {NAME_BYTES_MAX} at most; send it as ('name', bytes)"
            )
        self.name = name
        self.kind = kind
        self.open = open_
        self.hash, self.bytes = _hash_and_size(open_)

    def reference(self) -> Message:
        return {"name": self.name, "hash": self.hash, "bytes": self.bytes, "kind": self.kind}


def _hash_and_size(open_: Callable[[], BinaryIO]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with open_() as file:
        while part := file.read(_READ_BYTES):
            digest.update(part)
            size += len(part)
    return digest.hexdigest(), size


def job_file(given: FileLike | JobFile) -> JobFile:
    """A path, or a name and bytes. A directory travels as a tar, an executable file stays one."""
    if isinstance(given, JobFile):
        return given
    if isinstance(given, tuple):
        name, content = given
        return bytes_file(name, content)
    path = Path(given)
    if path.is_dir():
        return directory_file(path.resolve().name, [(child.name, child) for child in path.iterdir()])
    kind = "executable" if os.access(path, os.X_OK) else "plain"
    return JobFile(path.name, kind, lambda: path.open("rb"))


def bytes_file(name: str, content: bytes) -> JobFile:
    return JobFile(name, "plain", lambda: io.BytesIO(content))


def directory_file(name: str, entries: Iterable[tuple[str, Path]], left_out: tuple[str, ...] = ()) -> JobFile:
    """A directory with these entries, each a file or a whole directory and its name in it."""
    tar = tempfile.NamedTemporaryFile(prefix="pq-", suffix=".tar")  # there for as long as the JobFile
    _write_tar(tar, sorted(entries, key=lambda entry: entry[0]), left_out)
    tar.flush()
    return JobFile(name, "directory", lambda: open(tar.name, "rb"))


def package_file(name: str, entries: Iterable[tuple[str, Path]]) -> JobFile:
    """Python modules and packages, without what Python has compiled of them."""
    return directory_file(name, entries, _LEFT_OUT)


def _write_tar(to: IO[bytes], entries: Iterable[tuple[str, Path]], left_out: tuple[str, ...]) -> None:
    """The same bytes for the same content: neither times nor owners, in the order of names."""
    with tarfile.open(fileobj=to, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, path in entries:
            _add(tar, name, path, left_out)


def _add(tar: tarfile.TarFile, name: str, path: Path, left_out: tuple[str, ...]) -> None:
    if path.name in left_out:
        return
    info = tar.gettarinfo(str(path), name)
    if info is None:  # a socket
        return
    info.mtime = 0
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
    if info.isreg():
        with path.open("rb") as file:
            tar.addfile(info, file)
        return
    tar.addfile(info)
    if info.isdir():
        for child in sorted(path.iterdir(), key=lambda child: child.name):
            _add(tar, f"{name}/{child.name}", child, left_out)
