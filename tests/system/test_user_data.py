"""Documents for new machines: what is refused, what stands in them, and their scripts, run by a real shell."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import yaml

from cluster import Cluster
from program import Outcome
from refusal import expect_refusal
from waiting import eventually

ADDRESS = ("--address", "tcp://10.0.0.5:7700")
PROGRAM = b"#!/bin/sh\nexit 0\n"
HASH = "0" * 64


def start_head(cluster: Cluster, http: str = "0.0.0.0:*", program: bytes = PROGRAM) -> str:
    """The address of its HTTP on this machine."""
    agents = cluster.root / "agents"
    agents.mkdir()
    if program:
        (agents / f"pq-agent-{os.uname().machine}").write_bytes(program)
    cluster.start_head("--http", http, "--agents-dir", str(agents))
    if http == "none":
        return ""
    address = cluster.state_dir / "head.http"
    return eventually(lambda: address.exists() and address.read_text().strip(), "HTTP is served")


def agent_document(cluster: Cluster, *flags: str) -> dict[str, Any]:
    outcome = cluster.run("pq-user-data", "agent", *ADDRESS, *flags)
    assert outcome.status == 0, outcome
    assert outcome.stdout.startswith("#cloud-config\n") and len(outcome.stdout) < 16384
    return yaml.safe_load(outcome.stdout)


def files(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {file["path"]: file for file in document["write_files"]}


def join(cluster: Cluster, document: dict[str, Any], http: str) -> Outcome:
    """The worker's script, with a systemctl that only tells what it is told, into a directory of the test's."""
    script = files(document)["/usr/local/sbin/pq-join"]["content"]
    tools = cluster.root / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "systemctl").write_text('#!/bin/sh\necho "systemctl $*"\n')
    (tools / "systemctl").chmod(0o755)
    script = script.replace("http://10.0.0.5:" + http.rsplit(":")[-1], "http://" + http)
    script = script.replace("agent=/usr/bin/pq-agent", f"agent={cluster.root}/installed")
    script = script.replace("sleep 3", "sleep 0.1")
    ended = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=60,
                           env={"PATH": f"{tools}:/usr/bin:/bin"})
    return Outcome(ended.returncode, ended.stdout, ended.stderr)


def test_a_workers_document_says_what_it_was_told(cluster: Cluster) -> None:
    start_head(cluster)
    labels = ("--label", 'k=a "b" $c `d` \\e %h\'', "--label", "x={{token}} #: - y")
    document = agent_document(cluster, "--name", "a\"b'$x;`id`", "--slots", "3", "--allow-exec",
                              "--idle-exit", "5m", *labels)
    written = files(document)
    token = written["/etc/pq/agent.token"]
    assert token["permissions"] == "0600" and token["content"].startswith("pq1_")
    settings = written["/etc/pq/agent.env"]["content"]
    as_read = subprocess.run(["sh", "-c", settings + 'printf %s "$PQ_SLOTS $PQ_IDLE_EXIT $PQ_LABEL"'],
                             capture_output=True, text=True)
    assert as_read.stdout == '3 5m k=a "b" $c `d` \\e %h\'\nx={{token}} #: - y'
    systemd = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
    for path, source in (("pq-agent.service", "pq-agent.service"),
                         ("pq-agent.service.d/cloud.conf", "pq-agent-cloud.conf"),
                         ("pq-agent.service.d/exec.conf", "pq-agent-exec.conf")):
        assert written[f"/etc/systemd/system/{path}"]["content"] == (systemd / source).read_text()


def test_agents_read_several_labels_from_their_settings(cluster: Cluster) -> None:
    cluster.start_head()
    cluster.environment["PQ_LABEL"] = 'k=a "b"\nx=c d'
    cluster.start_agent("labelled")
    labels = cluster.agents()["labelled"]["labels"]
    assert (labels["k"], labels["x"]) == ('a "b"', "c d")


def test_a_machine_installs_the_agent_that_its_document_names(cluster: Cluster) -> None:
    http = start_head(cluster)
    outcome = join(cluster, agent_document(cluster), http)
    assert outcome.status == 0, outcome
    installed = cluster.root / "installed"
    assert installed.read_bytes() == PROGRAM and installed.stat().st_mode & 0o777 == 0o755
    assert outcome.stdout.splitlines() == [
        "systemctl daemon-reload", "systemctl enable pq-agent.service",
        "systemctl start --no-block pq-agent.service"]


def test_machines_fetch_their_agent_where_nothing_of_the_queue_is_told(cluster: Cluster) -> None:
    agents = cluster.root / "agents"
    agents.mkdir()
    (agents / f"pq-agent-{os.uname().machine}").write_bytes(PROGRAM)
    head = cluster.start_head("--http", "127.0.0.1:*", "--agents-http", "0.0.0.0:*", "--agents-dir", str(agents))
    said = re.search(r"agents for new machines at http://0\.0\.0\.0:(\d+)/agents/", head.stderr())
    assert said, head.stderr()
    http = f"127.0.0.1:{said[1]}"
    assert join(cluster, agent_document(cluster), http).status == 0
    assert (cluster.root / "installed").read_bytes() == PROGRAM
    for path in ("/", "/index.html", "/api/v1/jobs", "/api/v1/stream", "/metrics", "/healthz", "/agents"):
        with pytest.raises(HTTPError) as refused:
            urlopen(f"http://{http}{path}", timeout=60)
        assert refused.value.code == 404
        assert "nothing is here but /agents/ARCH" in refused.value.read().decode()


@pytest.mark.parametrize("address", ("127.0.0.1", "a:b", ""))
def test_an_address_for_agents_that_is_none_is_refused(cluster: Cluster, address: str) -> None:
    outcome = cluster.run("pqd", "--listen", "tcp://127.0.0.1:*", "--agents-http", address)
    expect_refusal(outcome, "pqd", 2, "--agents-http", "HOST:PORT")


def test_a_machine_that_is_given_another_agent_ends(cluster: Cluster) -> None:
    http = start_head(cluster)
    pinned = ("--agent-url", f"http://{http}/agents/{{arch}}", "--agent-sha256", f"{os.uname().machine}={HASH}")
    outcome = join(cluster, agent_document(cluster, *pinned), http)
    assert outcome.status == 1
    assert "another agent than this document names" in outcome.stderr
    assert outcome.stdout == "systemctl poweroff\n"
    assert not (cluster.root / "installed").exists() and not (cluster.root / "installed.new").exists()
    kept = join(cluster, agent_document(cluster, *pinned, "--keep-running"), http)
    assert (kept.status, kept.stdout) == (1, "")


@pytest.mark.parametrize(("http", "program", "text"), (
    ("127.0.0.1:*", PROGRAM, "serves its own machine only"),
    ("none", PROGRAM, "serves no HTTP"),
    ("0.0.0.0:*", b"", "has no agent to hand out")))
def test_a_head_that_cannot_hand_out_agents_is_named(
    cluster: Cluster, http: str, program: bytes, text: str
) -> None:
    start_head(cluster, http, program)
    before = (cluster.state_dir / "authorized_keys").read_text()
    outcome = cluster.run("pq-user-data", "agent", *ADDRESS)
    assert outcome.status == 2 and text in outcome.stderr and outcome.stdout == "", outcome
    assert (cluster.state_dir / "authorized_keys").read_text() == before, "no key is left behind"


@pytest.mark.parametrize(("words", "text"), (
    (("agent",), "--address tcp://HOST:PORT is missing"),
    (("agent", "--address", "tcp://127.0.0.1:7700"), "means the new machine itself"),
    (("agent", *ADDRESS, "--label", "k=\u2028"), "printable ASCII"),
    (("agent", *ADDRESS, "--label", "k"), "--label k is not a label"),
    (("agent", *ADDRESS, *("--label", "k=v") * 25), "--label is given more than 24 times"),
    (("agent", *ADDRESS, "--interruption", "aws"), "is none of auto, ec2, gcp, azure and none"),
    (("agent", *ADDRESS, "--agent-url", "ftp://x"), "is not a URL"),
    (("agent", *ADDRESS, "--device", "/dev/xvdb"), "goes with pq-user-data head"),
    (("head",), "--device is missing"),
    (("head", "--device", "/dev/xvdb", "--agents-http", "foo"), "--agents-http foo is not HOST:PORT"),
    (("agent", *ADDRESS, "--idle-exit", "0s"), "too short"),
    (("agent", *ADDRESS, "--head-timeout", "0s"), "too short"),
    (("head", "--device", "xvdb"), "neither a volume's id"),
    (("head", "--device", "vol-"), "neither a volume's id"),
    (("head", "--device", "/dev/xvdb", "--http", "foo"), "not HOST:PORT"),
    (("head", "--device", "/dev/xvdb", "--listen", "tcp://127.0.0.1:7700"), "the head's own machine only"),
    (("head", "--device", "/dev/xvdb", "--package-url", "http://x/a_amd64.deb"), "one hash for each"),
    (("worker",), "neither agent nor head")))
def test_what_makes_no_document_says_why(cluster: Cluster, words: tuple[str, ...], text: str) -> None:
    outcome = cluster.run("pq-user-data", *words)
    assert outcome.status == 2 and text in outcome.stderr and outcome.stdout == "", outcome


def test_a_package_is_known_by_its_name_in_a_presigned_url_too(cluster: Cluster) -> None:
    url = "https://x/aarch64/pq-head-0.1.0-1.x86_64.rpm?X-Amz-Signature=1&a=.deb"
    outcome = cluster.run("pq-user-data", "head", "--device", "vol-0ab", "--package-url", url,
                          "--package-sha256", HASH)
    assert outcome.status == 0 and f"rpm x86_64 {HASH} {url}\n" in outcome.stdout, outcome
    assert "device='/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0ab'" in outcome.stdout


def test_the_scripts_of_both_documents_are_clean(cluster: Cluster) -> None:
    start_head(cluster)
    head = cluster.run("pq-user-data", "head", "--device", "/dev/x'y\"z", "--package-url",
                       "http://x/pq_amd64.deb", "--package-sha256", HASH)
    assert head.status == 0 and len(head.stdout) < 16384, head
    for document, path in ((agent_document(cluster), "/usr/local/sbin/pq-join"),
                           (yaml.safe_load(head.stdout), "/usr/local/sbin/pq-set-up-head")):
        script = files(document)[path]["content"]
        checked = subprocess.run(["shellcheck", "-"], input=script, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout
        assert document["runcmd"] == [[path]]


@pytest.mark.parametrize(("holds", "is_formatted", "is_mounted"), (
    ("nothing", True, True), ("a head's state", False, True), ("a file system", False, False),
    ("bytes", False, False), ("a byte", False, False)))
def test_a_volume_is_formatted_only_if_it_is_empty(
    cluster: Cluster, holds: str, is_formatted: bool, is_mounted: bool
) -> None:
    """A file stands for the volume; what would mount it only tells that it was asked to."""
    head = cluster.run("pq-user-data", "head", "--device", "/dev/volume")
    script = files(yaml.safe_load(head.stdout))["/usr/local/sbin/pq-set-up-head"]["content"]
    volume = cluster.root / "volume"
    with volume.open("wb") as file:
        file.truncate(32 << 20)
        if "byte" in holds:
            file.seek(1_000_000 if holds == "a byte" else 0)
            file.write(b"x" * (1 if holds == "a byte" else 4096))
    if "state" in holds or "system" in holds:
        label = ("-L", "pqd") if "state" in holds else ()
        subprocess.run(["/usr/sbin/mkfs.ext4", "-q", *label, volume], check=True)
    before = volume.read_bytes()
    tools = cluster.root / "tools"
    tools.mkdir()
    for tool, body in (("systemctl", 'echo "systemctl $*"'), ("mountpoint", "exit 1"), ("udevadm", "exit 1")):
        (tools / tool).write_text(f"#!/bin/sh\n{body}\n")
        (tools / tool).chmod(0o755)
    for real, ours in (("device='/dev/volume'", f"device='{volume}'"), ('[ -b "$device" ]', '[ -f "$device" ]'),
                       ("/etc/systemd/system/var-lib-pqd.mount", f"{cluster.root}/var-lib-pqd.mount")):
        assert real in script
        script = script.replace(real, ours)
    ended = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=60,
                           env={"PATH": f"{tools}:/usr/sbin:/sbin:/usr/bin:/bin"})
    assert (volume.read_bytes() != before) == is_formatted, ended
    assert ("systemctl start var-lib-pqd.mount" in ended.stdout) == is_mounted, ended
    assert ("is left alone" in ended.stderr) != is_mounted, ended
