"""Agents of earlier versions with this head: what they do that these no longer do."""

from __future__ import annotations

import signal

import zmq

from cluster import Cluster
from peer import HandAgent
from waiting import eventually, pause

PINGS_S = 6  # without an answer the connection is given up after this, at either end
AS_0_1_0_PINGS = {
    zmq.HEARTBEAT_IVL: 500,
    zmq.HEARTBEAT_TIMEOUT: PINGS_S * 1000,
    zmq.HEARTBEAT_TTL: PINGS_S * 1000,
}


def test_an_agent_that_pings_is_answered_and_keeps_its_connection(cluster: Cluster) -> None:
    head = cluster.start_head("--beat", "100ms", "--lease-term", "150s")
    speaker = cluster.speaker(cluster.key("agent"), options=AS_0_1_0_PINGS)
    agent = HandAgent(speaker)
    cluster.submit("0:1e9")
    (lease,) = agent.beat_until_it_holds(1)
    speaker.events()
    pause(PINGS_S + 2)  # in which nothing but pings is said
    assert zmq.EVENT_DISCONNECTED not in speaker.events()
    agent.beat()
    assert list(agent.held) == [lease.id]
    head.send_signal(signal.SIGSTOP)  # pings are answered by the head alone
    eventually(lambda: zmq.EVENT_DISCONNECTED in speaker.events(), "a head that stands still does not answer")
    head.send_signal(signal.SIGCONT)
