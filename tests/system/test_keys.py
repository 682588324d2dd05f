"""Keys: made for a while or for good, listed, and made worthless while somebody uses them."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

from cluster import Cluster
from measured import Measured, in_milliseconds
from waiting import eventually

WORD = re.compile(r"[A-Za-z0-9_]+")


def new_token(cluster: Cluster, role: str, name: str, *flags: str) -> str:
    outcome = cluster.run("pq-key", "new", role, "--name", name, *flags)
    assert outcome.status == 0, outcome
    return outcome.stdout.strip()


def keys(cluster: Cluster) -> dict[str, dict[str, object]]:
    return {key["name"]: key for key in cluster.ask("pq-key", "list")["keys"]}


def test_a_revoked_key_ends_the_agents_that_use_it_within_a_second(cluster: Cluster, measured: Measured) -> None:
    cluster.start_head("--beat", "100ms", "--lease-term", "1h")  # nothing is free because somebody is silent
    token = new_token(cluster, "agent", "spot", "--expires", "7d")
    assert WORD.fullmatch(token)
    spot = [cluster.start_agent(f"spot-{n}", "--join", token, "--allow-exec") for n in range(2)]
    job = cluster.submit("0:2", "--", "sh", "-c", f"test -e {cluster.root}/go && echo 1 || exec sleep 300")
    eventually(lambda: all(cluster.agents()[f"spot-{n}"]["busy"] for n in range(2)), "both compute")
    assert keys(cluster)["spot"]["agents"] == 2
    other = cluster.start_agent("other", "--allow-exec")
    (cluster.root / "go").touch()
    began = time.monotonic()
    revoked = cluster.run("pq-key", "revoke", "spot", "--json")
    assert [key["agents"] for key in json.loads(revoked.stdout)["keys"]] == [2]
    for agent in spot:
        outcome = agent.ends()
        assert outcome.status == 4
        assert "no longer valid" in outcome.stderr
    ended = time.monotonic()
    assert cluster.wait(job)["value"] == "2"
    measured.note(f"from pq-key revoke to the end of its agents {in_milliseconds(ended - began)}, "
                  f"to the end of the job elsewhere {in_milliseconds(time.monotonic() - began)}")
    assert "spot" not in keys(cluster)
    late = cluster.spawn_agent("late", "--join", token)
    eventually(lambda: "does not know this agent's key" in late.stderr(), "the token is worthless")
    assert other.is_running()


def test_a_key_that_is_taken_off_the_list_by_hand_is_revoked_too(cluster: Cluster) -> None:
    cluster.start_head()
    agent = cluster.start_agent("spot", "--join", new_token(cluster, "agent", "spot"))
    listed = cluster.state_dir / "authorized_keys"
    lines = listed.read_text().splitlines(keepends=True)
    listed.write_text("".join(line for line in lines if " spot" not in line))
    assert agent.ends().status == 4


def test_a_key_that_begins_like_a_flag_is_revoked_behind_dashes(cluster: Cluster) -> None:
    cluster.start_head()
    listed = cluster.state_dir / "authorized_keys"
    key = "-{.eRV>hD1N-F?<kJM7^y}4Q&x2-j^KB0&B42yx2"
    listed.write_text(listed.read_text() + f"viewer {key} guest\n")
    eventually(lambda: "guest" in keys(cluster), "it is listed")
    assert cluster.run("pq-key", "revoke", "--", key).status == 0
    assert "guest" not in keys(cluster)


def test_a_head_that_has_lost_its_key_says_that_it_is_another_one_now(cluster: Cluster) -> None:
    cluster.start_head()
    assert "new identity" not in cluster.head.stderr()
    (cluster.state_dir / "keys" / "head.key").unlink()
    cluster.restart_head()
    assert "head.key is missing" in cluster.head.stderr() and "put the saved keys back" in cluster.head.stderr()


def test_a_key_expires(cluster: Cluster) -> None:
    cluster.start_head()
    agent = cluster.start_agent("brief", "--join", new_token(cluster, "agent", "brief", "--expires", "3s"))
    expires = keys(cluster)["brief"]["expires_unix_ms"]
    assert isinstance(expires, int) and expires % 1000 == 0
    assert agent.ends().status == 4
    assert time.time() * 1000 >= expires
    assert keys(cluster)["brief"]["expired"] is True
    assert re.search(r"brief .* \(expired\)", cluster.run("pq-key", "list").stdout)
    assert "has expired" in cluster.head.stderr()


def test_the_list_is_for_people_and_for_programs(cluster: Cluster) -> None:
    cluster.start_head()
    new_token(cluster, "viewer", "guest")
    text = cluster.run("pq-key", "list").stdout
    assert [line.split()[:2] for line in text.splitlines()[1:]] == [
        ["guest", "viewer"], ["local-agent", "agent"], ["local-operator", "operator"]]
    assert keys(cluster)["guest"] == {
        "name": "guest", "role": "viewer", "expires_unix_ms": None, "agents": 0, "expired": False,
        "public_key": keys(cluster)["guest"]["public_key"]}


def test_what_cannot_be_revoked_says_why(cluster: Cluster) -> None:
    cluster.start_head()
    before = (cluster.state_dir / "authorized_keys").read_text()
    for words, status, text in (
        (("revoke", "nobody"), 1, "no such key: nobody"),
        (("revoke", "local-operator"), 4, "another operator"),
        (("revoke",), 2, "the key's name"),
        (("list", "more"), 2, "is an unexpected argument"),
        (("forget", "x"), 2, "none of new, list and revoke"),
        ((), 2, "say new, list or revoke"),
        (("revoke", "x", "--expires", "7d"), 2, "--expires goes with pq-key new"),
        (("new", "agent", "--expires", "soon"), 2, "--expires"),
        (("new", "agent", "--name=-x"), 2, "no key's name"),
        (("new", "agent", "--name="), 2, "no key's name"),
        (("new", "agent", "--name", "two words"), 2, "no key's name"),
        (("new", "agent", "--name", "caf\u00e9"), 2, "no key's name"),
        (("new", "agent", "--address", "tcp://*:7700"), 2, "where a head listens"),
        (("new", "agent", "--expires", "0s"), 2, "too short"),
        (("new", "agent", "--expires", "90000d"), 2, "100 years"),
    ):
        outcome = cluster.run("pq-key", *words)
        assert (outcome.status, outcome.stdout) == (status, ""), outcome
        assert text in outcome.stderr
    assert (cluster.state_dir / "authorized_keys").read_text() == before


def test_a_key_that_ends_makes_none_that_lasts_longer(cluster: Cluster) -> None:
    cluster.start_head()
    brief = cluster.root / "brief.token"
    brief.write_text(new_token(cluster, "operator", "brief", "--expires", "1h"))
    brief.chmod(0o600)
    for flags in ((), ("--expires", "2h")):
        outcome = cluster.run("pq-key", "new", "operator", "--key", str(brief), *flags)
        assert (outcome.status, outcome.stdout) == (4, ""), outcome
        assert re.search(r"expires at 20..-..-..T..:..:..Z, so .* --expires with less than", outcome.stderr)
    assert cluster.run("pq-key", "new", "agent", "--key", str(brief), "--expires", "50m").status == 0


def test_only_an_operator_lists_and_revokes(cluster: Cluster) -> None:
    cluster.start_head()
    viewer = Path(cluster.root / "viewer.token")
    viewer.write_text(new_token(cluster, "viewer", "guest"))
    viewer.chmod(0o600)
    for words in (("list",), ("revoke", "guest")):
        assert cluster.run("pq-key", *words, "--key", str(viewer)).status == 4
