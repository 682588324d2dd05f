"""A lost machine is never a failure: agents that are killed, stopped, drained, replaced or left alone, case by case;
test_agents_die_often.py mixes them.
"""

from __future__ import annotations

import signal

from cluster import QUICK_BEATS, SHORT_TERM, Cluster, Json
from peer import HandAgent, word_of
from program import Program
from reference import MEDIUM_JOB, MEDIUM_TOTAL, counted_one_by_one
from waiting import eventually

LEASE_TERM_S = 2.0  # of SHORT_TERM
SLOW_MACHINE_S = 30.0  # what a busy machine may add to any wait
LONG_STEPS = "1e18:+1e17"  # a step takes a minute there


def is_busy(cluster: Cluster, name: str) -> bool:
    return cluster.agents()[name]["busy"] > 0


def expired(cluster: Cluster, job: int) -> int:
    return cluster.job(job)["leases"]["expired"]


def finished_exactly(cluster: Cluster, job: int) -> Json:
    """The job of MEDIUM_JOB at its end, which must be the right one."""
    report = cluster.wait(job)
    assert (report["state"], report["value"]) == ("done", str(MEDIUM_TOTAL))
    assert report["attempts_failed"] == 0, "a lost agent is no failed attempt"
    cluster.verify(job)
    return report


# ---------------------------------------------------------------- killed, stopped


def test_what_a_killed_agent_had_committed_is_kept(cluster: Cluster) -> None:
    cluster.start_head(*SHORT_TERM)
    victim = cluster.start_agent("victim")
    job = cluster.submit("1e12:+1e12")
    done = int(cluster.progress(job)["done"])
    victim.kill()
    eventually(lambda: expired(cluster, job) > 0, "its lease expires", LEASE_TERM_S + SLOW_MACHINE_S)
    assert int(cluster.job(job)["done"]) >= done
    cluster.verify(job)


def test_agent_that_was_stopped_past_the_lease_term_miscounts_nothing(cluster: Cluster) -> None:
    cluster.start_head(*SHORT_TERM)
    sleeper = cluster.start_agent("sleeper")
    job = cluster.submit(MEDIUM_JOB)
    cluster.progress(job)
    sleeper.send_signal(signal.SIGSTOP)
    cluster.start_agent("heir")
    eventually(lambda: expired(cluster, job) > 0, "its lease expires", LEASE_TERM_S + SLOW_MACHINE_S)
    sleeper.send_signal(signal.SIGCONT)
    finished_exactly(cluster, job)
    assert sleeper.is_running(), "it has dropped what it lost and goes on"
    eventually(lambda: cluster.agents()["sleeper"]["state"] == "active", "the head hears it again")


def test_late_commit_is_reported_as_recomputed_and_not_counted(cluster: Cluster) -> None:
    cluster.start_head("--beat", "100ms", "--lease-term", "500ms")
    late = HandAgent(cluster.speaker(cluster.key("agent")), name="late")
    job = cluster.peer().submit(0, 1000)["job"]
    (lost,) = late.beat_until_it_holds(1)
    lost.commit(300, counted_one_by_one("primes", 0, 300))
    late.beat()
    eventually(lambda: expired(cluster, job) == 1, "its lease expires")
    lost.commit(700, counted_one_by_one("primes", 0, 700))
    late.held = {lost.id: lost}
    late.beat()
    assert lost.id not in late.held, "it is told that the lease is gone"
    report = cluster.job(job)
    assert (report["done"], report["recomputed"]) == ("300", "400")
    (rest,) = late.beat_until_it_holds(1)
    assert (rest.begin, rest.end) == (300, 1000)
    rest.commit(1000, counted_one_by_one("primes", 300, 1000))
    late.beat()
    assert cluster.wait(job)["value"] == "168"


# ---------------------------------------------------------------- drained


def expect_clean_drain(cluster: Cluster, job: int, drained: Program) -> None:
    """Its work is given back in whole: nothing is computed twice and nothing has to expire."""
    ended = drained.ends()
    assert ended.status == 0 and "drained; goodbye" in ended.stderr
    report = finished_exactly(cluster, job)
    assert report["recomputed"] == "0"
    assert report["leases"]["expired"] == 0 and report["leases"]["yielded"] > 0


def test_agent_that_is_asked_to_end_gives_back_the_rest(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    leaver = cluster.start_agent("leaver")
    job = cluster.submit(MEDIUM_JOB)
    cluster.progress(job)
    cluster.start_agent("heir")
    leaver.send_signal(signal.SIGTERM)
    expect_clean_drain(cluster, job, leaver)
    assert cluster.agents()["leaver"]["state"] == "gone"


def test_operator_drains_an_agent_by_name(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    leaver = cluster.start_agent("leaver")
    job = cluster.submit(MEDIUM_JOB)
    cluster.progress(job)
    cluster.start_agent("heir")
    outcome = cluster.run("pq-agents", "drain", "leaver")
    assert (outcome.status, outcome.stdout) == (0, "") and "leaver drains" in outcome.stderr
    expect_clean_drain(cluster, job, leaver)


def test_second_request_to_end_does_not_wait_for_a_long_step(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    agent = cluster.start_agent("impatient")
    job = cluster.submit(LONG_STEPS)
    eventually(lambda: is_busy(cluster, "impatient"), "it computes")
    agent.send_signal(signal.SIGTERM)
    eventually(lambda: cluster.agents()["impatient"]["state"] == "draining", "it drains")
    assert agent.is_running(), "it finishes its present step"
    assert agent.terminate(SLOW_MACHINE_S).status == 0
    leases = cluster.job(job)["leases"]
    assert leases["expired"] == 0 and leases["yielded"] > 0, "it has given back the step, too"


def test_idle_agents_end_at_once_when_asked_and_the_head_knows(cluster: Cluster) -> None:
    """Many, because a goodbye that is sent just before a process ends may or may not get out."""
    head = cluster.start_head()
    agents = [cluster.start_agent(f"idle-{number}") for number in range(12)]
    for agent in agents:
        assert agent.terminate(SLOW_MACHINE_S).status == 0
    everybody = len(agents)
    eventually(lambda: head.stderr().count("agent left") == everybody, "each goodbye has been heard")
    assert {agent["state"] for agent in cluster.agents().values()} == {"gone"}


# ---------------------------------------------------------------- replaced, left alone


def test_newer_process_takes_the_name_and_the_older_one_ends(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    older = cluster.start_agent("same")
    job = cluster.submit(MEDIUM_JOB)
    cluster.progress(job)
    newer = cluster.start_agent("same")
    told = older.ends()
    assert told.status == 6
    assert "a newer process has taken this agent's name" in told.stderr
    assert newer.is_running()
    assert finished_exactly(cluster, job)["leases"]["expired"] == 1, "what the older one held is free at once"


def test_replaced_process_is_refused_for_ever(cluster: Cluster) -> None:
    cluster.start_head()
    older = HandAgent(cluster.speaker(cluster.key("agent")), name="same")
    HandAgent(cluster.speaker(cluster.key("agent")), name="same")
    assert [word_of(older.beat()) for _ in range(3)] == ["replaced"] * 3


def test_agent_of_a_dead_head_ends_by_itself(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    agent = cluster.start_agent("alone", "--head-timeout", "1s")
    cluster.submit("1e12:+1e12")
    eventually(lambda: is_busy(cluster, "alone"), "it computes")
    cluster.head.kill()
    ended = agent.ends()
    assert ended.status == 4 and "no message from the head" in ended.stderr


def test_agent_without_work_ends_by_itself(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    agent = cluster.start_agent("idle", "--idle-exit", "400ms")
    ended = agent.ends()
    assert ended.status == 0 and "--idle-exit" in ended.stderr
    eventually(lambda: cluster.agents()["idle"]["state"] == "gone", "it has said goodbye")


def test_agent_with_work_is_not_idle(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    agent = cluster.start_agent("working", "--idle-exit", "300ms")
    job = cluster.submit("1e12:+8e9")
    assert cluster.wait(job)["state"] == "done", "it has computed for longer than --idle-exit"
    assert agent.ends().status == 0
