"""What ends a worker that is paid by the second: real systemd, with a power-off that only notes the request."""

from __future__ import annotations

from cloud import HEAD_AGENT, Cloud
from machine import Machine
from waiting import eventually

TOLD_ONLY = "[Unit]\nDescription=Stands for the end of this machine\n"
NAME = "spot"  # of the agent, whichever process it is
SLEEPS = ("--range", "0:1", "--", "sleep", "1000")


class Worker:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.machine: Machine = cloud.machine("worker")
        self.machine.write("/etc/systemd/system/poweroff.target", TOLD_ONLY)
        self.machine.boot(cloud.worker_document("--allow-exec"))
        self.machine.cloud_init_ends()

    def starts(self, **settings: str) -> None:
        """Its agent, anew. Returns when the head knows it."""
        self.try_to_start(**settings)
        eventually(lambda: self.agent_state() == "active", "the agent works")

    def try_to_start(self, **settings: str) -> None:
        lines = {"PQ_NAME": NAME, "PQ_INTERRUPTION": "none", "PQ_SLOTS": "1"} | settings
        self.machine.write("/etc/pq/agent.env", "".join(f"{name}={value}\n" for name, value in lines.items()))
        self.machine.says("systemctl", "stop", "pq-agent.service")
        self.machine.says("systemctl", "stop", "poweroff.target")
        self.machine.says("systemctl", "reset-failed", "pq-agent.service")  # the limit of starts begins anew
        self.machine.run("systemctl", "start", "pq-agent.service")

    def agent_state(self) -> str | None:
        states = [agent["state"] for agent in self._cloud.ask("agents")["agents"] if agent["name"] == NAME]
        return states[0] if states else None

    def powers_off(self) -> bool:
        return self.machine.unit("poweroff.target", "ActiveState") == "active"

    def ends_with(self, status: int) -> None:
        eventually(self.powers_off, f"the machine is powered off after status {status}")
        assert self.machine.unit("pq-agent.service", "ExecMainStatus") == str(status)


def test_a_machine_ends_when_its_agent_has_ended_for_good(cloud: Cloud) -> None:
    head = cloud.start_head(cloud.volume("state"))
    worker = Worker(cloud)

    worker.starts()
    worker.machine.says("systemctl", "kill", "--signal=KILL", "--kill-whom=main", "pq-agent.service")
    eventually(lambda: worker.machine.unit("pq-agent.service", "NRestarts") == "1", "it is started again")
    eventually(lambda: worker.agent_state() == "active", "it works again")
    assert not worker.powers_off(), "one crash is no end"

    worker.machine.says("systemctl", "restart", "pq-agent.service")
    eventually(worker.powers_off, "the machine is powered off when its agent is restarted")

    worker.try_to_start(PQ_SLOTS="none")
    worker.ends_with(2)

    worker.starts(PQ_HEAD_TIMEOUT="1s")
    worker.machine.link.cut()
    worker.ends_with(4)
    worker.machine.link.mend()

    worker.starts()
    token = worker.machine.file("/etc/pq/agent.token").read_text().strip()
    head.says(HEAD_AGENT, "--join", token, "--name", NAME, "--interruption", "none", "--idle-exit", "1s")
    worker.ends_with(6)

    worker.starts(PQ_DRAIN_TIMEOUT="1s")
    job = cloud.submit(*SLEEPS)
    eventually(lambda: cloud.ask("status", str(job))["state"] == "running", "its program runs")
    worker.machine.says("systemctl", "stop", "pq-agent.service")
    worker.ends_with(0)
    assert worker.machine.unit("pq-agent.service", "Result") == "success", "the drain ends before systemd's patience"
    report = cloud.ask("status", str(job))
    assert (report["leases"]["yielded"], report["leases"]["expired"], report["attempts_failed"]) == (1, 0, 0), report
