"""Labels: what an agent finds out of its machine, and what it is told to add."""

from __future__ import annotations

from cluster import Cluster
from metadata import Ec2


def test_an_agent_finds_its_zone_and_type_and_is_told_more(cluster: Cluster) -> None:
    cluster.start_head()
    with Ec2() as service:
        cluster.start_agent("found", "--imds-endpoint", service.endpoint)
        labels = ("--label", "zone=mine", "--label", "disk=a=b")
        cluster.start_agent("told", "--imds-endpoint", service.endpoint, *labels)
    found, told = (cluster.agents()[name]["labels"] for name in ("found", "told"))
    assert (found["zone"], found["instance_type"]) == ("eu-1a", "c7g.large")
    assert (told["zone"], told["disk"], told["instance_type"]) == ("mine", "a=b", "c7g.large")
    assert {"arch", "os", "host", "cpus"} <= found.keys()


def test_a_metadata_service_that_is_not_there_is_no_error(cluster: Cluster) -> None:
    cluster.start_head()
    cluster.start_agent("alone", "--imds-endpoint", "http://127.0.0.1:1")
    assert "zone" not in cluster.agents()["alone"]["labels"]
