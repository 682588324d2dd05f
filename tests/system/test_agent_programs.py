"""Agents that a head hands out to new machines: by HTTP, and what operators are told of them."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from cluster import Cluster
from waiting import eventually


def agents_dir(cluster: Cluster, **programs: bytes) -> Path:
    made = cluster.root / "agents"
    made.mkdir()
    for arch, program in programs.items():
        (made / f"pq-agent-{arch}").write_bytes(program)
    return made


def http_address(cluster: Cluster) -> str:
    address = cluster.state_dir / "head.http"
    return eventually(lambda: address.exists() and address.read_text().strip(), "HTTP is served")


def test_a_head_hands_out_agents_and_tells_operators_their_hashes(cluster: Cluster) -> None:
    program = bytes(range(256)) * 20_000
    made = agents_dir(cluster, x86_64=program, aarch64=b"arm")
    cluster.start_head("--http", "127.0.0.1:*", "--agents-dir", str(made))
    address = http_address(cluster)
    with urllib.request.urlopen(f"http://{address}/agents/x86_64", timeout=10) as answer:
        assert answer.read() == program
        assert answer.headers["ETag"].strip('"') == hashlib.sha256(program).hexdigest()
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        urllib.request.urlopen(f"http://{address}/agents/riscv64", timeout=10)
    assert b"/agents/x86_64 and /agents/aarch64" in refused.value.read()
    answer = cluster.peer().ask("ask_agent_programs")
    assert answer["http"] == address
    assert [(told["arch"], told["size"], told["sha256"]) for told in answer["programs"]] == [
        ("x86_64", len(program), hashlib.sha256(program).hexdigest()),
        ("aarch64", 3, hashlib.sha256(b"arm").hexdigest())]
