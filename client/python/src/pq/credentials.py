"""Where a client finds what it takes to talk to the head: a join token, a key file, or a state directory."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

import zmq
from zmq.utils import z85

DEFAULT_ENDPOINT = "tcp://127.0.0.1:7700"
TOKEN_PREFIX = "pq1_"
_SYSTEM_STATE_DIR = Path("/var/lib/pqd")
_KEY_BYTES = 32
_SUM_BYTES = 4


class Credentials(NamedTuple):
    """Keys are Z85 texts of 40 characters."""

    endpoint: str
    head_key: str
    public_key: str
    secret_key: str


class CredentialsMissing(Exception):
    """A whole sentence: what is missing, where it was looked for, what to do.

    `may_come` is whether waiting helps: a head that starts now writes its state directory.
    """

    def __init__(self, text: str, may_come: bool = False) -> None:
        super().__init__(text)
        self.may_come = may_come


class Sources(NamedTuple):
    """What was said about it; `key` is a join token, or the path of a file with a key or a token."""

    state_dir: Path
    head: str | None
    key: str | None

    def find(self) -> Credentials:
        """Anew each time: a head that was started again may have another address."""
        if self.key is None:
            return self._from_state_dir()
        if self.key.strip().startswith(TOKEN_PREFIX):
            return self._from_token(self.key.strip(), "the join token")
        return self._from_key_file(Path(self.key))

    def _from_token(self, text: str, what: str) -> Credentials:
        token = parse_token(text)
        if token is None:
            raise CredentialsMissing(
                f"{what} is damaged: copy all of what pq-key printed, from {TOKEN_PREFIX} to the end"
            )
        return token._replace(endpoint=self.head or token.endpoint)

    def _from_key_file(self, path: Path) -> Credentials:
        text = _read_secret(path)
        if text.startswith(TOKEN_PREFIX):
            return self._from_token(text, f"the join token in {path}")
        if not (self.state_dir / "head.public").exists():
            raise CredentialsMissing(
                f"{path} does not say which head to trust, and {self.state_dir / 'head.public'} is missing: copy "
                "head.public from the head's state directory there, or use a join token (pq-key new prints one)"
            )
        return self._at_local_head(*_parse_key_file(text, path))

    def _from_state_dir(self) -> Credentials:
        if not (self.state_dir / "head.public").exists():
            raise CredentialsMissing(
                f"no head has run with state directory {self.state_dir} yet: start pqd there, "
                "or pass state_dir= or key= (PQ_STATE_DIR, PQ_KEY)",
                may_come=True,
            )
        path = self.state_dir / "keys" / "operator.key"
        return self._at_local_head(*_parse_key_file(_read_secret(path), path))

    def _at_local_head(self, public_key: str, secret_key: str) -> Credentials:
        head_key = _read(self.state_dir / "head.public")
        if not is_key(head_key):
            raise CredentialsMissing(
                f"{self.state_dir / 'head.public'} holds no key: restart pqd, which writes it anew"
            )
        written = self.state_dir / "head.endpoint"
        endpoint = self.head or (_read(written) if written.exists() else DEFAULT_ENDPOINT)
        return Credentials(endpoint, head_key, public_key, secret_key)


def sources(
    state_dir: str | os.PathLike[str] | None, head: str | None, key: str | os.PathLike[str] | None
) -> Sources:
    """What was passed, else PQ_STATE_DIR, PQ_HEAD and PQ_KEY, else the usual state directory."""
    key_said = os.fspath(key) if key is not None else os.environ.get("PQ_KEY") or None
    place = Path(state_dir) if state_dir is not None else default_state_dir()
    return Sources(place, head or os.environ.get("PQ_HEAD") or None, key_said)


def default_state_dir() -> Path:
    """As the programs of pq find it."""
    environment = os.environ
    if environment.get("PQ_STATE_DIR"):
        return Path(environment["PQ_STATE_DIR"])
    if environment.get("STATE_DIRECTORY"):
        return Path(environment["STATE_DIRECTORY"].split(":")[0])
    if os.access(_SYSTEM_STATE_DIR, os.R_OK | os.W_OK | os.X_OK):
        return _SYSTEM_STATE_DIR
    if environment.get("XDG_STATE_HOME", "").startswith("/"):
        return Path(environment["XDG_STATE_HOME"]) / "pq"
    if environment.get("HOME"):
        return Path(environment["HOME"]) / ".local" / "state" / "pq"
    return _SYSTEM_STATE_DIR


def is_key(text: str) -> bool:
    try:
        return len(text) == 40 and len(z85.decode(text.encode())) == _KEY_BYTES
    except (KeyError, ValueError):
        return False


def parse_token(text: str) -> Credentials | None:
    """`pq1_` and in hexadecimal the head's public key, the own secret key, the endpoint and a sum of these."""
    try:
        content = bytes.fromhex(text[len(TOKEN_PREFIX) :])
    except ValueError:
        return None
    content, found = content[:-_SUM_BYTES], content[-_SUM_BYTES:]
    endpoint = content[2 * _KEY_BYTES :]
    is_printable = endpoint != b"" and all(0x20 < character < 0x7F for character in endpoint)
    if not text.startswith(TOKEN_PREFIX) or not is_printable or found != _fnv1a(content):
        return None
    secret_key: bytes = z85.encode(content[_KEY_BYTES : 2 * _KEY_BYTES])
    head_key: bytes = z85.encode(content[:_KEY_BYTES])
    return Credentials(endpoint.decode(), head_key.decode(), zmq.curve_public(secret_key).decode(), secret_key.decode())


def _fnv1a(content: bytes) -> bytes:
    total = 2166136261
    for byte in content:
        total = (total ^ byte) * 16777619 % 2**32
    return total.to_bytes(_SUM_BYTES, "little")


def _parse_key_file(text: str, path: Path) -> tuple[str, str]:
    words = dict(line.split(None, 1) for line in text.splitlines() if len(line.split()) == 2)
    public_key, secret_key = words.get("public", "").strip(), words.get("secret", "").strip()
    if not is_key(public_key) or not is_key(secret_key):
        raise CredentialsMissing(
            f"{path} is no key file: it must have a line `public KEY` and a line `secret KEY`; make one with pq-key new"
        )
    if zmq.curve_public(secret_key.encode()).decode() != public_key:
        raise CredentialsMissing(
            f"{path} is damaged: its public key does not belong to its secret key; make one with pq-key new"
        )
    return public_key, secret_key


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError as error:
        raise CredentialsMissing(f"cannot read {path}: {error.strerror}") from None


def _read_secret(path: Path) -> str:
    text = _read(path)
    found = path.stat()
    if found.st_uid == os.geteuid() and found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise CredentialsMissing(
            f"{path} holds a secret and others may use it (mode {mode:04o}): run chmod 600 {path}"
        )
    return text
