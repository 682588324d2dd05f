"""pq-verify --offline: proofs from a database file, and what it says of one in which something does not hold."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from backups import back_up, expect_sound, restore, verify_offline
from cluster import QUICK_BEATS, Cluster
from peer import HandAgent
from program import BINARIES, Outcome
from refusal import expect_refusal


@pytest.fixture
def backup(cluster: Cluster) -> Path:
    """Of a job that runs in two leases, and of one that waits. The head goes on."""
    cluster.start_head(*QUICK_BEATS)
    agent = HandAgent(cluster.speaker(cluster.key("agent")), name="vm-1", slots=2)
    cluster.peer().submit(0, 10**15)
    first, _ = agent.beat_until_it_holds(2)
    first.commit(400, 78)
    agent.beat()
    cluster.peer().submit(0, 100)
    return back_up(cluster)


def test_one_job_or_all_as_text_and_as_json(cluster: Cluster, backup: Path) -> None:
    one = verify_offline(cluster, backup, "1")
    assert one.status == 0 and one.stderr == f"{backup}, job 1: all of 12 promises hold\n"
    for fragment in (
        "tiling: ",
        "2 live leases, each with one span",
        "400 integers done",
        "fold to 78",
        "vm-1 holds 2",
    ):
        assert fragment in one.stdout, one
    assert "job 2: the job is queued: 0 integers done" in expect_sound(cluster, backup, jobs=2)
    told = cluster.ask("pq-verify", "--offline", str(backup))
    assert (told["schema"], told["holds"], told["file"]) == ("pq.verifications/1", True, str(backup))
    assert told["jobs"][1] == cluster.ask("pq-verify", "--offline", str(backup), "2") | {
        "findings": told["jobs"][1]["findings"]
    }
    assert [finding["invariant"] for finding in told["findings"]] == ["lease_ids_never_repeat", "holders_are_known"]


def edit(backup: Path, sql: str) -> Path:
    edited = backup.with_name("edited.db")
    shutil.copy(backup, edited)
    with sqlite3.connect(edited) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        assert database.execute(sql).rowcount > 0, sql
    return edited


BROKEN = {
    "tiling": "UPDATE spans SET begin = 1 WHERE job = 2",
    "parts_have_values": "UPDATE spans SET value = NULL WHERE value = 78",
    "state_fits": "UPDATE jobs SET state = 'done', finished_unix_ms = 1 WHERE id = 2",
    "value_is_fold": "UPDATE spans SET state = 'done', attempts_failed = NULL WHERE job = 2",
    "counters_fit": "UPDATE jobs SET leases_granted = 1 WHERE id = 1",
    "lease_ids_never_repeat": "DELETE FROM epochs",
    "holders_are_known": "UPDATE spans SET agent = 7 WHERE agent IS NOT NULL",
}


@pytest.mark.parametrize("invariant", BROKEN)
def test_what_does_not_hold_is_named(cluster: Cluster, backup: Path, invariant: str) -> None:
    edited = edit(backup, BROKEN[invariant])
    if invariant == "value_is_fold":
        edited = edit(edited.rename(backup), "UPDATE jobs SET state = 'done', finished_unix_ms = 1 WHERE id = 2")
    outcome = verify_offline(cluster, edited)
    assert outcome.status == 1
    broken = [line for line in outcome.stdout.splitlines() if line.startswith("BROKEN")]
    assert broken and any(invariant in line for line in broken), outcome
    assert "promises is broken" in outcome.stderr or "promises are broken" in outcome.stderr
    assert "do not trust its totals" in outcome.stderr
    told = cluster.run("pq-verify", "--offline", str(edited), "--json")
    assert told.status == 1 and json.loads(told.stdout)["holds"] is False


def test_same_lease_in_two_jobs_is_found(cluster: Cluster, backup: Path) -> None:
    lease = "SELECT lease_epoch, lease_counter, agent FROM spans WHERE job = 1 AND agent IS NOT NULL"
    fields = "(state, lease_epoch, lease_counter, agent, upto)"
    values = f"(SELECT 'leased', lease_epoch, lease_counter, agent, 0 FROM ({lease}) LIMIT 1)"
    edited = edit(backup, f"UPDATE spans SET {fields} = {values} WHERE job = 2")
    outcome = verify_offline(cluster, edited)
    assert outcome.status == 1 and "lives in job 1 and in job 2" in outcome.stdout
    cluster.head.kill()
    restore(cluster, edited)
    refused = cluster.run("pqd", "--listen", "tcp://127.0.0.1:*")
    expect_refusal(refused, "pqd", 1, "lease_ids_never_repeat", "restore a backup")


def test_database_in_use_is_refused_and_one_with_its_log_is_read(cluster: Cluster, backup: Path) -> None:
    database = cluster.state_dir / "pq.db"
    refused = verify_offline(cluster, database)
    expect_refusal(refused, "pqd", 1, f"in use by process {cluster.head.pid}", "pq-backup")
    cluster.submit("0:1000")
    cluster.head.kill()
    before = {file.name: file.read_bytes() for file in cluster.state_dir.glob("pq.db*")}
    assert set(before) == {"pq.db", "pq.db-wal"}
    outcome = verify_offline(cluster, database)
    assert outcome.status == 0 and "3 jobs: all of" in outcome.stderr, "the last job is in the log alone"
    assert before == {file.name: file.read_bytes() for file in cluster.state_dir.glob("pq.db*")}


def test_command_lines_of_a_proof_without_a_head(cluster: Cluster, backup: Path) -> None:
    refused = verify_offline(cluster, backup, "4711")
    expect_refusal(refused, "pqd", 3, "has no job 4711; leave the number out")
    expect_refusal(verify_offline(cluster, backup, "first"), "pq-verify", 2, "is not the number of a job")
    expect_refusal(verify_offline(cluster, backup, "1", "2"), "pq-verify", 2, "is an unexpected argument")
    expect_refusal(verify_offline(cluster, backup.parent), "pqd", 1, "is a directory; give the database in it")
    told = cluster.run("pq-verify", "--offline", "/nonexistent", "--json")
    assert told.status == 1 and json.loads(told.stdout)["schema"] == "pq.error/1"
    expect_refusal(cluster.run("pqd", "--job", "1"), "pqd", 2, "--verify FILE")
    expect_refusal(cluster.run("pqd", "--verify", str(backup), "--job", "x"), "pqd", 2, "is not the number of a job")


def test_machine_without_a_head_program_is_told_what_to_install(cluster: Cluster, directory: Path) -> None:
    alone = directory / "bin" / "pq-verify"
    alone.parent.mkdir()
    shutil.copy(BINARIES / "pq", alone)
    command = [alone, "--offline", "/nonexistent"]
    environment = {**cluster.environment, "PATH": str(directory)}
    told = subprocess.run(command, capture_output=True, text=True, env=environment)
    expect_refusal(Outcome(told.returncode, told.stdout, told.stderr), "pq-verify", 1, "no pqd", "install")
    for place in (directory / "sbin" / "pqd", directory / "pqd", alone.with_name("pqd")):
        place.parent.mkdir(exist_ok=True)
        shutil.copy(BINARIES / "pqd", place)
        told = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert "cannot read /nonexistent" in told.stderr, f"{place} is not found"
        place.unlink()
