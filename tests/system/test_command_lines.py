"""Command lines that make no sense, jobs that nobody knows, and heads that are not there."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from cluster import Cluster
from program import ALL_PROGRAMS, BINARIES, Program
from refusal import expect_refusal
from waiting import PATIENCE_S, eventually

TOO_LONG = "n" * 65

RANGES = {
    "5:5": "is empty",
    "1:+0": "write 1:+1 for 1 alone",
    "10:5": "is reversed; write 5:10",
    "1.5:3": '"1.5" is not an integer',
    "1e-1:3": '"1e-1" is not an integer',
    "0:2^64": "is past 2^64-1",
    "0:18446744073709551616": "is past 2^64-1",
    "2^64-1:+1": "ends past 2^64-1, the largest integer that pq counts; begin before it",
    "0:1e400": "is past 2^64-1",
    "0:1e18446744073709551616": "is past 2^64-1",
    "a:b": "write an integer such as",
    "5": "has no ':'; write BEGIN:END",
    "": "has no ':'; write BEGIN:END",
    "0:": "is not a number",
    ":5": "is not a number",
    "-5:5": "begins with a sign",
    "0:-5": "begins with a sign",
    "0: 5": "leave no spaces",
    "0x10:20": "write it in decimal",
    "1,000:2,000": "group digits as in 10_000_000",
    "0:2*3": "there are no products",
    "0:1__0": "stands alone between two digits",
    "0:5+": "ends where a digit should follow",
    "0:1-2": "is below 0",
    "0:5:9": "write an integer such as",
    "nan:inf": "write an integer such as",
}

SUBMITS = {
    "no range": ([], "--range A:B is missing"),
    "range without a value": (["--range"], "‘range’ is missing an argument"),
    "unknown kernel": (["--range", "0:5", "--kernel", "octuplets"], "there are primes, twins"),
    "unknown fold": (["--range", "0:5", "--fold", "product"], "there are sum, min, max, none"),
    "unknown flag": (["--range", "0:5", "--colour"], "‘colour’ does not exist"),
    "word too many": (["--range", "0:5", "again"], '"again" is an unexpected argument'),
    "priority in words": (["--range", "0:5", "--priority", "high"], "is not a priority: give an integer"),
    "priority too large": (["--range", "0:5", "--priority", "3000000000"], "is not a priority"),
    "name too long": (["--range", "0:5", "--name", TOO_LONG], "give at most 64"),
    "name of two lines": (["--range", "0:5", "--name", "a\nb"], "leave out control characters"),
    "name of two lines in one word": (["--range", "0:5", "--name=a\nb"], "leave out control characters"),
    "name far too long in one word": (["--range", "0:5", f"--name={'x' * 120_000}"], "give at most 64"),
    "duration without a unit": (["--range", "0:5", "--timeout", "5"], "write 5s for seconds"),
    "duration of another unit": (["--range", "0:5", "--timeout", "5x"], "such as 500ms, 30s, 5m or 1h"),
    "negative duration": (["--range", "0:5", "--timeout", "-5s"], "is not a duration"),
    "endless duration": (["--range", "0:5", "--timeout", "99999999999999d"], "is too long; the longest is"),
    "colours of a kind": (["--range", "0:5", "--color", "red"], "is none of auto, always and never"),
    "unknown log level": (["--range", "0:5", "--log-level", "loud"], "is not one of trace, debug"),
    "head without a scheme": (["--range", "0:5", "--head", "localhost:7700"], "give tcp://HOST:PORT"),
    "head without a port": (["--range", "0:5", "--head", "tcp://localhost"], "give tcp://HOST:PORT"),
    "head of no such port": (["--range", "0:5", "--head", "tcp://localhost:99999"], "give tcp://HOST:PORT"),
    "no program after the dashes": (["--range", "0:5", "--"], "no program after --: give a command"),
    "program and kernel": (["--range", "0:5", "--kernel", "twins", "--", "x"], "leave out --kernel"),
    "kernel of programs": (["--range", "0:5", "--kernel", "exec"], "give it after --"),
    "step without a program": (["--range", "0:5", "--step", "5"], "--step is for a program of your own"),
    "file without a program": (["--range", "0:5", "--file", "x"], "--file is for a program of your own"),
    "step of none": (["--range", "0:5", "--step", "0", "--", "x"], "--step 0 is not a number from 1"),
    "file that is not there": (["--range", "0:5", "--file", "/nonexistent", "--", "x"], "check the path"),
    "file that is none": (["--range", "0:5", "--file", "/dev/null", "--", "x"], "neither a file nor"),
    "setting without a value": (["--range", "0:5", "--env", "A", "--", "x"], "give KEY=VALUE"),
    "setting of pq's own": (["--range", "0:5", "--env", "PQ_LO=1", "--", "x"], "are pq's own"),
    "secret without a variable": (["--range", "0:5", "--secret", "NO_SUCH", "--", "x"], "no variable NO_SUCH here"),
    "secret without a file": (["--range", "0:5", "--secret", "A=/no/such", "--", "x"], "/no/such"),
    "secret of pq's own": (["--range", "0:5", "--secret", "PQ_LO=/dev/null", "--", "x"], "are pq's own"),
    "secret without a program": (["--range", "0:5", "--secret", "A=/dev/null"], "--secret is for a program"),
    "setting given twice": (["--range", "0:5", "--env", "A=1", "--env", "A=2", "--", "x"], "is given twice"),
    "label without a value": (["--range", "0:5", "--require", "zone"], "give KEY=VALUE"),
    "memory of another unit": (["--range", "0:5", "--memory", "2X", "--", "x"], "such as 512K or 2G"),
    "memory too large": (["--range", "0:5", "--memory", "99999999999T", "--", "x"], "the largest is 16777215T"),
    "runs of no time": (["--range", "0:5", "--timeout", "0s", "--", "x"], "give at least 1ms"),
    "no cpus": (["--range", "0:5", "--cpus", "0"], "--cpus 0 is not a number from 1 to 1024"),
    "no attempts": (["--range", "0:5", "--attempts", "0"], "--attempts 0 is not a number from 1"),
    "waiting without a unit": (["--range", "0:5", "--wait-timeout", "5"], "write 5s for seconds"),
    "list and range": (["--range", "0:5", "--each", "x", "--", "x"], "leave out --range"),
    "list without a program": (["--each", "x"], "--each needs a program"),
    "list that is not there": (["--each", "/nonexistent", "--", "x"], "check the path"),
    "list that is a directory": (["--each", "/", "--", "x"], "is not a plain file"),
    "list without a line": (["--each", "-", "--", "x"], "has no line"),
    "list and step": (["--each", __file__, "--step", "5", "--", "x"], "leave out --step"),
    "list and stream": (["--each", __file__, "--stream", "--", "x"], "do not go together"),
}

OTHERS = {
    "no such command": (["pq", "frobnicate"], '"frobnicate" is not a command'),
    "agents: no such word": (["pq-agents", "kill"], '"kill" is not drain'),
    "agents: drain nobody": (["pq-agents", "drain"], "the agent's name is missing"),
    "priority: no priority": (["pq-priority", "1"], "the priority is missing"),
    "priority: in words": (["pq-priority", "1", "high"], "is not a priority: give an integer"),
    "key: nothing": (["pq-key"], "say new, list or revoke"),
    "key: no role": (["pq-key", "new"], "the role: agent, operator or viewer is missing"),
    "key: no such role": (["pq-key", "new", "king"], "give agent, operator or viewer"),
    "key: name of two words": (["pq-key", "new", "agent", "--name", "a b"], "without spaces"),
    "key: no address": (["pq-key", "new", "agent", "--address", "there"], "give tcp://HOST:PORT"),
    "logs: span in words": (["pq-logs", "1", "--span", "all"], "write an integer such as"),
    "backup: a word": (["pq-backup", "now"], '"now" is an unexpected argument'),
    "backup: name of another folder": (["pq-backup", "--name", "../x"], "give 1 to 64 letters, digits"),
    "backup: name too long": (["pq-backup", "--name", TOO_LONG], "give 1 to 64 letters, digits"),
    "pqd: a word": (["pqd", "start"], '"start" is an unexpected argument'),
    "pqd: no such flag": (["pqd", "--daemonize"], "‘daemonize’ does not exist"),
    "pqd: no beat": (["pqd", "--beat", "0s"], "give at least 10ms"),
    "pqd: term of two beats": (["pqd", "--beat", "1s", "--lease-term", "2s"], "longer than three beats"),
    "pqd: term without a unit": (["pqd", "--lease-term", "15"], "write 15s for seconds"),
    "pqd: jobs kept for no time": (["pqd", "--keep-jobs", "0s"], "too short; give at least 1h"),
    "pqd: logs kept for minutes": (["pqd", "--keep-logs", "30m"], "too short; give at least 1h"),
    "pqd: kept bytes in words": (["pqd", "--keep-bytes", "much"], '"much" is not a size'),
    "pqd: term of weeks": (["pqd", "--lease-term", "1000h"], "at most 1d"),
    "agent: a word": (["pq-agent", "start"], '"start" is an unexpected argument'),
    "agent: no slots": (["pq-agent", "--slots", "0"], "is not a number from 1 to 1024"),
    "agent: slots in words": (["pq-agent", "--slots", "all"], "is not a number from 1 to 1024"),
    "agent: too many slots": (["pq-agent", "--slots", "1025"], "is not a number from 1 to 1024"),
    "agent: no name": (["pq-agent", "--name="], "give 1 to 64 printable bytes"),
    "agent: name too long": (["pq-agent", "--name", TOO_LONG], "give 1 to 64 printable bytes"),
    "agent: no token": (["pq-agent", "--join", "pq1_00"], "the whole word that pq-key new agent printed"),
    "agent: timeout without a unit": (["pq-agent", "--head-timeout", "10"], "write 10s for seconds"),
    "agent: no time for an answer": (["pq-agent", "--head-timeout", "0s"], "too short; give at least 1s"),
    "agent: idle at once": (["pq-agent", "--idle-exit", "0s"], "too short; give at least 100ms"),
    "agent: idle in words": (["pq-agent", "--idle-exit", "soon"], "such as 500ms, 30s, 5m or 1h"),
}

ASKING_FOR_A_JOB = {
    "pq-status": [],
    "pq-wait": [],
    "pq-cancel": [],
    "pq-pause": [],
    "pq-resume": [],
    "pq-retry": [],
    "pq-logs": [],
    "pq-output": [],
    "pq-verify": [],
    "pq-provenance": [],
    "pq-recompute": ["--agent", "w1"],
    "pq-priority": ["5"],
    "pq-forget": [],
}


@pytest.fixture(scope="module")
def serving(shared_cluster: Cluster) -> Cluster:
    shared_cluster.start_head()
    return shared_cluster


@pytest.fixture
def unused_port() -> Iterator[int]:
    """Bound and not listened at: nobody else gets it meanwhile, and connections are refused."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


# ---------------------------------------------------------------- what makes no sense


@pytest.mark.parametrize("text", RANGES)
def test_range_that_is_none(cluster: Cluster, text: str) -> None:
    outcome = cluster.run("pq-submit", "--range", text)
    expect_refusal(outcome, "pq-submit", 2, RANGES[text], "see pq-submit --help")
    assert f'"{text}"' in outcome.stderr, "it quotes what it refuses"


@pytest.mark.parametrize("case", SUBMITS)
def test_submit_that_makes_no_sense(cluster: Cluster, case: str) -> None:
    words, fragment = SUBMITS[case]
    expect_refusal(cluster.run("pq-submit", *words), "pq-submit", 2, fragment, "see pq-submit --help")


@pytest.mark.parametrize("case", OTHERS)
def test_command_line_that_makes_no_sense(cluster: Cluster, case: str) -> None:
    (program, *words), fragment = OTHERS[case]
    outcome = cluster.run(program, *words, state_dir=program != "pq")
    expect_refusal(outcome, program, 2, fragment, f"see {program} --help")


@pytest.mark.parametrize("text", ["first", "0", "-1", "1.0", "1e3", "99999999999999999999", ""])
@pytest.mark.parametrize("program", ASKING_FOR_A_JOB)
def test_job_that_is_no_number(cluster: Cluster, program: str, text: str) -> None:
    outcome = cluster.run(program, text, *ASKING_FOR_A_JOB[program])
    expect_refusal(outcome, program, 2, f'"{text}" is not the number of a job: give one', "pq-status lists the jobs")


def test_wrong_environment_is_as_wrong_as_a_wrong_flag(cluster: Cluster) -> None:
    outcome = cluster.run("pq-submit", environment={"PQ_RANGE": "5:1"})
    expect_refusal(outcome, "pq-submit", 2, "is reversed; write 1:5")
    outcome = cluster.run("pqd", environment={"PQD_BEAT": "often"})
    expect_refusal(outcome, "pqd", 2, "--beat", "is not a duration")


def test_error_is_told_in_json_where_json_was_asked_for(cluster: Cluster) -> None:
    outcome = cluster.run("pq-submit", "--range", "5:1", "--json")
    assert outcome.status == 2 and outcome.stderr.count("\n") == 1
    told = json.loads(outcome.stdout)
    assert (told["schema"], told["error"]["word"]) == ("pq.error/1", "usage")
    assert outcome.stderr == f"pq-submit: {told['error']['text']}\n"


# ---------------------------------------------------------------- what there is not


@pytest.mark.parametrize("program", ASKING_FOR_A_JOB)
def test_job_that_nobody_knows(serving: Cluster, program: str) -> None:
    outcome = serving.run(program, "4711", *ASKING_FOR_A_JOB[program])
    expect_refusal(outcome, program, 3, "no such job: 4711; pq-status lists the jobs")


def test_agent_that_nobody_knows(serving: Cluster) -> None:
    outcome = serving.run("pq-agents", "drain", "nobody")
    expect_refusal(outcome, "pq-agents", 1, "no such agent: nobody; pq-agents lists the agents")


@pytest.mark.parametrize("program", ["pq-cancel", "pq-pause", "pq-resume", "pq-priority"])
def test_job_that_has_ended_cannot_be_steered(serving: Cluster, program: str) -> None:
    job = str(serving.submit("0:100"))
    serving.ask("pq-cancel", job)
    outcome = serving.run(program, job, *ASKING_FOR_A_JOB[program])
    if program == "pq-cancel":
        assert outcome.status == 0, "asking for what is so already is no error"
    else:
        expect_refusal(outcome, program, 1, f"has ended already: {job} is cancelled; submit the range again")


def test_state_directory_without_a_head(cluster: Cluster) -> None:
    outcome = cluster.run("pq-status", "--timeout", "300ms")
    expect_refusal(outcome, "pq-status", 4, "no head has run", f"start pqd --state-dir {cluster.state_dir}")


@pytest.mark.parametrize("timeout", [["--timeout", "300ms"], []], ids=["--timeout", "patience of its own"])
def test_head_that_does_not_run(cluster: Cluster, timeout: list[str]) -> None:
    cluster.start_head()
    cluster.head.kill()
    outcome = cluster.run("pq-status", *timeout, within=30)
    advice = "start pqd there or pass --head"
    expect_refusal(outcome, "pq-status", 4, f"no head answers at {cluster.endpoint}; {advice}")


def test_head_too_busy_to_greet_is_waited_for(cluster: Cluster) -> None:
    cluster.start_head()
    cluster.head.send_signal(signal.SIGSTOP)
    asking = cluster.start("pq-status")
    time.sleep(7)
    assert asking.is_running()
    cluster.head.send_signal(signal.SIGCONT)
    assert asking.ends().status == 0, asking.stderr()


def test_head_that_takes_a_connection_and_says_nothing(cluster: Cluster) -> None:
    cluster.start_head()
    cluster.head.send_signal(signal.SIGSTOP)
    outcome = cluster.run("pq-status", "--timeout", "1s")
    cluster.head.send_signal(signal.SIGCONT)
    silence = rf"connected to {re.escape(cluster.endpoint)}, but it has been silent for [\d.]+m?s: .* stopped or busy"
    assert outcome.status == 4 and re.search(silence, outcome.stderr), outcome


def test_head_that_falls_silent_after_it_has_answered(cluster: Cluster) -> None:
    head = cluster.start_head()
    job = cluster.submit("0:10")
    waiting = cluster.start("pq-status", str(job), "--watch", "--timeout", "6s")
    eventually(waiting.stdout, "it has an answer")
    head.send_signal(signal.SIGSTOP)
    ended = waiting.ends()
    head.send_signal(signal.SIGCONT)
    assert "but it has been silent for" in ended.stderr and "no head" not in ended.stderr, ended


def test_an_agent_tells_a_head_that_is_stopped_from_one_that_is_away(cluster: Cluster) -> None:
    head = cluster.start_head()
    head.send_signal(signal.SIGSTOP)
    agent = cluster.spawn_agent("early")
    eventually(lambda: "it is stopped or busy" in agent.stderr(), "the agent says what it sees")
    assert "no head answers" not in agent.stderr()
    head.send_signal(signal.SIGCONT)
    eventually(lambda: "the head knows this agent" in agent.stderr(), "it is let in")


def test_submit_to_a_head_that_does_not_run(serving: Cluster, unused_port: int) -> None:
    head = f"tcp://127.0.0.1:{unused_port}"
    outcome = serving.run("pq-submit", "--range", "0:1e6", "--head", head, "--timeout", "300ms")
    assert (outcome.status, outcome.stdout) == (4, "")
    echo, error = outcome.stderr.splitlines()
    assert echo == "0:1 000 000, 1 000 000 integers"
    assert error.startswith(f"pq-submit: no head answers at {head};")


def test_head_whose_key_is_another(cluster: Cluster) -> None:
    cluster.start_head()
    (cluster.state_dir / "head.public").write_text(zmq.curve_keypair()[0].decode() + "\n")
    outcome = cluster.run("pq-status", "--timeout", "1s")
    expect_refusal(outcome, "pq-status", 4, "is not the head that this key file belongs to; pass the --key")


def test_something_else_listens_there(serving: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        head = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        outcome = serving.run("pq-status", "--head", head, "--timeout", "1s")
    expect_refusal(outcome, "pq-status", 4, head)


def test_key_file_that_is_none(serving: Cluster) -> None:
    path = serving.root / "no.key"
    path.touch(mode=0o600)
    for text, fragment in (("", "is no key file"), ("pq1_00", "is damaged; copy all of what pq-key printed")):
        path.write_text(text)
        outcome = serving.run("pq-status", "--key", str(path), "--timeout", "300ms")
        expect_refusal(outcome, "pq-status", 4, fragment)
    outcome = serving.run("pq-status", "--key", "/nonexistent")
    expect_refusal(outcome, "pq-status", 4, "cannot read /nonexistent", "check the path")


def test_key_file_that_others_can_read(serving: Cluster) -> None:
    path = serving.root / "open.key"
    path.write_text((serving.state_dir / "keys" / "operator.key").read_text())
    path.chmod(0o644)
    outcome = serving.run("pq-status", "--key", str(path), "--timeout", "300ms")
    expect_refusal(outcome, "pq-status", 4, str(path), "chmod 600")


# ---------------------------------------------------------------- addresses that cannot be listened at

NO_ADDRESSES = {
    "another machine's": ("192.0.2.1:0", "no interface of this machine has that address"),
    "another machine's, IPv6": ("[2001:db8::1]:0", ""),
    "a name that nobody knows": ("nowhere.invalid:80", ""),
    "a number too large for an address": ("256.0.0.1:80", ""),
}


@pytest.mark.parametrize("case", NO_ADDRESSES)
def test_head_refuses_an_address_that_it_cannot_have(cluster: Cluster, case: str) -> None:
    address, reason = NO_ADDRESSES[case]
    outcome = cluster.run("pqd", "--listen", "tcp://127.0.0.1:*", "--http", address)
    expect_refusal(outcome, "pqd", 1, f"cannot listen at {address} for HTTP: {reason}", "or --http none")
    endpoint = f"tcp://{address}"
    outcome = cluster.run("pqd", "--listen", endpoint, "--http", "none")
    expect_refusal(outcome, "pqd", 1, f"cannot bind {endpoint}: {reason}", "pass --listen")


@pytest.mark.parametrize("port", ["65536", "-1", "x", ""])
def test_head_refuses_a_port_that_is_none(cluster: Cluster, port: str) -> None:
    outcome = cluster.run("pqd", "--listen", "tcp://127.0.0.1:*", "--http", f"127.0.0.1:{port}")
    expect_refusal(outcome, "pqd", 2, f'"127.0.0.1:{port}" is no HOST:PORT')
    outcome = cluster.run("pqd", "--listen", f"tcp://127.0.0.1:{port}", "--http", "none")
    expect_refusal(outcome, "pqd", 2, f"tcp://127.0.0.1:{port}", "write tcp://ADDRESS:PORT")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize("flag", ["--http", "--listen"])
def test_head_refuses_a_port_that_its_user_may_not_have(cluster: Cluster, directory: Path, flag: str) -> None:
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 80:
        pytest.skip("every user may have every port here")
    directory.chmod(0o777)
    others = ("--listen", "tcp://127.0.0.1:*") if flag == "--http" else ("--http", "none")
    address = "127.0.0.1:80" if flag == "--http" else "tcp://127.0.0.1:80"
    words = ("pqd", "--state-dir", str(directory / "state"), *others, flag, address)
    ended = Program("nobody", words, directory, cluster.environment, user=65534).ends()
    expect_refusal(ended, "pqd", 1, address, "this user has no right to that port")


@pytest.mark.parametrize("program", ["pqd", "pq-agent", "pq-status"])
def test_program_without_descriptors_says_so(serving: Cluster, program: str) -> None:
    words = {
        "pqd": ("--http", "127.0.0.1:0", "--listen", "tcp://127.0.0.1:*", "--state-dir", str(serving.root / "full")),
        "pq-agent": ("--state-dir", str(serving.state_dir)),
        "pq-status": ("--state-dir", str(serving.state_dir)),
    }[program]
    for descriptors in range(8, 34, 2):
        script = f'ulimit -n {descriptors}; exec "$0" "$@"'
        ended = subprocess.run(
            ["sh", "-c", script, str(BINARIES / program), *words], capture_output=True, text=True, timeout=PATIENCE_S
        )
        assert ended.returncode in (1, 4), (descriptors, ended)
        assert "open files" in ended.stderr or "ulimit -n" in ended.stderr, (descriptors, ended)
        assert "invariant" not in ended.stderr, (descriptors, ended)


# ---------------------------------------------------------------- what every program answers


@pytest.mark.parametrize("program", ALL_PROGRAMS)
def test_program_tells_about_itself(cluster: Cluster, program: str) -> None:
    for flag in ("--help", "-h"):
        told = cluster.run(program, flag, state_dir=False)
        assert (told.status, told.stderr) == (0, "") and program in told.stdout
        assert program == "pq" or "Exit status:" in told.stdout
    version = cluster.run(program, "--version", state_dir=False)
    assert (version.status, version.stderr) == (0, "")
    assert version.stdout.startswith(f"{program} ") and version.stdout.count("\n") == 1
    assert not cluster.state_dir.exists(), "a question changes nothing"


def test_command_is_also_a_word_after_pq(serving: Cluster) -> None:
    assert serving.run("pq", "status", "--state-dir", str(serving.state_dir), state_dir=False).status == 0
