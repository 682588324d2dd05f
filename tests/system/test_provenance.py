"""Agents that say what cannot be, and the work of one machine done again: by hand-made agents beside honest ones."""

from __future__ import annotations

import json
import sqlite3
import time

import pytest

from cluster import QUICK_BEATS, SHORT_TERM, Cluster, Json
from peer import HandAgent, Lease, Speaker
from waiting import PATIENCE_S, eventually

PRIMES = 2_897_536  # from 10 000 000 to 60 000 000
RANGE = ("--range", "1e7:6e7")
IMPOSSIBLE = (-7, 0.5, str(10**30), 50_000_001)


def hand_agent(cluster: Cluster, name: str) -> HandAgent:
    return HandAgent(cluster.speaker(cluster.key("agent")), name=name)


class Runner(HandAgent):
    """One that says that it runs programs, and stores what they are said to have printed."""

    def speak_through(self, speaker: Speaker) -> None:
        self.speaker = speaker
        self._say("hello", version="0", slots=self.slots, kernels=["exec"], labels=[])
        assert self._hear()["t"] == "welcome"

    def store(self, lease: Lease, text: bytes) -> None:
        """As what its first run has printed."""
        run = [lease.begin, lease.begin + 1]
        part = {"job": lease.job, "lease": list(lease.id), "run": run, "offset": 0, "last": True, "text": text}
        self._say("output", seq=1, logs=[], outputs=[part])
        while self._hear()["t"] != "output_stored":
            pass


def claim(agent: HandAgent, lease: Lease, value: int | float | str) -> None:
    """All of the lease, with this value."""
    lease.commit(lease.end, value)  # type: ignore[arg-type]
    agent.beat()


def events(cluster: Cluster, what: str) -> list[Json]:
    outcome = cluster.run("pq-events", "--json")
    assert outcome.status == 0, outcome
    return [event for event in map(json.loads, outcome.stdout.splitlines()) if event["what"] == what]


def provenance(cluster: Cluster, job: int) -> list[Json]:
    outcome = cluster.run("pq-provenance", str(job), "--json")
    assert outcome.status == 0, outcome
    return [json.loads(line) for line in outcome.stdout.splitlines()]


@pytest.mark.parametrize("value", IMPOSSIBLE)
def test_an_impossible_count_is_refused_and_an_honest_agent_computes_the_job(
    cluster: Cluster, value: int | float | str
) -> None:
    cluster.start_head(*QUICK_BEATS)
    liar = hand_agent(cluster, "liar")
    job = cluster.submit(*RANGE[1:])
    (lease,) = liar.beat_until_it_holds(1)
    claim(liar, lease, value)
    (refused,) = events(cluster, "value_impossible")
    assert refused["agent"] == "liar" and refused["severity"] == "error"

    def is_quarantined() -> bool:
        liar.beat()  # where a question takes longer than some beats it would be silent
        return cluster.agents()["liar"]["state"] == "quarantined"

    eventually(is_quarantined, "it is given no more work")
    told = cluster.job(job)
    assert (told["done"], told["value"]) == ("0", None)
    cluster.start_agent("honest", slots=2)
    assert cluster.wait(job)["value"] == str(PRIMES)
    assert {name for part in provenance(cluster, job) for name in part["agents"]} == {"honest"}
    cluster.verify(job)


def test_two_values_for_one_part_do_not_end_a_job_that_others_can_compute(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    liar = hand_agent(cluster, "liar")
    job = cluster.submit(*RANGE[1:])
    (lease,) = liar.beat_until_it_holds(1)
    lease.commit(lease.begin + 1_000_000, 60_000)
    liar.beat()
    lease.value = 60_001
    liar.beat()
    assert [event["agent"] for event in events(cluster, "kernel_contradicts")] == ["liar"]
    cluster.start_agent("honest", slots=2)
    assert cluster.wait(job)["value"] == str(PRIMES)
    verified = cluster.run("pq-verify", str(job))
    assert verified.status == 0
    assert "values_agree: agent liar gave two values for" in verified.stdout


def test_where_a_second_agent_contradicts_itself_the_job_fails(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    job = cluster.submit("0:1000000")
    for number, name in enumerate(("first", "second")):
        agent = hand_agent(cluster, name)
        (lease,) = agent.beat_until_it_holds(1)
        lease.commit(lease.begin + 1000, 100)
        agent.beat()
        lease.value = 101
        agent.beat()
        if number == 0:
            cluster.restart_head(*QUICK_BEATS)  # which must not forget it
    outcome = cluster.run("pq-wait", str(job), "--timeout", "30s")
    assert outcome.status == 1
    assert "it is not deterministic: agent " in cluster.job(job)["error"]
    verified = cluster.run("pq-verify", str(job))
    assert verified.status == 1 and "BROKEN  values_agree" in verified.stdout


def test_a_machine_found_bad_costs_its_own_work_only(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    good, bad = hand_agent(cluster, "good"), hand_agent(cluster, "bad")
    good.beat()
    bad.beat()
    job = cluster.submit("1e12:+1e10")
    done = {"good": 0, "bad": 0}
    deadline = time.monotonic() + PATIENCE_S
    while cluster.job(job)["state"] != "done":
        assert time.monotonic() < deadline
        for agent in (good, bad):
            agent.beat()
            for lease in list(agent.held.values()):
                lease.end = min(lease.end, lease.begin + 10**9)  # the rest is given back
                done[agent.name] += lease.end - lease.begin
                claim(agent, lease, (lease.end - lease.begin) // 20 + (agent is bad))
    wrong = int(cluster.job(job)["value"])
    parts = provenance(cluster, job)
    assert sum(int(part["value"]) for part in parts) == wrong
    assert done["bad"] == sum(int(p["end"]) - int(p["begin"]) for p in parts if p["agents"] == ["bad"]) > 0
    good.say_goodbye()
    bad.say_goodbye()
    told = cluster.ask("pq-recompute", str(job), "--agent", "bad")
    assert (told["schema"], told["integers"]) == ("pq.recompute/1", str(done["bad"]))
    assert told["job"]["state"] == "running" and told["job"]["discarded"] == str(done["bad"])
    assert told["job"]["done"] == str(done["good"])
    cluster.verify(job)
    cluster.start_agent("new", slots=2)
    cluster.wait(job)
    kept = {(p["begin"], p["value"]) for p in parts if p["agents"] == ["good"]}
    after = provenance(cluster, job)
    assert kept == {(p["begin"], p["value"]) for p in after if p["agents"] == ["good"]}
    assert {name for part in after for name in part["agents"]} == {"good", "new"}
    cluster.verify(job)


def test_what_cannot_be_computed_again_is_said_in_one_line(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    job = cluster.submit("0:1000")
    nobody = cluster.run("pq-recompute", str(job), "--agent", "w7")
    assert nobody.status == 1 and "no part is recorded as computed by this agent: w7 in job 1" in nobody.stderr
    assert cluster.run("pq-recompute", str(job)).status == 2
    assert cluster.run("pq-recompute", "77", "--agent", "w7").status == 3
    assert cluster.run("pq-provenance", "77").status == 3


def test_the_output_of_agents_that_vanished_is_not_counted(cluster: Cluster) -> None:
    cluster.start_head(*SHORT_TERM)
    job = cluster.submit("0:100", "--step", "1", "--collect", "--fold", "none", "--", "true")
    for number in range(20):
        agent = Runner(cluster.speaker(cluster.key("agent")), name=f"spot-{number}")
        (lease,) = agent.beat_until_it_holds(1)
        agent.store(lease, b"x" * 50_000)
        agent.say_goodbye()
    eventually(lambda: all(agent["state"] == "gone" for agent in cluster.agents().values()), "an agent is still there")
    verified = cluster.run("pq-verify", str(job))
    assert verified.status == 0 and "collected_bytes_fit: no output is collected" in verified.stdout
    cluster.head.terminate()
    with sqlite3.connect(cluster.state_dir / "pq.db") as database:
        assert database.execute("SELECT collected_bytes FROM jobs").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM outputs").fetchone() == (0,)
