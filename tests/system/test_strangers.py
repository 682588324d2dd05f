"""Those who are not on the list, those who may less than they ask for, and bytes that are not pq.

Whatever they do, the head keeps serving; every test ends by asking it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zmq
from zmq.utils import z85

from cluster import QUICK_BEATS, Cluster
from crowd import NULL_GREETING
from http_stream import Http
from peer import HandAgent, Peer, job_spec, pack, word_of
from waiting import eventually

MESSAGE_BYTES_MAX = 1 << 20
ZMTP_GREETING_BYTES = 64
SILENCE_S = 0.3  # how long a peer is watched that must not be told anything


@pytest.fixture(scope="module")
def serving(shared_cluster: Cluster) -> Cluster:
    shared_cluster.start_head(*QUICK_BEATS)
    return shared_cluster


@pytest.fixture(autouse=True)
def keeps_serving(serving: Cluster) -> Iterator[None]:
    yield
    assert serving.head.is_running()
    assert serving.peer().ask("ask_jobs")["t"] == "jobs"
    serving.close_speakers()  # a refused one would try again and again


def token_file(cluster: Cluster, role: str, name: str) -> Path:
    """A new key of that role, as its owner would keep it."""
    made = cluster.run("pq-key", "new", role, "--name", name)
    assert made.status == 0, made
    path = cluster.root / f"{name}.token"
    path.touch(mode=0o600)
    path.write_text(made.stdout)
    return path


def connect(cluster: Cluster) -> socket.socket:
    host, port = cluster.endpoint.removeprefix("tcp://").split(":")
    return socket.create_connection((host, int(port)))


# ---------------------------------------------------------------- not on the list


def test_unknown_key_gets_nothing(serving: Cluster) -> None:
    fresh = zmq.curve_keypair()
    stranger = serving.speaker((fresh[0].decode(), fresh[1].decode()))
    stranger.send(pack("ask_jobs", {"q": 1}))
    stranger.expect_event(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
    assert stranger.receive(SILENCE_S) is None


def test_unknown_key_is_told_what_to_do(serving: Cluster) -> None:
    fresh = [key.decode() for key in zmq.curve_keypair()]
    path = serving.root / "stranger.key"
    path.touch(mode=0o600)
    path.write_text(f"public {fresh[0]}\nsecret {fresh[1]}\n")
    outcome = serving.run("pq-status", "--key", str(path))
    assert (outcome.status, outcome.stdout) == (4, "")
    assert "does not know this key; ask for one made by pq-key new" in outcome.stderr


def test_wrong_head_key_gets_nothing(serving: Cluster) -> None:
    deceived = serving.speaker(serving.key("operator"), head_key=zmq.curve_keypair()[0].decode())
    deceived.send(pack("ask_jobs", {"q": 1}))
    deceived.expect_event(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, zmq.EVENT_DISCONNECTED)
    assert deceived.receive(SILENCE_S) is None


def test_null_mechanism_gets_nothing(serving: Cluster) -> None:
    plain = serving.speaker(None)
    plain.send(pack("ask_jobs", {"q": 1}))
    plain.expect_event(zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL, zmq.EVENT_DISCONNECTED)
    assert plain.receive(SILENCE_S) is None


def test_plain_connection_reads_a_greeting_and_no_more(serving: Cluster) -> None:
    with connect(serving) as plain:
        received = read_or_end(plain)
        assert received.startswith(b"\xff"), "every ZMTP greeting does"
        plain.sendall(NULL_GREETING + b"\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER")
        received += b"".join(iter(lambda: read_or_end(plain), b""))
    assert len(received) <= ZMTP_GREETING_BYTES


def read_or_end(plain: socket.socket) -> bytes:
    plain.settimeout(20)  # longer than the head waits for a handshake
    try:
        return plain.recv(4096)
    except ConnectionError:
        return b""


def test_revoked_key_is_refused_with_its_next_message(serving: Cluster) -> None:
    token = token_file(serving, "viewer", "revoked-viewer")
    viewer = Peer(serving.speaker(keys_in(token)))
    assert viewer.ask("ask_jobs")["t"] == "jobs"
    authorized = serving.state_dir / "authorized_keys"
    lines = authorized.read_text().splitlines(keepends=True)
    authorized.write_text("".join(line for line in lines if "revoked-viewer" not in line))
    with_token = ("pq-status", "--key", str(token))
    eventually(lambda: serving.run(*with_token).status == 4, "the head has read its list")
    viewer.send("ask_jobs")
    assert viewer.hears_nothing(SILENCE_S)


def keys_in(token: Path) -> tuple[str, str]:
    """The secret key stands in the token behind the head's public one."""
    content = bytes.fromhex(token.read_text().strip().removeprefix("pq1_"))
    secret = z85.encode(content[32:64])
    return zmq.curve_public(secret).decode(), secret.decode()


# ---------------------------------------------------------------- roles


def test_token_is_all_that_an_agent_needs(serving: Cluster) -> None:
    token = token_file(serving, "agent", "far-away").read_text().strip()
    agent = serving.start("pq-agent", "--join", token, state_dir=False)
    assert serving.wait(serving.submit("0:1e6"))["value"] == "78498"
    assert agent.terminate().status == 0


def test_agent_key_cannot_submit(serving: Cluster) -> None:
    agent = serving.peer("agent")
    assert word_of(agent.submit(0, 100)) == "not_allowed"
    assert word_of(agent.ask("ask_jobs")) == "not_allowed"
    key_file = serving.state_dir / "keys" / "agent.key"
    outcome = serving.run("pq-submit", "--range", "0:100", "--key", str(key_file))
    assert (outcome.status, outcome.stdout) == (4, "")
    assert "pq-submit: this key's role does not allow it" in outcome.stderr


def test_values_of_settings_are_for_operators_alone(cluster: Cluster) -> None:
    """Neither a viewer nor HTTP, the log or the events tell them: they may be passwords."""
    cluster.start_head("--http", "127.0.0.1:*", "--log-level", "trace")
    http = Http(cluster)
    secret = "swordfish"
    job = cluster.submit("0:9", "--env", f"TOKEN={secret}", "--", "./sim")
    assert cluster.job(job)["program"]["env"] == {"TOKEN": secret}
    viewer = ("--key", str(token_file(cluster, "viewer", "onlooker")))
    seen = cluster.ask("pq-status", str(job), *viewer)
    assert seen["program"]["env"] == {"TOKEN": None}
    assert "TOKEN=(hidden)" in cluster.run("pq-status", str(job), *viewer).stdout
    pages = [http.get(path).body for path in ("/api/v1/jobs", f"/api/v1/jobs/{job}", "/api/v1/events", "/metrics")]
    told = [
        cluster.run("pq-status", "--json", *viewer).stdout,
        cluster.run("pq-wait", str(job), "--json", "--timeout", "1s", *viewer).stdout,
        cluster.run("pq-status", str(job), "--explain", *viewer).stdout,
        cluster.run("pq-events", "--json").stdout,
        cluster.head.stderr(),
        *(page.decode() for page in pages),
    ]
    assert b"TOKEN" in pages[1]
    assert not any(secret in text for text in told)


def test_a_secret_is_told_to_nobody_and_gone_when_its_job_is_done(cluster: Cluster) -> None:
    """Also not on a disk: neither in the database and its log nor where the runs were."""
    cluster.start_head(*QUICK_BEATS, "--http", "127.0.0.1:*", "--log-level", "trace")
    http = Http(cluster)
    work = cluster.root / "work"
    cluster.start_agent("w1", "--allow-exec", "--work-dir", str(work))
    secret = "sw0rdfish" * 3
    (cluster.root / "password").write_text(secret)
    cluster.environment["FROM_HERE"] = secret
    flags = ("--secret", f"TOKEN={cluster.root}/password", "--secret", "FROM_HERE", "--collect", "--fold", "none")
    program = 'cd "$PQ_SECRETS" && cmp TOKEN FROM_HERE && wc -c <TOKEN && stat -c %a *'
    job = cluster.submit("0:2", "--step", "1", *flags, "--", "sh", "-c", program)
    assert cluster.wait(job)["state"] == "done"
    assert cluster.run("pq-output", str(job)).stdout == f"{len(secret)}\n600\n600\n" * 2
    pages = [http.get(path).body for path in ("/api/v1/jobs", f"/api/v1/jobs/{job}", "/api/v1/events", "/metrics")]
    told = [
        cluster.run("pq-status", "--json").stdout,
        cluster.run("pq-status", str(job)).stdout,
        cluster.run("pq-status", str(job), "--json").stdout,
        cluster.run("pq-events", "--json").stdout,
        cluster.head.stderr(),
        *(page.decode() for page in pages),
    ]
    assert "TOKEN" in told[1] and b"TOKEN" in pages[1]
    assert not any(secret in text for text in told)
    again = cluster.submit("0:2", "--step", "1", "--fold", "none", "--", "sh", "-c", "test -z ${PQ_SECRETS+x}")
    assert cluster.wait(again)["state"] == "done", "and the next job of the slot finds none"
    kept = [path for path in work.rglob("*") if path.is_file()]
    cluster.head.terminate()  # which moves its log into the database
    kept += [path for path in cluster.state_dir.rglob("*") if path.is_file()]
    assert [path for path in kept if secret.encode() in path.read_bytes()] == []


def test_viewer_sees_all_and_changes_nothing(serving: Cluster) -> None:
    key = ("--key", str(token_file(serving, "viewer", "onlooker")))
    job = str(serving.submit("0:1e18"))
    for command in (["pq-status"], ["pq-status", job], ["pq-agents"], ["pq-verify", job]):
        assert serving.run(*command, *key).status == 0, command
    for command in (
        ["pq-cancel", job],
        ["pq-pause", job],
        ["pq-priority", job, "5"],
        ["pq-submit", "--range", "0:9"],
        ["pq-agents", "drain", "guest"],
        ["pq-key", "new", "operator"],
        ["pq-backup"],
    ):
        outcome = serving.run(*command, *key)
        assert (outcome.status, outcome.stdout) == (4, ""), command
        assert "this key's role does not allow it: it is of role viewer" in outcome.stderr
    report = serving.job(int(job))
    assert (report["state"], report["done"]) == ("queued", "0")
    serving.ask("pq-cancel", job)


@pytest.mark.parametrize("kind", ["hello", "beat", "goodbye"])
def test_operator_key_cannot_work(serving: Cluster, kind: str) -> None:
    work: dict[str, Any] = {"name": "x", "incarnation": 1}
    work |= {"version": "0", "slots": 1, "kernels": ["primes"], "labels": []}
    work |= {"seq": 1, "epoch": 0, "orders_seen": 0, "leases": [], "paces": [], "draining": False}
    operator = serving.peer("operator")
    operator.speaker.send(pack(kind, work))
    assert word_of(operator.receive()) == "not_allowed"
    assert "x" not in serving.agents()


def test_agent_that_was_never_introduced_is_asked_to(serving: Cluster) -> None:
    agent = HandAgent(serving.speaker(serving.key("agent")), name="introduced")
    agent.name = "somebody-else"
    assert word_of(agent.beat()) == "introduce_yourself"


# ---------------------------------------------------------------- bytes that are not pq


def map_with(**fields: Any) -> bytes:
    return msgpack.packb({"v": 1, "t": "submit", "q": 1, **fields})


def deeply_nested(depth: int) -> bytes:
    return b"\x91" * depth + b"\x00"


SPEC = job_spec(0, 100)
MALFORMED = {
    "nothing": b"",
    "a byte that msgpack never uses": b"\xc1",
    "text": b"hello, head",
    "zeros": bytes(1000),
    "a list": msgpack.packb([1, 2, 3]),
    "an empty map": msgpack.packb({}),
    "a map cut short": map_with(id=[1, 2], spec=SPEC)[:-3],
    "two messages in one": map_with(id=[1, 2], spec=SPEC) * 2,
    "a list of four billion": b"\xdd\xff\xff\xff\xff",
    "a map of four billion": b"\xdf\xff\xff\xff\xff",
    "a text of four billion": b"\x82\xa1v\x01\xa1t\xdb\xff\xff\xff\xff",
    "a thousand lists in each other": deeply_nested(1000),
    "a million lists in each other": deeply_nested(1_000_000),
    "keys that are numbers": msgpack.packb({1: 1, 2: "ask_jobs"}),
    "a key twice": b"\x83\xa1v\x01\xa1v\x01\xa1t\xa8ask_jobs",
    "more keys than messages have": msgpack.packb({"v": 1, "t": "ask_jobs"} | {str(i): i for i in range(40)}),
    "no type": msgpack.packb({"v": 1}),
    "an unknown type": msgpack.packb({"v": 1, "t": "shutdown"}),
    "a type that is a number": msgpack.packb({"v": 1, "t": 5}),
    "the head's own message": msgpack.packb({"v": 1, "t": "orders", "epoch": 1, "number": 1}),
    "a version that is a text": msgpack.packb({"v": "1", "t": "ask_jobs"}),
    "a submit without a spec": map_with(id=[1, 2]),
    "a range reversed": map_with(id=[1, 2], spec={**SPEC, "range": [100, 0]}),
    "an empty range": map_with(id=[1, 2], spec={**SPEC, "range": [5, 5]}),
    "a negative range": map_with(id=[1, 2], spec={**SPEC, "range": [-5, 5]}),
    "a range of floats": map_with(id=[1, 2], spec={**SPEC, "range": [0.0, 5.0]}),
    "a range of three": map_with(id=[1, 2], spec={**SPEC, "range": [0, 5, 9]}),
    "an unknown kernel": map_with(id=[1, 2], spec={**SPEC, "kernel": "octuplets"}),
    "a name that is too long": map_with(id=[1, 2], spec={**SPEC, "name": "n" * 65}),
    "a priority that is too large": map_with(id=[1, 2], spec={**SPEC, "priority": 2**31}),
    "nil for a number": map_with(id=[1, None], spec=SPEC),
}


@pytest.mark.parametrize("payload", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("role", ["operator", "agent"])
def test_malformed_message_is_answered_with_one_word(serving: Cluster, role: str, payload: bytes) -> None:
    peer = serving.peer(role)
    peer.speaker.send(payload)
    assert word_of(peer.receive()) == "malformed"
    peer.send("ask_jobs")
    following = peer.receive()
    assert following.get("q") == 1, "one answer, and the connection stays"


@pytest.mark.parametrize("version", [0, 3, 99, 2**64 - 1])
def test_other_version_is_answered_with_its_word(serving: Cluster, version: int) -> None:
    peer = serving.peer()
    peer.speaker.send(pack("ask_jobs", {"q": 1}, version))
    refusal = peer.receive()
    assert word_of(refusal) == "unsupported_version" and str(version) in refusal["detail"]


def test_field_of_a_later_version_is_ignored(serving: Cluster) -> None:
    assert serving.peer().ask("ask_jobs", colour="blue")["t"] == "jobs"


def test_message_of_two_frames_is_dropped(serving: Cluster) -> None:
    peer = serving.peer()
    peer.speaker.send(pack("ask_jobs", {"q": 7}), b"")
    assert peer.ask("ask_jobs")["q"] == 1, "the next message is answered first"


def test_largest_message_is_read_and_a_larger_one_hung_up_on(serving: Cluster) -> None:
    peer = serving.peer()
    peer.speaker.send(bytes(MESSAGE_BYTES_MAX))
    assert word_of(peer.receive()) == "malformed"
    peer.speaker.send(bytes(MESSAGE_BYTES_MAX + 1))
    peer.speaker.expect_event(zmq.EVENT_DISCONNECTED)
    assert peer.ask("ask_jobs")["t"] == "jobs", "it may come back"


def test_agent_that_lies_about_a_lease_loses_it(serving: Cluster) -> None:
    liar = HandAgent(serving.speaker(serving.key("agent")), name="liar")
    operator = serving.peer()
    job = operator.submit(0, 1000)["job"]
    (held,) = liar.beat_until_it_holds(1)
    held.commit(5000, 10**9)
    liar.beat()
    assert held.id not in liar.held
    assert operator.ask("ask_job", job=job)["done"] == 0
    liar.held = {held.id: held}
    held.commit(1000, 10**9)
    liar.beat()
    assert operator.ask("ask_job", job=job)["done"] == 0, "it is not asked a second time"
    operator.ask("steer", job=job, what="cancel")
