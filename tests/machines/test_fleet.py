"""A fleet on machines that vanish: real systemd, real cloud-init, a cloud's metadata service, and the exact total."""

from __future__ import annotations

import re
import time

from cloud import Cloud, packages_are_built
from machine import Machine
from measured import Measured
from reference import LONG_JOB, LONG_TOTAL
from waiting import eventually

NOTICE_S = 120
ODD = "it's \"7\" $(x) `y` \\n #z"  # a label that YAML, systemd and shells must leave as it is


def lease_seen(cloud: Cloud, name: str) -> bool:
    agent = cloud.agents().get(name)
    return agent is not None and int(agent["busy"]) > 0


def computes(cloud: Cloud, worker: Machine) -> float:
    """Seconds from its boot to its first lease, as an operator sees it."""
    eventually(lambda: lease_seen(cloud, worker.name), f"{worker.name} computes")
    return time.monotonic() - worker.booted_at


def test_a_total_is_exact_on_machines_that_are_warned_vanish_and_reboot(cloud: Cloud, measured: Measured) -> None:
    volume = cloud.volume("state")
    from_packages = packages_are_built()
    head = cloud.start_head(volume, from_packages=from_packages)
    measured.note(f"the head serves {time.monotonic() - head.booted_at:.1f} s after its machine's start, "
                  f"{'packages installed' if from_packages else 'from an image with pq'}")
    job = cloud.submit("--range", LONG_JOB)
    document = cloud.worker_document("--label", f"odd={ODD}", "--label", "rack=7")
    package = ("--package-url", "http://x/pq_amd64.deb", "--package-sha256", "0" * 64)
    others = (
        cloud.head_document(),
        cloud.head_document(*package),
        cloud.worker_document("--allow-exec", "--keep-running"),
    )
    for made in (document, *others):
        assert cloud.is_valid(made), made
    measured.note(f"documents: head {len(cloud.head_document().encode())} bytes, worker {len(document.encode())}")
    warned = cloud.start_worker("warned", document)
    vanishing = cloud.start_worker("vanishing")
    first_leases = [computes(cloud, worker) for worker in (warned, vanishing)]
    warned.cloud_init_ends()
    vanishing.cloud_init_ends()
    labels = cloud.agents()["warned"]["labels"]
    assert (labels["odd"], labels["rack"]) == (ODD, "7"), labels

    # As of before the notice: a slot that falls idle may have the remainder before anybody has heard the goodbye.
    granted = cloud.ask("status", str(job))["leases"]["granted"]
    warned.interrupt(NOTICE_S)
    noticed = time.monotonic()
    eventually(lambda: cloud.agents()["warned"]["state"] == "gone", "the agent that was warned says goodbye")
    goodbye_s = time.monotonic() - noticed
    eventually(
        lambda: cloud.ask("status", str(job))["leases"]["granted"] > granted, "its remainder is leased again", 90
    )
    report = cloud.ask("status", str(job))
    leased_s = time.monotonic() - noticed
    warned.ends()
    measured.note(f"from a Spot notice to the goodbye {goodbye_s:.1f} s, to a lease of the remainder {leased_s:.1f} s, "
                  f"to the machine off at most {time.monotonic() - noticed:.1f} s")
    assert (report["recomputed"], report["leases"]["expired"]) == ("0", 0), "a drain computes nothing twice"
    measured.note(f"integers recomputed on the drain {report['recomputed']}")
    assert report["state"] == "running", "the job is too short for this test"

    vanishing.vanish()
    vanished = time.monotonic()
    eventually(lambda: cloud.ask("status", str(job))["leases"]["expired"] > 0, "its lease expires")
    measured.note(f"the lease of a vanished machine expired after {time.monotonic() - vanished:.1f} s")

    before = cloud.ask("status", str(job))["done"]
    rebooting = time.monotonic()
    head.reboot()
    cloud.head_serves()
    measured.note(f"the head serves {time.monotonic() - rebooting:.1f} s after it was told to reboot")
    report = cloud.ask("status", str(job))
    assert (report["state"], report["done"]) == ("running", before), "it has its state from the volume"

    third = cloud.start_worker("third", cloud.worker_document("--slots", "2"))
    first_leases.append(computes(cloud, third))
    measured.note("seconds from a worker's boot to its first lease: " + ", ".join(f"{s:.1f}" for s in first_leases))
    end = cloud.wait(job)
    assert (end["state"], end["value"]) == ("done", str(LONG_TOTAL))
    assert end["attempts_failed"] == 0, "a lost machine is no failed attempt"
    cloud.verify(job)
    third.power_off()


def test_a_volume_is_formatted_once_and_outlives_its_machine(cloud: Cloud) -> None:
    volume = cloud.volume("state")
    first = cloud.start_head(volume)
    job = cloud.ask("status", str(cloud.submit("--range", "0:1000")))
    first.vanish()
    cloud.start_head(volume, name="next")
    again = cloud.ask("status", str(job["id"]))
    assert (again["begin"], again["end"]) == (job["begin"], job["end"]), "what was acknowledged is on the volume"


def test_a_program_with_another_hash_never_runs(cloud: Cloud) -> None:
    cloud.start_head(cloud.volume("state"))
    document = re.sub(r"sha256=[0-9a-f]{64}", f"sha256={'0' * 64}", cloud.worker_document())
    worker = cloud.start_worker("cheated", document)
    worker.ends()
    assert "is not the agent with SHA-256 0000" in worker.logs()["cloud-init"]
    assert not worker.file("usr/bin/pq-agent").exists()
    assert cloud.agents() == {}


def test_a_head_that_hangs_is_killed_by_its_watchdog_and_serves_again(cloud: Cloud) -> None:
    head = cloud.start_head(cloud.volume("state"))
    hung = head.unit("pqd.service", "MainPID")
    head.says("kill", "-STOP", hung)
    eventually(lambda: head.unit("pqd.service", "NRestarts") == "1", "it is started again", within=60)
    cloud.head_serves()
    assert head.unit("pqd.service", "MainPID") != hung
    assert "watchdog" in head.logs()["journal"].lower()


def test_an_idle_worker_powers_its_machine_off(cloud: Cloud) -> None:
    cloud.start_head(cloud.volume("state"))
    worker = cloud.start_worker("idle", cloud.worker_document("--idle-exit", "1s"))
    worker.ends()
    assert cloud.agents()["idle"]["state"] == "gone"
