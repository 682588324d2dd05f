"""Who did what: jobs know their submitter, events say by whom, and each person is told of their own."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from cluster import QUICK_BEATS, Cluster
from http_stream import Http
from older_head import OlderHead
from program import Outcome
from waiting import eventually

LONG = "0:1e15"


class Person:
    """An operator with a key of their own."""

    def __init__(self, cluster: Cluster, name: str, role: str = "operator") -> None:
        self.cluster = cluster
        made = cluster.run("pq-key", "new", role, "--name", name)
        assert made.status == 0, made
        self.key: Path = cluster.root / f"{name}.token"
        self.key.write_text(made.stdout)
        self.key.chmod(0o600)

    def run(self, program: str, *words: str) -> Outcome:
        return self.cluster.run(program, "--key", str(self.key), *words)

    def submit(self, *flags: str) -> int:
        outcome = self.run("pq-submit", "--range", LONG, *flags)
        assert outcome.status == 0, outcome
        return int(outcome.stdout)


def details(cluster: Cluster, what: str, *words: str) -> list[str]:
    lines = cluster.run("pq-events", "--json", *words).stdout.splitlines()
    return [event["detail"] for event in map(json.loads, lines) if event["what"] == what]


def test_a_job_has_its_submitter_wherever_it_is_told(cluster: Cluster) -> None:
    cluster.start_head("--http", "127.0.0.1:*")
    local = cluster.submit(LONG)
    job = Person(cluster, "alice").submit()
    assert (cluster.job(local)["submitter"], cluster.job(job)["submitter"]) == ("local-operator", "alice")
    table = cluster.run("pq-status").stdout.splitlines()
    assert table[0].split()[-1] == "SUBMITTER"
    assert [line.split()[-1] for line in table[1:3]] == ["local-operator", "alice"]
    assert "submitter   alice" in cluster.run("pq-status", str(job)).stdout
    told = Http(cluster).json("/api/v1/jobs")
    assert [each["submitter"] for each in told["jobs"]] == ["local-operator", "alice"]
    cluster.restart_head()
    assert cluster.job(job)["submitter"] == "alice"


def test_everybody_is_told_of_their_own_jobs(cluster: Cluster) -> None:
    cluster.start_head()
    alice, bob = Person(cluster, "alice"), Person(cluster, "bob")
    assert bob.run("pq-status", "--mine").stdout == "no jobs of bob yet; pq-submit --range A:B submits one\n"
    hers = [alice.submit(), alice.submit()]
    his = bob.submit()

    def mine(person: Person, *words: str) -> list[int]:
        told = person.run("pq-status", "--mine", *words, "--json")
        assert told.status == 0, told
        return [job["id"] for job in json.loads(told.stdout)["jobs"]]

    assert (mine(alice), mine(bob), mine(alice, "all")) == (hers, [his], hers)
    assert "SUBMITTER" not in alice.run("pq-status", "--mine").stdout
    told = alice.run("pq-status", "--mine", "--explain", "--json")
    assert [json.loads(line)["job"] for line in told.stdout.splitlines()] == hers
    renewed = Person(cluster, "alice")  # another key of the same name is the same person
    assert mine(renewed) == hers
    refused = alice.run("pq-status", "--mine", "1")
    assert refused.status == 2 and "leave out JOBS" in refused.stderr


def test_an_older_head_is_not_believed_to_know_whose_jobs_it_lists(cluster: Cluster) -> None:
    cluster.start_head()
    cluster.head.kill()
    with closing(OlderHead(cluster, jobs=2)):
        for words in (("--mine",), ("--mine", "--explain")):
            told = cluster.run("pq-status", *words)
            assert (told.status, told.stdout) == (1, "")
            assert "--mine means nothing to it; install the same pq there" in told.stderr


def test_events_say_by_whom(cluster: Cluster) -> None:
    cluster.start_head()
    alice, bob = Person(cluster, "alice"), Person(cluster, "bob")
    job = str(alice.submit())
    bob.run("pq-pause", job)
    alice.run("pq-priority", job, "5")
    bob.run("pq-resume", job)
    alice.run("pq-cancel", job)
    assert details(cluster, "job_submitted", job) == ["primes over 0:1000000000000000, by alice"]
    assert details(cluster, "job_steered", job) == [
        "paused, by bob", "priority 5, by alice", "queued, by bob", "cancelled, by alice"]
    assert "job steered job=1: paused, by bob" in cluster.head.stderr()
    alice.run("pq-forget", job)
    assert details(cluster, "job_forgotten") == ["all of it, as an operator asks, by alice"]


def test_making_ending_and_expiring_keys_are_events_and_a_start_tells_none(cluster: Cluster) -> None:
    cluster.start_head()
    assert details(cluster, "key_added") == []
    alice = Person(cluster, "alice")
    alice.run("pq-key", "new", "agent", "--name", "brief", "--expires", "2s")
    listed = cluster.state_dir / "authorized_keys"
    key = "-{.eRV>hD1N-F?<kJM7^y}4Q&x2-j^KB0&B42yx2"
    listed.write_text(listed.read_text() + f"viewer {key} guest\n")
    eventually(lambda: "guest, of role viewer" in details(cluster, "key_added"), "an edit of the list is told")
    assert details(cluster, "key_added") == [
        "alice, of role operator, by local-operator", "brief, of role agent, by alice", "guest, of role viewer"]
    eventually(lambda: details(cluster, "key_expired") == ["brief, of role agent"], "an expiry is told")
    assert cluster.run("pq-key", "revoke", "alice").status == 0
    listed.write_text("".join(line for line in listed.read_text().splitlines(True) if "guest" not in line))
    eventually(lambda: len(details(cluster, "key_revoked")) == 2, "both are told")
    assert details(cluster, "key_revoked") == ["alice, of role operator, by local-operator", "guest, of role viewer"]
    before = cluster.run("pq-events", "--json").stdout
    cluster.restart_head()
    eventually(lambda: cluster.run("pq-events", "--json").stdout != before, "the start is an event")
    assert [len(details(cluster, what)) for what in ("key_added", "key_expired", "key_revoked")] == [3, 1, 2]


def test_ten_jobs_of_one_person_weigh_no_more_than_one_of_another(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    alice, bob = Person(cluster, "alice"), Person(cluster, "bob")
    cluster.start_agent("worker", slots=4)
    hers = [alice.submit() for _ in range(10)]
    his = bob.submit()

    def slots_of(jobs: list[int]) -> int:
        return sum(cluster.job(job)["slots_busy"] for job in jobs)

    eventually(lambda: (slots_of(hers), slots_of([his])) == (2, 2), "each has half of the slots")
