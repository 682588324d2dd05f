"""What runs do to the files that were sent along, as root and as another user.

Nobody else sees it, and totals are right.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import Cluster
from program import Program

NOBODY = 65534
PLACE_OF_NOBODY = Path("/tmp") / f"pq-nobody-{os.getpid()}"  # pytest's own directories are of its user


@pytest.fixture(scope="module", params=["same", "nobody"])
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A head and an agent with two slots, which is of this user or of nobody."""
    root = tmp_path_factory.mktemp("own-files")
    cluster = Cluster(root)
    try:
        cluster.start_head("--beat", "200ms")
        if request.param == "same":
            cluster.start_agent("runner", "--allow-exec", slots=2)
        else:
            if os.geteuid() != 0:
                pytest.skip("only root can start an agent of another user")
            start_as_nobody(cluster)
        yield cluster
    finally:
        cluster.close()
        shutil.rmtree(PLACE_OF_NOBODY, ignore_errors=True)


def start_as_nobody(cluster: Cluster) -> None:
    place = PLACE_OF_NOBODY
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(cluster.state_dir, place / "state", ignore=shutil.ignore_patterns("pq.db*", "backup*"))
    for path in (place, *place.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    command = ["pq-agent", "--state-dir", str(place / "state"), "--work-dir", str(place / "work"), "--name", "nobody"]
    agent = Program("nobody", [*command, "--head", cluster.endpoint, "--slots", "2", "--allow-exec"],
                    cluster.root, cluster.environment | {"HOME": str(place)}, user=NOBODY)  # fmt: skip
    cluster.programs.append(agent)


def total(cluster: Cluster, *words: str) -> str:
    outcome = cluster.run("pq-submit", "--wait", *words, within=120)
    assert outcome.status == 0, outcome
    return outcome.stdout.strip()


def sent(cluster: Cluster, name: str, text: str) -> str:
    (cluster.root / name).write_text(text)
    return str(cluster.root / name)


def test_a_job_that_writes_to_its_input_changes_no_other_job(runs: Cluster) -> None:
    data = sent(runs, "data.csv", "1\n2\n3\n")
    adds = (
        "--range",
        "0:4",
        "--step",
        "1",
        "--file",
        data,
        "--",
        "sh",
        "-c",
        "s=0; for i in $(cat data.csv); do s=$((s+i)); done; echo $s",
    )
    assert total(runs, *adds) == "24"
    for attack in (
        "chmod u+w data.csv; echo 1000 >>data.csv",
        "rm data.csv; echo 1000 >data.csv",
        "echo 1000 | dd of=data.csv status=none",
        "sed -i s/1/1000/ data.csv",
        "ln data.csv x; echo 1000 >x",
    ):
        assert (
            total(runs, "--range", "0:4", "--step", "1", "--file", data, "--", "sh", "-c", f"{attack}; echo 0") == "0"
        )
        assert total(runs, *adds) == "24", attack


def test_each_run_finds_its_input_as_it_was_sent(runs: Cluster) -> None:
    data = sent(runs, "data.txt", "line1\nline2\n")
    words = ("--file", data, "--", "sh", "-c")
    assert total(runs, "--range", "0:4", "--step", "1", *words, "echo more >> data.txt; wc -l < data.txt") == "12"
    assert total(runs, "--range", "0:1", *words, "wc -l < data.txt") == "2"


def test_a_program_that_writes_beside_its_inputs_is_right(runs: Cluster) -> None:
    folder = runs.root / "sim"
    folder.mkdir()
    script = folder / "run.sh"
    script.write_text(
        "#!/bin/sh\necho $1 > input.par; sleep 0.05\n"
        "echo $(( $(cat input.par) * 10 )) > result.dat; sleep 0.05\ncat result.dat\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    assert (
        total(
            runs, "--range", "0:10", "--step", "1", "--file", str(folder), "--", "sh", "-c", "cd sim && ./run.sh {lo}"
        )
        == "450"
    )


def test_a_sent_directory_is_each_runs_own(runs: Cluster) -> None:
    folder = runs.root / "params"
    folder.mkdir()
    (folder / "a").touch()
    assert (
        total(
            runs,
            "--range",
            "0:6",
            "--step",
            "1",
            "--file",
            str(folder),
            "--",
            "sh",
            "-c",
            "ls params | wc -l; touch params/x$PQ_LO",
        )
        == "6"
    )


def test_a_database_that_was_sent_along(runs: Cluster) -> None:
    path = runs.root / "rows.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (n)")
        database.executemany("INSERT INTO t VALUES (?)", [(1,), (2,), (3,)])
    program = (
        "import sqlite3; c = sqlite3.connect('rows.db'); c.execute('INSERT INTO t VALUES (9)'); c.commit(); "
        "print(*c.execute('SELECT count(*) FROM t').fetchone())"
    )
    assert total(runs, "--range", "0:6", "--step", "1", "--file", str(path), "--", "python3", "-c", program) == "24"


def test_what_is_shared_is_right_whoever_writes_to_it(runs: Cluster) -> None:
    large = sent(runs, "large.txt", "x\n" * 1_000_000)
    words = ("--range", "0:4", "--step", "1", "--file", large, "--", "sh", "-c")
    assert total(runs, *words, "chmod u+w large.txt; echo more >> large.txt; wc -l < large.txt") == "4000004"
    assert total(runs, *words, "wc -l < large.txt") == "4000000"


STRAY = """import sys, time
n = 0
for line in sys.stdin:
    lo, hi = map(int, line.split())
    n += 1
    print(hi - lo, flush=True)
    if n % 50 == 0:
        time.sleep(float(sys.argv[1]) / 1000)
        print(1000, flush=True)
"""


@pytest.mark.parametrize("pause_ms", ["0", "0.3", "2"])
def test_a_line_too_many_is_never_added(runs: Cluster, pause_ms: str) -> None:
    stray = sent(runs, "stray.py", STRAY)
    outcome = runs.run("pq-submit", "--wait", "--range", "0:500", "--stream", "--step", "1", "--file", stray,
                       "--", "python3", "stray.py", pause_ms, within=120)  # fmt: skip
    assert (outcome.status, outcome.stdout.strip()) == (0, "500") or outcome.status == 1, outcome
    if outcome.status == 1:
        assert "without being asked" in outcome.stderr, outcome


def test_a_stream_keeps_its_directory(runs: Cluster) -> None:
    script = sent(runs, "s.sh", "while read lo hi; do echo $lo >> note.txt || exit 3; echo 1; done\n")
    assert (
        total(
            runs, "--range", "0:6", "--step", "1", "--stream", "--attempts", "1", "--file", script, "--", "sh", "s.sh"
        )
        == "6"
    )


def test_what_outlives_its_run_changes_nothing_that_later_runs_read(runs: Cluster) -> None:
    """It hides from the agent: of a session of its own, without the agent's mark, orphaned at once."""
    small = sent(runs, "small.txt", "1\n")
    stray = 'for i in $(seq 200); do cd "$0" 2>/dev/null; [ -e small.txt ] && echo 1000 > small.txt; sleep 0.05; done'
    leaves_one = (
        f"(env -i PATH=/usr/bin:/bin setsid sh -c '{stray}' \"$PWD\" </dev/null >/dev/null 2>&1 &); sleep 0.1; echo 0"
    )
    # The directory that it stands in is made for it by name as well: for as long as it lives it looks for that.
    total(runs, "--range", "0:6", "--step", "1", "--file", small, "--", "sh", "-c", leaves_one)
    reads = "a=$(cat small.txt); sleep 0.02; echo $a"
    assert total(runs, "--range", "0:80", "--step", "1", "--file", small, "--", "sh", "-c", reads) == "80"
