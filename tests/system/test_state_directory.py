"""State directories, databases and ports that a head refuses; it leaves what it finds there as it was."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
from pathlib import Path

import pytest

from cluster import Cluster
from mount import tmpfs
from program import Outcome, Program
from refusal import expect_refusal

NOBODY = 65534
ANY_PORT = "tcp://127.0.0.1:*"


def refused_head(cluster: Cluster, state_dir: Path, *flags: str) -> Outcome:
    """A head that must not start."""
    where = ("--state-dir", str(state_dir), "--listen", ANY_PORT)
    return cluster.run("pqd", *where, *flags, state_dir=False)


@pytest.fixture
def stopped(cluster: Cluster) -> Cluster:
    """With a job in its database, and no head."""
    cluster.start_head()
    cluster.submit("0:100")
    assert cluster.head.terminate().status == 0
    return cluster


# ---------------------------------------------------------------- the directory


def test_directory_of_somebody_else(cluster: Cluster, directory: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    theirs = directory / "theirs"
    theirs.mkdir()
    os.chown(theirs, NOBODY, NOBODY)
    outcome = refused_head(cluster, theirs)
    expect_refusal(outcome, "pqd", 1, f"belongs to user {NOBODY} and this is user 0", "run pqd as its owner")
    assert list(theirs.iterdir()) == []


def test_directory_that_may_not_be_written(cluster: Cluster, directory: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can start a head as another user")
    closed = directory / "closed"
    closed.mkdir(mode=0o500)
    os.chown(closed, NOBODY, NOBODY)
    outcome = head_of_nobody(directory, closed)
    expect_refusal(outcome, "pqd", 1, f"cannot write in the state directory {closed}", "make it writable")


def test_directory_that_may_not_be_made(cluster: Cluster, directory: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can start a head as another user")
    outcome = head_of_nobody(directory, directory / "new")
    expect_refusal(outcome, "pqd", 1, "cannot create the state directory", "that this user may create")


def head_of_nobody(directory: Path, state_dir: Path) -> Outcome:
    command = ("pqd", "--state-dir", str(state_dir), "--listen", ANY_PORT)
    return Program("pqd", command, directory, {"HOME": str(directory)}, user=NOBODY).ends()


def test_directory_of_a_read_only_file_system(cluster: Cluster, directory: Path) -> None:
    with tmpfs(directory, "ro,size=1m,mode=700"):
        outcome = refused_head(cluster, directory)
    expect_refusal(outcome, "pqd", 1, str(directory), "Read-only file system", "pass another --state-dir")


def test_file_in_the_place_of_the_directory(cluster: Cluster, directory: Path) -> None:
    file = directory / "file"
    file.write_text("mine")
    outcome = refused_head(cluster, file)
    expect_refusal(outcome, "pqd", 1, f"{file} is not a directory; pass another --state-dir")
    outcome = refused_head(cluster, file / "below")
    expect_refusal(outcome, "pqd", 1, str(file), "that this user may create")
    assert file.read_text() == "mine"


def test_directory_that_another_head_uses(cluster: Cluster) -> None:
    cluster.start_head()
    outcome = refused_head(cluster, cluster.state_dir)
    expect_refusal(outcome, "pqd", 1, "is in use by another pqd; stop that one or pass another --state-dir")
    assert cluster.submit("0:100") == 1, "the first one serves on"


def test_keys_are_for_their_owner_alone(cluster: Cluster) -> None:
    cluster.start_head()
    secret = [*(cluster.state_dir / "keys").iterdir(), cluster.state_dir / "authorized_keys"]
    assert len(secret) == 4
    for path in [*secret, cluster.state_dir]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_directory_that_others_may_enter(stopped: Cluster) -> None:
    stopped.state_dir.chmod(0o750)
    outcome = refused_head(stopped, stopped.state_dir)
    expect_refusal(outcome, "pqd", 1, "other users may enter it (mode 0750)", f"run: chmod 700 {stopped.state_dir}")
    stopped.state_dir.chmod(0o700)
    stopped.start_head()


def test_files_of_all_programs_are_for_their_owner_alone_but_those_of_runs_as_their_user_wants(
    cluster: Cluster,
) -> None:
    before = os.umask(0o022)
    try:
        cluster.start_head()
        agent = cluster.start_agent("worker", "--allow-exec", "--work-dir", str(cluster.root / "work"))
    finally:
        os.umask(before)
    assert cluster.run("pq-backup", "--name", "one").status == 0
    made = [path for path in cluster.state_dir.rglob("*") if not path.is_symlink()]
    assert {"pq.db", "pq.db-wal", "one.db", "head.public", "head.endpoint", "pqd.lock"} <= {path.name for path in made}
    for path in made:
        assert path.stat().st_mode & 0o077 == 0, path
    told = cluster.run("pq-submit", "--wait", "--range", "0:1", "--", "sh", "-c", "echo $(($(umask) + 0))")
    assert told.stdout.strip() == "18", f"022 in octal, and not 077: {told}"
    assert agent.is_running()


# ---------------------------------------------------------------- the port


def test_port_that_is_taken(cluster: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        outcome = refused_head(cluster, cluster.state_dir, "--listen", endpoint)
    advice = "in use; stop the other daemon or pass --listen"
    expect_refusal(outcome, "pqd", 1, f"cannot bind {endpoint}: {advice}")


@pytest.mark.parametrize("endpoint", ["here", "tcp://127.0.0.1", "tcp://127.0.0.1:99999", "ipc:///tmp/pq"])
def test_address_that_is_none(cluster: Cluster, endpoint: str) -> None:
    outcome = refused_head(cluster, cluster.state_dir, "--listen", endpoint)
    expect_refusal(outcome, "pqd", 2, endpoint, "write tcp://ADDRESS:PORT")


def test_address_of_another_machine(cluster: Cluster) -> None:
    outcome = refused_head(cluster, cluster.state_dir, "--listen", "tcp://192.0.2.1:7700")
    expect_refusal(outcome, "pqd", 1, "cannot bind tcp://192.0.2.1:7700", "with an address of this machine")


# ---------------------------------------------------------------- the database


def expect_left_alone(cluster: Cluster, *fragments: str) -> None:
    """The head does not start, and the file is as it was."""
    database = cluster.state_dir / "pq.db"
    before = database.read_bytes()
    expect_refusal(refused_head(cluster, cluster.state_dir), "pqd", 1, str(database), *fragments)
    assert database.read_bytes() == before


def execute(cluster: Cluster, sql: str) -> None:
    with sqlite3.connect(cluster.state_dir / "pq.db") as database:
        database.executescript(sql)
    database.close()


def test_database_of_a_newer_version(stopped: Cluster) -> None:
    execute(stopped, "PRAGMA user_version = 999")
    expect_left_alone(stopped, "has schema version 999", "install the pq that wrote it, or a newer one")


def test_database_of_another_program(stopped: Cluster) -> None:
    execute(stopped, "PRAGMA application_id = 42")
    expect_left_alone(stopped, "is the database of another program", "pass another --state-dir")


def test_file_that_is_no_database(stopped: Cluster) -> None:
    (stopped.state_dir / "pq.db").write_bytes(b"these are not the rows that you are looking for\n" * 100)
    expect_left_alone(stopped, "is not a database of pq", "restore a backup")


@pytest.mark.parametrize("damage", ["a page overwritten", "the end missing"])
def test_database_that_is_damaged(stopped: Cluster, damage: str) -> None:
    database = stopped.state_dir / "pq.db"
    content = bytearray(database.read_bytes())
    if damage == "the end missing":
        del content[len(content) // 2 :]
    else:
        content[4096:8192] = os.urandom(4096)
    database.write_bytes(content)
    expect_left_alone(stopped, "is damaged", "restore a backup of it, or move it away")


def test_database_whose_spans_do_not_cover_the_range(stopped: Cluster) -> None:
    execute(stopped, "UPDATE spans SET end = 50")
    outcome = refused_head(stopped, stopped.state_dir)
    expect_refusal(outcome, "pqd", 1, "tiling", "restore a backup")


def test_database_whose_words_are_unknown(stopped: Cluster) -> None:
    execute(stopped, "UPDATE jobs SET kernel = 'octuplets'")
    expect_left_alone(stopped, "is damaged", "column kernel has an unknown word", "restore a backup")


def test_head_key_that_is_damaged(stopped: Cluster) -> None:
    (stopped.state_dir / "keys" / "head.key").write_text("public nothing\n")
    outcome = refused_head(stopped, stopped.state_dir)
    expect_refusal(outcome, "pqd", 1, "head.key is no key file", "make one with pq-key new")


def test_keys_without_a_database_are_a_queue_that_was_lost(stopped: Cluster) -> None:
    database = stopped.state_dir / "pq.db"
    database.rename(database.with_suffix(".away"))
    outcome = refused_head(stopped, stopped.state_dir)
    expect_refusal(outcome, "pqd", 1, "head.key is there, but no database", str(database), "--new-queue")
    assert not database.exists()
    stopped.start_head("--new-queue")
    assert stopped.ask("pq-status")["jobs"] == []


@pytest.mark.parametrize("name", ["pq.db", "pq.db-wal"])
@pytest.mark.parametrize("how", ["removed", "replaced by another file"])
def test_database_that_is_taken_away_from_a_head(cluster: Cluster, name: str, how: str) -> None:
    head = cluster.start_head()
    cluster.submit("0:100")
    file = cluster.state_dir / name
    content = file.read_bytes()
    file.rename(cluster.root / "away")
    if how != "removed":
        file.write_bytes(content)
    ended = head.ends()
    assert ended.status == 75
    assert f"{file} was {how} while pqd used it" in ended.stderr
    assert not file.exists() if how == "removed" else file.read_bytes() == content


def test_what_sqlite_says_is_in_the_log(cluster: Cluster) -> None:
    cluster.start_head()
    cluster.submit("0:100")
    cluster.restart_head()
    assert re.search(r"info: SQLite: recovered \d+ frames from WAL file", cluster.head.stderr())


# ---------------------------------------------------------------- and none of these


def test_head_goes_on_after_all_of_this(stopped: Cluster) -> None:
    stopped.start_head()
    assert [job["id"] for job in stopped.ask("pq-status")["jobs"]] == [1]
