"""Tokens, key files and state directories."""

from __future__ import annotations

from pathlib import Path

import pytest
import zmq
from zmq.utils import z85

from pq.credentials import CredentialsMissing, _fnv1a, default_state_dir, parse_token, sources

HEAD_PUBLIC, _ = (key.decode() for key in zmq.curve_keypair())
PUBLIC, SECRET = (key.decode() for key in zmq.curve_keypair())


def token(endpoint: str = "tcp://10.0.0.5:7700") -> str:
    content: bytes = z85.decode(HEAD_PUBLIC.encode()) + z85.decode(SECRET.encode()) + endpoint.encode()
    return "pq1_" + (content + _fnv1a(content)).hex()


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    (tmp_path / "head.public").write_text(HEAD_PUBLIC + "\n")
    (tmp_path / "head.endpoint").write_text("tcp://127.0.0.1:4711\n")
    key_file(tmp_path / "keys" / "operator.key")
    return tmp_path


def key_file(path: Path, text: str = f"public {PUBLIC}\nsecret {SECRET}\n") -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_a_token_holds_it_all() -> None:
    found = parse_token(token())
    assert found == ("tcp://10.0.0.5:7700", HEAD_PUBLIC, PUBLIC, SECRET)


@pytest.mark.parametrize(
    "damaged", [token()[:-2], token()[:40], token().replace("pq1_", "pq2_"), "pq1_", "pq1_zz", token()[:-1] + "x"]
)
def test_a_damaged_token_is_none(damaged: str) -> None:
    assert parse_token(damaged) is None


def test_the_sum_is_fnv1a() -> None:
    assert _fnv1a(b"") == bytes.fromhex("c59d1c81") and _fnv1a(b"a") == bytes.fromhex("2c290ce4")


def test_a_state_directory(state_dir: Path) -> None:
    assert sources(state_dir, None, None).find() == ("tcp://127.0.0.1:4711", HEAD_PUBLIC, PUBLIC, SECRET)
    assert sources(state_dir, "tcp://h:1", None).find().endpoint == "tcp://h:1"


def test_a_key_may_be_a_token_a_file_with_one_or_a_key_file(state_dir: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert sources(nowhere, None, token()).find().endpoint == "tcp://10.0.0.5:7700"
    assert sources(nowhere, "tcp://h:1", key_file(tmp_path / "token", token() + "\n")).find().endpoint == "tcp://h:1"
    assert sources(state_dir, None, key_file(tmp_path / "key")).find().public_key == PUBLIC


def test_environment_twins(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PQ_STATE_DIR", str(state_dir))
    monkeypatch.setenv("PQ_HEAD", "tcp://h:1")
    assert sources(None, None, None).find() == ("tcp://h:1", HEAD_PUBLIC, PUBLIC, SECRET)
    monkeypatch.setenv("PQ_KEY", token())
    monkeypatch.delenv("PQ_HEAD")
    assert sources(None, None, None).find().endpoint == "tcp://10.0.0.5:7700"
    monkeypatch.delenv("PQ_STATE_DIR")
    monkeypatch.setenv("STATE_DIRECTORY", "/a:/b")
    assert default_state_dir() == Path("/a")


@pytest.mark.parametrize(
    "text, words",
    [("", "is no key file"), (f"public {HEAD_PUBLIC}\nsecret {SECRET}", "is damaged"), ("pq1_00", "is damaged")],
)
def test_bad_key_files(state_dir: Path, tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(CredentialsMissing, match=words):
        sources(state_dir, None, key_file(tmp_path / "key", text)).find()


def test_what_is_not_there(state_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(CredentialsMissing, match="No such file"):
        sources(state_dir, None, tmp_path / "nosuch").find()
    with pytest.raises(CredentialsMissing, match="no head has run with state directory"):
        sources(tmp_path / "nosuch", None, None).find()
    with pytest.raises(CredentialsMissing, match="does not say which head to trust"):
        sources(tmp_path / "nosuch", None, state_dir / "keys" / "operator.key").find()


def test_a_secret_that_others_may_read_is_refused(state_dir: Path) -> None:
    (state_dir / "keys" / "operator.key").chmod(0o644)
    with pytest.raises(CredentialsMissing, match="chmod 600"):
        sources(state_dir, None, None).find()
