"""Connections that lead nowhere and do not say so: agents and clients leave them by themselves, and lose nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import Cluster
from measured import Measured
from rough_network import HEAD_ADDRESS, rough_network
from tunnel import Tunnel
from waiting import eventually

LONG_TERM = ("--beat", "100ms", "--lease-term", "150s")
JOB, TOTAL = "0:1e8", 5_761_455
WITHIN_S = 90.0  # of some 16 s on a quiet machine
COMPUTED_WITHIN_S = 120.0  # of a tenth of a second


class Away:
    """An agent, somebody who waits for a job and somebody who watches it, on the far side of a connection."""

    def __init__(self, cluster: Cluster, *flags: str, network: Path | None = None) -> None:
        self.cluster = cluster
        self.job = cluster.submit(JOB)
        assert cluster.run("pq-pause", str(self.job)).status == 0
        self.agent = cluster.start_agent("far", *flags, network=network)
        self.waiting = cluster.start("pq-wait", str(self.job), *flags, network=network)
        self.watching = cluster.start("pq-status", str(self.job), "--watch", *flags, network=network)
        eventually(self.watching.stdout, "somebody watches it")

    def comes_back(self, measured: Measured) -> None:
        lost_at = time.monotonic()
        eventually(lambda: self.heard_ms_ago() > 1000, "the agent is not heard")
        seen = len(self.watching.stdout())
        eventually(lambda: self.heard_ms_ago() < 1000, "the agent is heard again", WITHIN_S)
        measured.note(f"the agent is heard again after {time.monotonic() - lost_at:.1f} s")
        eventually(lambda: len(self.watching.stdout()) > seen, "who watches sees something", WITHIN_S)
        measured.note(f"who watches sees something after {time.monotonic() - lost_at:.1f} s")
        assert self.cluster.run("pq-resume", str(self.job)).status == 0
        assert self.waiting.ends(WITHIN_S + COMPUTED_WITHIN_S).stdout == f"{TOTAL}\n"
        measured.note(f"who waits has the total after {time.monotonic() - lost_at:.1f} s")
        assert self.agent.is_running() and self.cluster.job(self.job)["leases"]["expired"] == 0

    def heard_ms_ago(self) -> int:
        return int(self.cluster.agents()["far"]["heard_ms_ago"])


@pytest.fixture
def tunnel(cluster: Cluster) -> Iterator[Tunnel]:
    cluster.start_head(*LONG_TERM)
    made = Tunnel(cluster.endpoint)
    yield made
    made.close()


def test_a_tunnel_that_has_fallen_dumb_is_left(cluster: Cluster, tunnel: Tunnel, measured: Measured) -> None:
    away = Away(cluster, "--head", tunnel.endpoint)
    eventually(lambda: tunnel.connections() == 3, "all three are connected")
    assert tunnel.fall_dumb() == 3
    away.comes_back(measured)


def test_connections_that_a_router_has_forgotten_are_made_anew(cluster: Cluster, measured: Measured) -> None:
    with rough_network() as network:
        cluster.address, cluster.network = HEAD_ADDRESS, network.head
        cluster.start_head(*LONG_TERM)
        away = Away(cluster, network=network.agents)
        network.forget_connections()
        away.comes_back(measured)
        cluster.close()
