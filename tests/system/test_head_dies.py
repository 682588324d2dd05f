"""What one kill -9 of the head leaves as it was, case by case; test_head_dies_often.py does it at any moment."""

from __future__ import annotations

from cluster import QUICK_BEATS, Cluster
from peer import HandAgent, LeaseId, new_request
from reference import counted_one_by_one
from waiting import eventually

KILLS = 5


def test_lease_ids_are_never_used_twice(cluster: Cluster) -> None:
    """Also where a head is killed between granting leases and saying so."""
    cluster.start_head(*QUICK_BEATS)
    cluster.peer().submit(0, 10**15)
    given: dict[LeaseId, int] = {}
    agent = HandAgent(cluster.speaker(cluster.key("agent")), slots=4)
    for _ in range(KILLS):
        give_back_all(agent, given)
        agent.beat()
        give_back_all(agent, given)
        agent.say_beat()  # and dies before it answers
        cluster.restart_head(*QUICK_BEATS)
        agent.speak_through(cluster.speaker(cluster.key("agent")))
    assert len(given) >= 4 * KILLS
    assert len({epoch for epoch, _ in given}) == KILLS, "each head draws an epoch of its own"


def give_back_all(agent: HandAgent, given: dict[LeaseId, int]) -> None:
    """Notes whatever it holds, and ends that at its begin, so that others are granted."""
    for lease in agent.beat_until_it_holds(4):
        assert given.setdefault(lease.id, lease.begin) == lease.begin
        lease.end = lease.upto


def test_lease_lives_on_in_the_next_head(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    job = cluster.peer().submit(0, 1000)["job"]
    agent = HandAgent(cluster.speaker(cluster.key("agent")))
    (lease,) = agent.beat_until_it_holds(1)
    lease.commit(400, counted_one_by_one("primes", 0, 400))
    cluster.restart_head(*QUICK_BEATS)  # before it could hear of that
    agent.speak_through(cluster.speaker(cluster.key("agent")))
    agent.beat()
    assert list(agent.held) == [lease.id]
    assert cluster.job(job)["done"] == "400"
    lease.commit(1000, counted_one_by_one("primes", 0, 1000))
    agent.beat()
    ended = cluster.wait(job)
    assert (ended["value"], ended["recomputed"], ended["leases"]["granted"]) == ("168", "0", 1)


def test_repeated_submit_is_the_same_job(cluster: Cluster) -> None:
    cluster.start_head()
    request = new_request()
    first = cluster.peer().submit(0, 100, request=request)
    again = cluster.peer().submit(0, 100, request=request)
    cluster.restart_head()
    after = cluster.peer().submit(0, 100, request=request)
    assert [answer["job"] for answer in (first, again, after)] == [1, 1, 1]
    assert [answer["repeated"] for answer in (first, again, after)] == [False, True, True]
    assert len(cluster.ask("pq-status")["jobs"]) == 1


def test_head_stops_cleanly_when_asked(cluster: Cluster) -> None:
    head = cluster.start_head(*QUICK_BEATS)
    agent = cluster.start_agent("goes-on")
    job = cluster.submit("1e12:+1e12")
    done = int(cluster.progress(job)["done"])
    ended = head.terminate()
    assert ended.status == 0 and "stopped" in ended.stderr
    assert not (cluster.state_dir / "pq.db-wal").exists(), "a clean end leaves one file"
    assert agent.is_running()
    eventually(lambda: "no head answers yet" in agent.stderr(), "the agent has noticed")
    cluster.start_head(*QUICK_BEATS)
    cluster.progress(job, beyond=done)
    eventually(lambda: agent.stderr().count("the head is back") == 1, "it says so")
    assert cluster.job(job)["leases"]["expired"] == 0
