"""A cloud tells a machine that it ends: what the agent on it makes of that, and what the others get of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cluster import SHORT_TERM, Cluster
from measured import Measured
from metadata import Azure, Ec2, Gcp, MetadataService
from program import Program
from reference import MEDIUM_JOB, MEDIUM_TOTAL
from waiting import eventually, pause

UNTIL_OTHER = "test -e {0}/other && echo 7 || exec sleep 300"  # it succeeds at its second attempt
UNTIL_GO = "while ! test -e {0}/go; do sleep 0.1; done; echo 1"


def looks(service: MetadataService, path: str) -> int:
    return sum(path in asked for asked in service.asked)


def is_looking(service: MetadataService, path: str) -> None:
    """Two whole looks more have been taken."""
    before = looks(service, path)
    eventually(lambda: looks(service, path) >= before + 2, "the agent looks twice more")


@pytest.fixture
def ec2() -> Iterator[Ec2]:
    with Ec2() as service:
        yield service


def start_agent(cluster: Cluster, service: MetadataService, name: str = "spot", **more: int) -> Program:
    return cluster.start_agent(name, "--imds-endpoint", service.endpoint, **more)


def submit_program(cluster: Cluster, text: str) -> int:
    return cluster.submit("0:1", "--", "sh", "-c", text.format(cluster.root))


# ---------------------------------------------------------------- an interruption


def test_a_spot_notice_gives_the_rest_back_and_nothing_is_computed_twice(
    cluster: Cluster, ec2: Ec2, measured: Measured
) -> None:
    cluster.start_head("--lease-term", "60s")  # what is leased again soon was given back, and not waited for
    spot = start_agent(cluster, ec2, slots=2)
    job = cluster.submit(MEDIUM_JOB)
    cluster.progress(job)
    other = cluster.start_agent("other", slots=2)
    eventually(lambda: cluster.agents()["other"]["busy"] == 2, "both agents compute")
    ec2.interrupt(120)
    noticed = time.monotonic()
    outcome = spot.ends()
    ended_s = time.monotonic() - noticed
    assert outcome.status == 0, outcome.stderr
    assert "EC2 Spot: terminate" in outcome.stderr
    eventually(lambda: cluster.agents()["other"]["busy"] > 0, "the rest is leased again")
    measured.note(f"from a Spot notice to the goodbye {ended_s:.1f} s, to the rest leased again "
                  f"{time.monotonic() - noticed:.1f} s")
    end = cluster.wait(job)
    assert int(end["value"]) == MEDIUM_TOTAL
    assert (end["recomputed"], end["leases"]["expired"]) == ("0", 0)
    measured.note(f"integers recomputed on the drain {end['recomputed']}")
    cluster.verify(job)
    assert cluster.agents()["spot"]["state"] == "gone"
    other.terminate()


def test_auto_scaling_that_ends_a_machine_drains_it(cluster: Cluster, ec2: Ec2) -> None:
    ec2.set_lifecycle_state("InService")
    cluster.start_head()
    agent = start_agent(cluster, ec2)
    eventually(lambda: looks(ec2, "lifecycle") > 0, "the agent looks")
    assert cluster.agents()["spot"]["notice"] is None
    ec2.set_lifecycle_state("Terminated")
    assert agent.ends().status == 0


def test_google_cloud_and_azure_are_heeded_by_their_own_rules(cluster: Cluster) -> None:
    cluster.start_head()
    with Gcp() as gcp, Azure("worker_1") as azure:
        on_gcp = start_agent(cluster, gcp, "on-gcp")
        on_azure = start_agent(cluster, azure, "on-azure")
        agents = cluster.agents()
        assert agents["on-gcp"]["labels"]["zone"] == "europe-west1-b"
        assert agents["on-gcp"]["labels"]["instance_type"] == "t2a-standard-4"
        assert agents["on-azure"]["labels"]["instance_type"] == "Standard_D2ps_v5"
        azure.schedule(30, machine="worker_2")  # another machine's
        azure.schedule(30, kind="Freeze")
        is_looking(azure, "scheduledevents")
        assert on_gcp.is_running() and on_azure.is_running()
        assert cluster.agents()["on-azure"]["state"] == "active"
        gcp.preempted = True
        azure.schedule(30)
        for agent, words in ((on_gcp, "Google Cloud: preempted"), (on_azure, "Azure: Preempt")):
            outcome = agent.ends()
            assert outcome.status == 0 and words in outcome.stderr


def test_a_program_that_does_not_end_in_time_is_given_back(cluster: Cluster, ec2: Ec2) -> None:
    cluster.start_head("--lease-term", "60s")
    spot = cluster.start_agent("spot", "--imds-endpoint", ec2.endpoint, "--allow-exec")
    job = submit_program(cluster, UNTIL_OTHER)
    eventually(lambda: cluster.agents()["spot"]["busy"] == 1, "the program runs")
    (cluster.root / "other").touch()
    ec2.interrupt(8)
    assert spot.ends().status == 0
    cluster.start_agent("other", "--allow-exec")
    end = cluster.wait(job)
    assert (end["value"], end["attempts_failed"]) == ("7", 0)


# ---------------------------------------------------------------- what is undone


def test_a_notice_whose_time_has_passed_is_told_and_not_heeded(cluster: Cluster, ec2: Ec2) -> None:
    ec2.interrupt(-3600)
    cluster.start_head()
    agent = start_agent(cluster, ec2)
    notice = eventually(lambda: cluster.agents()["spot"]["notice"], "it is told")
    assert notice["kind"] == "passed"
    total = cluster.wait(cluster.submit("1e7:6e7"))
    assert total["value"] == "2897536"
    assert "the machine lives" in agent.stderr()
    ec2.interrupt(120)  # this one counts
    assert agent.ends().status == 0


def test_a_notice_that_is_taken_back_is_undone(cluster: Cluster, ec2: Ec2) -> None:
    cluster.start_head()
    agent = cluster.start_agent("spot", "--imds-endpoint", ec2.endpoint, "--allow-exec")
    slow = submit_program(cluster, UNTIL_GO)
    eventually(lambda: cluster.agents()["spot"]["busy"] == 1, "the program runs")
    ec2.interrupt(120)
    eventually(lambda: cluster.agents()["spot"]["state"] == "draining", "it drains")
    ec2.take_back()
    eventually(lambda: cluster.agents()["spot"]["state"] == "active", "it takes work again")
    (cluster.root / "go").touch()
    assert cluster.wait(slow)["value"] == "1"
    assert cluster.wait(cluster.submit("1e7:6e7"))["value"] == "2897536"
    assert agent.is_running()


def test_an_advice_to_rebalance_holds_new_work_off_and_ends_nothing(cluster: Cluster, ec2: Ec2) -> None:
    cluster.start_head()
    agent = cluster.start_agent("spot", "--imds-endpoint", ec2.endpoint, "--allow-exec")
    held = submit_program(cluster, UNTIL_GO)
    eventually(lambda: cluster.agents()["spot"]["busy"] == 1, "the program runs")
    ec2.recommend_rebalance()
    told = eventually(lambda: cluster.agents()["spot"]["notice"], "the advice is told")
    assert told["kind"] == "rebalance"
    late = cluster.submit("1e7:6e7")
    (cluster.root / "go").touch()
    assert cluster.wait(held)["value"] == "1"
    assert agent.is_running()
    assert cluster.job(late)["state"] == "queued"
    ec2.take_back()
    assert cluster.wait(late)["value"] == "2897536"


# ---------------------------------------------------------------- services out of order


def test_errors_of_the_service_are_counted_and_logged_once_and_end_nothing(cluster: Cluster, ec2: Ec2) -> None:
    ec2.out_of_order = 500
    cluster.start_head()
    agent = start_agent(cluster, ec2)
    eventually(lambda: cluster.agents()["spot"]["notice_errors"] > 0, "the errors are counted")
    first = cluster.agents()["spot"]["notice_errors"]
    eventually(lambda: cluster.agents()["spot"]["notice_errors"] > first, "it looks again, and again in vain")
    assert agent.stderr().count("metadata service") == 1
    assert cluster.wait(cluster.submit("1e7:6e7"))["value"] == "2897536"
    ec2.out_of_order = None
    eventually(lambda: "answers as it should again" in agent.stderr(), "it says so")
    ec2.interrupt(120)
    assert agent.ends().status == 0


def test_tokens_that_end_early_are_replaced(cluster: Cluster, ec2: Ec2) -> None:
    ec2.token_lasts_s = 0.2
    cluster.start_head()
    agent = start_agent(cluster, ec2)
    is_looking(ec2, "instance-action")
    assert cluster.agents()["spot"]["notice_errors"] == 0
    assert agent.is_running()
    assert looks(ec2, "PUT /latest/api/token") >= 3


def test_what_is_no_notice_is_an_error_and_no_end(cluster: Cluster, ec2: Ec2) -> None:
    facts: Any = ec2.facts()
    facts["spot/instance-action"] = "\u0007soon" * 10000
    cluster.start_head()
    agent = start_agent(cluster, ec2)
    eventually(lambda: cluster.agents()["spot"]["notice_errors"] > 0, "it is counted")
    assert cluster.agents()["spot"]["state"] == "active"
    assert "\u0007" not in agent.stderr()
    facts["spot/instance-action"] = json.dumps({"action": "terminate", "time": "no time at all"})
    assert agent.ends().status == 0


def test_no_notice_is_looked_for_where_none_is_wanted(cluster: Cluster, ec2: Ec2) -> None:
    ec2.interrupt(120)
    cluster.start_head()
    agent = cluster.start_agent("spot", "--imds-endpoint", ec2.endpoint, "--interruption", "none")
    pause(2.5)
    assert agent.is_running()
    assert looks(ec2, "instance-action") == 0


# ---------------------------------------------------------------- SIGTERM


def test_a_drain_by_signal_gives_back_what_still_runs_after_its_timeout(cluster: Cluster) -> None:
    cluster.start_head(*SHORT_TERM)
    agent = cluster.start_agent("a", "--allow-exec", "--drain-timeout", "1s")
    job = submit_program(cluster, UNTIL_OTHER)
    eventually(lambda: cluster.agents()["a"]["busy"] == 1, "the program runs")
    (cluster.root / "other").touch()
    assert agent.terminate().status == 0
    cluster.start_agent("b", "--allow-exec")
    assert cluster.wait(job)["value"] == "7"
