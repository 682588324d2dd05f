"""Any program over a range, with real processes: values, folds, files, lists, failures, logs, bad behaviour."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import SHORT_TERM, Cluster, Json
from program import Outcome
from waiting import PATIENCE_S, eventually

SUM_OF_A_RANGE = "echo $(( (PQ_HI - PQ_LO) * (PQ_LO + PQ_HI - 1) / 2 ))"  # the sum of the integers in it


def sum_of(begin: int, end: int) -> int:
    return (end - begin) * (begin + end - 1) // 2


def script(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def submit(cluster: Cluster, *words: str, within: float = PATIENCE_S) -> Outcome:
    return cluster.run("pq-submit", *words, within=within)


def submitted(cluster: Cluster, *words: str) -> int:
    outcome = submit(cluster, *words)
    assert outcome.status == 0, outcome
    return int(outcome.stdout)


def total(cluster: Cluster, *words: str) -> str:
    outcome = submit(cluster, "--wait", *words)
    assert outcome.status == 0, outcome
    return outcome.stdout.strip()


def ends(cluster: Cluster, *words: str) -> Json:
    return cluster.wait(submitted(cluster, *words))


def logs(cluster: Cluster, job: int, *flags: str) -> str:
    outcome = cluster.run("pq-logs", str(job), *flags)
    assert outcome.status == 0, outcome
    return outcome.stdout


def processes_with(mark: str) -> list[int]:
    """All that have this text in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if mark.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            pass
    return found


@pytest.fixture(scope="module")
def runs(shared_cluster: Cluster) -> Iterator[Cluster]:
    """A head and an agent with two slots that may run programs, for all tests that end no process."""
    shared_cluster.start_head("--beat", "200ms")
    shared_cluster.start_agent("runner", "--allow-exec", slots=2)
    yield shared_cluster


# ---------------------------------------------------------------- values and folds


@pytest.mark.parametrize("flags", [(), ("--step", "7"), ("--step", "1"), ("--step", "1e9")])
def test_a_shell_command_adds_up_a_range(runs: Cluster, flags: tuple[str, ...]) -> None:
    job = submitted(runs, "--range", "5:305", *flags, "--", "sh", "-c", SUM_OF_A_RANGE)
    report = runs.wait(job)
    assert (report["state"], report["value"]) == ("done", str(sum_of(5, 305)))
    assert (report["kernel"], report["attempts_failed"], report["value_is_final"]) == ("exec", 0, True)
    runs.verify(job)


def test_runs_of_a_fixed_width_begin_at_multiples_of_it(runs: Cluster) -> None:
    job = submitted(runs, "--range", "5:100", "--step", "10", "--collect", "--fold", "none", "--", "echo", "{lo}:{hi}")
    assert runs.wait(job)["state"] == "done"
    expected = [f"{lo}:{min(lo + 10, 100)}" for lo in range(5, 100, 10)]
    assert runs.run("pq-output", str(job)).stdout.split() == expected


@pytest.mark.parametrize("fold, value", [("sum", "45"), ("min", "0"), ("max", "9")])
def test_folds(runs: Cluster, fold: str, value: str) -> None:
    assert total(runs, "--range", "0:10", "--step", "1", "--fold", fold, "--", "echo", "{lo}") == value


def test_a_total_of_more_than_64_bits_is_exact_and_one_of_more_than_128_is_an_error(runs: Cluster) -> None:
    big = 2**126
    assert total(runs, "--range", "0:1", "--", "echo", str(big)) == str(big)
    report = ends(runs, "--range", "0:4", "--step", "1", "--", "echo", str(big))
    assert report["state"] == "failed" and "does not fit" in report["error"]
    assert report["failed"] == "0", "no integer is to blame"


def test_doubles(runs: Cluster) -> None:
    assert float(total(runs, "--range", "0:8", "--step", "1", "--", "echo", "0.5")) == 4.0
    assert total(runs, "--range", "0:4", "--step", "2", "--fold", "max", "--", "echo", "1e300") == "1e+300"


def test_only_the_last_line_is_the_value_and_the_rest_is_the_log(runs: Cluster) -> None:
    job = submitted(runs, "--range", "3:4", "--", "sh", "-c", "echo hello; echo careful >&2; echo 42")
    assert runs.wait(job)["value"] == "42"
    said = logs(runs, job)
    assert "hello" in said and "careful" in said and "42" not in said.split()


def test_what_a_program_is_told(runs: Cluster) -> None:
    told = (
        "echo $PQ_LO $PQ_HI $PQ_JOB $PQ_ATTEMPT $PQ_SLOT $FLAVOUR ${PQ_STATE_DIR-none}; test -n $PQ_LEASE; pwd; ls -A"
    )
    job = submitted(runs, "--range", "7:8", "--fold", "none", "--env", "FLAVOUR=a=b c", "--collect",
                    "--", "sh", "-c", told)
    assert runs.wait(job)["state"] == "done"
    first, place, *files = runs.run("pq-output", str(job)).stdout.splitlines()
    words = first.split()
    assert words[:4] == ["7", "8", str(job), "1"] and words[4] in ("0", "1") and words[5:] == ["a=b", "c", "none"]
    assert files == [] and Path(place) != Path.cwd()


# ---------------------------------------------------------------- files and lists


def test_a_script_of_the_current_directory_goes_along(runs: Cluster) -> None:
    program = script(runs.root, "sim", "#!/bin/sh\necho $(( $2 - $1 ))\n")
    here = os.getcwd()
    os.chdir(runs.root)
    try:
        assert total(runs, "--range", "0:1000", "--", "./sim", "{lo}", "{hi}") == "1000"
    finally:
        os.chdir(here)
    program.unlink()


def test_files_and_directories_travel_by_what_is_in_them(runs: Cluster) -> None:
    data = runs.root / "data"
    (data / "deep").mkdir(parents=True)
    (data / "deep" / "factor").write_text("3\n")
    script(runs.root, "times.sh", "#!/bin/sh\nread factor < data/deep/factor\necho $((factor * (PQ_HI - PQ_LO)))\n")
    words = ("--range", "0:100", "--file", str(runs.root / "times.sh"), "--file", str(data), "--", "./times.sh")
    assert total(runs, *words) == "300"
    (data / "deep" / "factor").write_text("5\n")
    assert total(runs, *words) == "500", "a changed file is another file"


def test_a_large_file_arrives_whole(runs: Cluster) -> None:
    large = runs.root / "large"
    large.write_bytes(os.urandom(5_000_000))
    words = (
        "--range",
        "0:1",
        "--file",
        str(large),
        "--",
        "sh",
        "-c",
        "sha256sum < large | tr -dc 0-9 | cut -c1-9; wc -c < large",
    )
    assert total(runs, *words) == "5000000"


def test_what_a_run_leaves_in_its_directory_is_gone_for_the_next(runs: Cluster) -> None:
    command = "test -z \"$(ls -A)\" || exit 9; mkdir -p deep/er; touch deep/er/left .hidden; echo 1"
    assert total(runs, "--range", "0:20", "--step", "1", "--", "sh", "-c", command) == "20"


def test_a_list_gives_one_item_to_each_run(runs: Cluster) -> None:
    items = runs.root / "items"
    items.write_text("3\n\n10\n-4")
    job = submitted(
        runs,
        "--each",
        str(items),
        "--collect",
        "--fold",
        "none",
        "--",
        "sh",
        "-c",
        'echo "[$1] $PQ_ITEM"',
        "sh",
        "{item}",
    )
    report = runs.wait(job)
    assert (report["state"], report["width"]) == ("done", "4")
    assert runs.run("pq-output", str(job)).stdout == "[3] 3\n[] \n[10] 10\n[-4] -4\n"


def test_items_are_words_whatever_is_in_them(runs: Cluster) -> None:
    strange = ["a b", "$(touch /tmp/pq-must-not-be)", "'\"\\", "π", "*"]
    items = runs.root / "strange"
    items.write_text("\n".join(strange) + "\n")
    job = submitted(runs, "--each", str(items), "--collect", "--fold", "none", "--", "printf", "%s\\n", "{item}")
    assert runs.wait(job)["state"] == "done"
    assert runs.run("pq-output", str(job)).stdout.splitlines() == strange


# ---------------------------------------------------------------- streams


STREAM = """#!/usr/bin/python3
import sys
for line in sys.stdin:
    lo, hi = map(int, line.split())
    print(f"asked for {lo}", file=sys.stderr)
    print((hi - lo) * (lo + hi - 1) // 2, flush=True)
"""


def test_a_stream_is_started_once_a_slot(runs: Cluster) -> None:
    program = script(
        runs.root, "stream.py", STREAM.replace("for line", f"open('{runs.root}/started', 'a').write('x')\nfor line", 1)
    )
    words = ("--stream", "--step", "10", "--range", "0:5000", "--file", str(program), "--", "./stream.py")
    assert total(runs, *words) == str(sum_of(0, 5000))
    assert 1 <= len((runs.root / "started").read_text()) <= 2


def test_a_stream_that_dies_is_started_again(runs: Cluster) -> None:
    dies = STREAM.replace("    print(f\"asked", "    if lo == 30 and not __import__('os').path.exists('MARK'):\n"
                          "        open('MARK', 'w').close(); sys.exit('tired')\n    print(f\"asked", 1)
    mark = runs.root / "has-died"
    program = script(runs.root, "dies.py", dies.replace("MARK", str(mark)))
    job = submitted(runs, "--stream", "--step", "10", "--range", "0:100", "--file", str(program), "--", "./dies.py")
    report = runs.wait(job)
    assert (report["state"], report["value"], report["attempts_failed"]) == ("done", str(sum_of(0, 100)), 1)
    assert "tired" in logs(runs, job, "--failed")


# ---------------------------------------------------------------- failures


def test_a_job_that_failed_prints_no_total_but_to_those_who_ask_for_a_part(runs: Cluster) -> None:
    program = ("--", "sh", "-c", "test $PQ_LO -ne 7 && echo $PQ_LO")
    words = ("--range", "0:20", "--step", "1", "--attempts", "1")
    part = str(sum_of(0, 20) - 7)
    told = f"no total, but a partial sum {part} of 19 of its 20 integers in 0:20"
    outcome = runs.run("pq-submit", *words, "--wait", *program)
    assert (outcome.status, outcome.stdout) == (1, "") and told in outcome.stderr
    outcome = runs.run("pq-submit", *words, "--wait", "--partial", *program)
    assert (outcome.status, outcome.stdout) == (1, f"{part}\n") and told in outcome.stderr
    job, done = submitted(runs, *words, *program), runs.submit("0:100")
    runs.wait(done)
    for flags, stdout, lines in (((), "", ""), (("--partial",), f"{part}\n", f"{job} {part}\n")):
        outcome = runs.run("pq-wait", str(job), *flags)
        assert (outcome.status, outcome.stdout) == (1, stdout) and told in outcome.stderr
        outcome = runs.run("pq-wait", f"{job},{done}", *flags)
        assert (outcome.status, outcome.stdout) == (1, f"{lines}{done} 25\n") and told in outcome.stderr
    report = json.loads(runs.run("pq-wait", str(job), "--json").stdout)
    assert (report["value"], report["value_is_final"]) == (part, False)


def test_a_poison_integer_is_found_and_the_rest_is_computed(runs: Cluster) -> None:
    command = "test $PQ_LO -le 137 -a $PQ_HI -gt 137 && { echo at 137 >&2; exit 3; }; " + SUM_OF_A_RANGE
    job = submitted(runs, "--range", "0:200", "--step", "50", "--", "sh", "-c", command)
    report = runs.wait(job)
    assert (report["state"], report["failed"], report["done"]) == ("failed", "1", "199")
    assert report["value"] == str(sum_of(0, 200) - 137) and not report["value_is_final"], "a part is no total"
    [span] = report["failed_spans"]
    assert (span["begin"], span["end"], span["attempts"]) == ("137", "138", 3)
    assert span["error"] == "exit status 3: at 137"
    assert "at 137" in logs(runs, job, "--failed") and "at 137" in logs(runs, job, "--span", "137")
    assert "at 137" not in logs(runs, job, "--span", "10")
    assert runs.run("pq-wait", str(job)).status == 1
    people = runs.run("pq-status", str(job)).stdout
    assert "exit status 3: at 137" in people


def test_failed_parts_have_another_chance(runs: Cluster) -> None:
    cure = runs.root / "cure"
    command = f"test $PQ_LO -ne 4 -o -e {cure} && echo 1"
    job = submitted(runs, "--range", "0:10", "--step", "1", "--", "sh", "-c", command)
    report = runs.wait(job)
    assert (report["state"], report["failed"], report["value"]) == ("failed", "1", "9")
    cure.touch()
    assert runs.run("pq-retry", str(job)).status == 0
    report = runs.wait(job)
    assert (report["state"], report["failed"], report["value"]) == ("done", "0", "10")
    runs.verify(job)
    again = runs.run("pq-retry", str(job))
    assert again.status == 1 and "no part of the job has failed" in again.stderr


@pytest.mark.parametrize("command, words", [
    (("no-such-command", "{lo}"), "no-such-command: command not found"),
    (("./no-such-file",), "./no-such-file: No such file or directory"),
    (("/etc/passwd",), "/etc/passwd: Permission denied"),
])
def test_a_wrong_command_soon_ends_its_job(runs: Cluster, command: tuple[str, ...], words: str) -> None:
    report = ends(runs, "--range", "0:1e9", "--", *command)
    assert report["state"] == "failed" and words in report["error"], report
    assert "nothing of it has succeeded" in report["error"]
    assert report["attempts_failed"] <= 9  # three times the attempts of an integer


def test_max_failures_and_attempts(runs: Cluster) -> None:
    # One run at a time takes both slots of the agent: on one each, another failure may come in the same turn.
    report = ends(runs, "--range", "0:1e6", "--cpus", "2", "--max-failures", "7", "--", "false")
    assert (report["state"], report["attempts_failed"]) == ("failed", 8)
    report = ends(runs, "--range", "0:2", "--step", "1", "--attempts", "5", "--", "false")
    assert (report["state"], report["failed"], report["attempts_failed"]) == ("failed", "2", 10)


AWKWARD = [
    ("no output", "true", "printed no value"),
    ("a value that is no number", "echo 12 monkeys", "12 monkeys"),
    ("a value beyond 128 bits", f"echo {2**127}", "128"),
    ("a value, and then failure", "echo 5; echo but >&2; exit 4", "exit status 4: but"),
    ("a signal", "kill -SEGV $$", "signal 11"),
    ("not UTF-8", "printf '\\377\\376' >&2; exit 1", "exit status 1"),
    ("a closed stdout", "exec >&-; exit 0", "printed no value"),
    ("infinity", "echo inf", "inf"),
]


@pytest.mark.parametrize("command, words", [row[1:] for row in AWKWARD], ids=[row[0] for row in AWKWARD])
def test_programs_that_fail_in_many_ways(runs: Cluster, command: str, words: str) -> None:
    report = ends(runs, "--range", "0:1", "--", "sh", "-c", command)
    assert (report["state"], report["failed"]) == ("failed", "1")
    assert words in report["error"], report["error"]


def test_megabytes_of_output_are_kept_in_part(runs: Cluster) -> None:
    command = "yes on-and-on | head -c 20000000 >&2; yes nonsense | head -c 20000000; echo; echo 7"
    job = submitted(runs, "--range", "0:1", "--", "sh", "-c", command)
    assert runs.wait(job)["value"] == "7"
    said = logs(runs, job)
    assert 10_000 < len(said) < 500_000 and "left out" in said


def test_a_run_that_takes_too_long_is_ended_even_if_it_ignores_sigterm(runs: Cluster) -> None:
    report = ends(runs, "--range", "0:1", "--timeout", "500ms", "--attempts", "1",
                  "--", "sh", "-c", "trap '' TERM; sleep 4711.5")
    assert report["state"] == "failed" and "timed out after 500ms" in report["error"], report["error"]
    assert processes_with("4711.5") == []


def test_a_run_that_takes_too_much_memory_is_ended(runs: Cluster) -> None:
    command = ("python3", "-c", "x = bytearray(400_000_000); print(len(x))")
    report = ends(runs, "--range", "0:1", "--memory", "100M", "--attempts", "1", "--", *command)
    assert report["state"] == "failed" and "MemoryError" in report["error"], report["error"]
    assert total(runs, "--range", "0:1", "--memory", "1G", "--", *command) == "400000000"


def test_children_that_are_left_behind_are_ended_and_nobody_waits_for_them(runs: Cluster) -> None:
    command = "sleep 4712.5 & (setsid sleep 4712.6 &) ; (sh -c 'sleep 4712.7 & sleep 4712.8') & echo 1"
    assert total(runs, "--range", "0:4", "--step", "1", "--", "sh", "-c", command) == "4"
    eventually(lambda: processes_with("4712.") == [], "all of them are gone")


def test_a_cancelled_job_ends_its_programs_at_once(runs: Cluster) -> None:
    job = submitted(runs, "--range", "0:100", "--step", "1", "--", "sh", "-c", "sleep 4713.5 & sleep 4713.5")
    eventually(lambda: len(processes_with("sleep 4713.5")) >= 2, "it runs")
    assert runs.run("pq-cancel", str(job)).status == 0
    eventually(lambda: processes_with("sleep 4713.5") == [], "it is ended")
    assert total(runs, "--range", "0:2", "--step", "1", "--", "echo", "1") == "2", "the slots are free again"


# ---------------------------------------------------------------- what is asked of agents


def test_a_job_that_nobody_may_run_says_so(runs: Cluster) -> None:
    job = submitted(runs, "--range", "0:10", "--require", "zone=nowhere", "--", "echo", "1")
    report = runs.job(job)
    assert report["state"] == "queued" and "no agent has zone=nowhere" in report["unplaced"]
    assert "zone=nowhere" in runs.run("pq-status", str(job)).stdout
    runs.run("pq-cancel", str(job))
    job = submitted(runs, "--range", "0:10", "--cpus", "3", "--", "echo", "1")
    assert "3 slots of one agent" in runs.job(job)["unplaced"]
    runs.run("pq-cancel", str(job))


def test_a_job_runs_where_its_labels_are(runs: Cluster) -> None:
    arch = runs.agents()["runner"]["labels"]["arch"]
    other = runs.start_agent("labelled", "--allow-exec", "--label", "disk=fast", "--label", "zone=z1")
    job = submitted(runs, "--range", "0:5", "--step", "1", "--require", "disk=fast", "--require", f"arch={arch}",
                    "--", "sh", "-c", "echo here >&2; echo 1")
    assert runs.wait(job)["value"] == "5"
    entries = [json.loads(line) for line in logs(runs, job, "--json").splitlines()]
    assert {entry["agent"] for entry in entries} == {"labelled"}
    other.terminate()


def test_a_step_holds_as_many_slots_as_it_asks_for(runs: Cluster) -> None:
    mark = runs.root / "alone"
    alone = f"mkdir {mark} || exit 9; sleep 0.05; rmdir {mark}; echo 1"
    assert total(runs, "--range", "0:20", "--step", "1", "--cpus", "2", "--", "sh", "-c", alone) == "20"


def test_an_agent_runs_no_programs_unless_it_may(cluster: Cluster) -> None:
    cluster.start_head()
    cluster.start_agent("plain")
    job = submitted(cluster, "--range", "0:10", "--", "echo", "1")
    assert "--allow-exec" in cluster.job(job)["unplaced"]
    assert cluster.run("pq-submit", "--range", "1e7:6e7", "--wait").stdout == "2897536\n"


# ---------------------------------------------------------------- machines that die


def test_what_was_readable_before_an_agent_died_is_afterwards(cluster: Cluster) -> None:
    cluster.start_head(*SHORT_TERM)
    victim = cluster.start_agent("victim", "--allow-exec")
    job = submitted(cluster, "--range", "0:1", "--", "sh", "-c", "echo last words >&2; sleep 4714.5")
    eventually(lambda: "last words" in logs(cluster, job), "it is at the head while the program still runs")
    victim.kill()
    eventually(lambda: processes_with("sleep 4714.5") == [], "nothing is left behind")
    assert "last words" in logs(cluster, job)


def test_nothing_is_left_behind_when_an_agent_dies(cluster: Cluster) -> None:
    cluster.start_head(*SHORT_TERM)
    victim = cluster.start_agent("victim", "--allow-exec", slots=2)
    submitted(cluster, "--range", "0:10", "--step", "1", "--", "sh", "-c",
              "sleep 4715.5 & (setsid sleep 4715.6 &) ; sh -c 'sleep 4715.7; true'; true")
    for number in "567":
        eventually(lambda: processes_with(f"4715.{number}") != [], "it runs")
    victim.kill()
    eventually(lambda: processes_with("4715.") == [], "they end with it")


def test_not_even_what_hides_from_its_agent_is_left_behind(cluster: Cluster) -> None:
    """In a session of its own, without a mark in its environment: only a control group still has it."""
    if not any((place / "cgroup.procs").exists() and os.access(place, os.W_OK)
               for place in (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))):
        pytest.skip("no control groups (cgroup v2) may be made here")
    cluster.start_head(*SHORT_TERM)
    victim = cluster.start_agent("victim", "--allow-exec")
    submitted(
        cluster, "--range", "0:10", "--step", "1", "--", "sh", "-c", "(setsid env -i /bin/sleep 4716.5 &); sleep 4716.6"
    )
    for number in "56":
        eventually(lambda: processes_with(f"4716.{number}") != [], "it runs")
    victim.kill()
    eventually(lambda: processes_with("4716.") == [], "they end with it")


def test_a_killed_agent_is_no_failure_and_the_total_is_exact(cluster: Cluster) -> None:
    cluster.start_head(*SHORT_TERM)
    agents = [cluster.start_agent(f"agent-{n}", "--allow-exec", slots=2) for n in range(2)]
    job = submitted(
        cluster, "--range", "0:400", "--step", "1", "--collect", "--", "sh", "-c", "sleep 0.02; echo $PQ_LO"
    )
    for turn in range(4):
        cluster.progress(job, beyond=turn * 50, within=90)  # a restarted head waits 30 s for whoever is gone
        agents[turn % 2].kill()
        agents[turn % 2] = cluster.start_agent(f"agent-{turn + 2}", "--allow-exec", slots=2)
        if turn == 2:
            cluster.restart_head(*SHORT_TERM)
    report = cluster.wait(job)
    assert (report["state"], report["value"], report["attempts_failed"]) == ("done", str(sum_of(0, 400)), 0)
    assert cluster.run("pq-output", str(job)).stdout.split() == [str(n) for n in range(400)], "each output once"
    cluster.verify(job)


def test_a_drained_agent_finishes_its_run_and_nothing_is_computed_twice(cluster: Cluster) -> None:
    cluster.start_head("--beat", "100ms")
    leaver = cluster.start_agent("leaver", "--allow-exec", slots=2)
    ran = cluster.root / "ran"
    job = submitted(
        cluster, "--range", "0:60", "--step", "1", "--", "sh", "-c", f"sleep 0.1; echo $PQ_LO >> {ran}; echo 1"
    )
    cluster.progress(job, beyond=5)
    assert leaver.terminate().status == 0
    cluster.start_agent("heir", "--allow-exec", slots=2)
    assert cluster.wait(job)["value"] == "60"
    assert sorted(map(int, ran.read_text().split())) == list(range(60))


def test_an_agent_on_which_everything_fails_is_put_into_quarantine(cluster: Cluster) -> None:
    cluster.start_head("--beat", "100ms")
    everything = cluster.environment["PATH"]
    cluster.environment["PATH"] = str(cluster.root)  # a machine on which nothing is installed
    cluster.start_agent("bare", "--allow-exec")
    cluster.environment["PATH"] = everything
    cluster.start_agent("good", "--allow-exec")
    job = submitted(cluster, "--range", "0:300", "--step", "1", "--fold", "none", "--max-failures", "20",
                    "--", "sleep", "0.02")
    report = cluster.wait(job)
    assert (report["state"], report["failed"]) == ("done", "0"), report
    assert 1 <= report["attempts_failed"] <= 5  # what cannot even be started there needs no more
    assert cluster.agents()["bare"]["state"] == "quarantined"
    assert "quarantined" in cluster.run("pq-agents").stdout
    assert "sleep: command not found" in logs(cluster, job, "--failed")
