"""Backups while the head works, and what is there after one is restored."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import time
from pathlib import Path
from typing import Callable

import pytest

from backups import back_up, backups_of, done_in, expect_sound, restore, submit_many, verify_offline
from cluster import QUICK_BEATS, Cluster
from mount import tmpfs
from peer import HandAgent, new_request, read
from reference import LONG_JOB, LONG_TOTAL, MEDIUM_JOB, MEDIUM_TOTAL
from refusal import expect_refusal
from waiting import LONG_S, PATIENCE_S, eventually

MANY_JOBS = 20_000  # some megabytes: a backup of many turns


# ---------------------------------------------------------------- while it works


def test_backups_under_load_are_sound_and_disturb_nobody(cluster: Cluster) -> None:
    luck = random.Random(11)
    cluster.start_head(*QUICK_BEATS)
    for name in ("left", "right"):
        cluster.start_agent(name)
    job = cluster.submit(MEDIUM_JOB)
    backups: list[Path] = []
    while not backups or cluster.job(job)["state"] == "running":
        cluster.progress(job, beyond=int(cluster.job(job)["done"]) - 1)
        time.sleep(luck.random() * 0.3)
        backups.append(back_up(cluster))
        expect_sound(cluster, backups[-1], jobs=1)
    assert len(backups) >= 3, "the job has ended too early: make it longer"
    ended = cluster.wait(job)
    assert (ended["value"], ended["recomputed"], ended["leases"]["expired"]) == (str(MEDIUM_TOTAL), "0", 0)
    dones = [done_in(backup, job) for backup in backups]
    assert dones == sorted(dones) and dones[0] < dones[-1], "each has what was there when it was made"


def test_backup_of_an_empty_queue(cluster: Cluster) -> None:
    cluster.start_head()
    backup = back_up(cluster)
    assert "no live leases" in expect_sound(cluster, backup, jobs=0)
    cluster.submit("0:100")
    cluster.head.kill()
    restore(cluster, backup)
    cluster.start_head()
    assert cluster.ask("pq-status")["jobs"] == []


def test_backup_of_a_thousand_jobs_tells_of_each(cluster: Cluster) -> None:
    cluster.start_head()
    submit_many(cluster, 1000)
    found = expect_sound(cluster, back_up(cluster, "--name", "thousand"), jobs=1000)
    assert "job 1000: the job is queued: 0 integers done, 0 leased, 10 free, 0 failed" in found


def test_backup_has_a_name_once(cluster: Cluster) -> None:
    cluster.start_head()
    backup = back_up(cluster, "--name", "before-the-upgrade")
    assert backup == cluster.state_dir / "backups" / "before-the-upgrade.db"
    before = backup.read_bytes()
    cluster.submit("0:100")
    again = cluster.run("pq-backup", "--name", "before-the-upgrade")
    expect_refusal(again, "pq-backup", 1, f"exists already: {backup}; choose another --name")
    assert backup.read_bytes() == before
    told = cluster.ask("pq-backup", "--name", "second")
    second = cluster.state_dir / "backups" / "second.db"
    assert told == {"schema": "pq.backup/1", "path": str(second), "bytes": second.stat().st_size, "removed": 0}


def test_head_serves_agents_while_it_copies(cluster: Cluster) -> None:
    """How long a beat takes is printed, and not asserted: it depends on the disk and on who else works here."""
    cluster.start_head(*QUICK_BEATS)
    submit_many(cluster, MANY_JOBS)
    agent = HandAgent(cluster.speaker(cluster.key("agent")))
    usual = slowest_beat(agent, until=time.monotonic() + 0.5, over=lambda: None)[0]
    operator = cluster.peer()
    operator.send("back_up", id=new_request(), name="big")
    began = time.monotonic()
    slowest, beats, answer = slowest_beat(agent, began + PATIENCE_S, lambda: operator.speaker.receive(0))
    assert answer is not None, "no answer to the request for a backup"
    told = read(answer)
    assert told["t"] == "backed_up" and beats > 0
    took = time.monotonic() - began
    print(
        f"\nbackup of {told['bytes']} bytes in {took * 1e3:.0f} ms: {beats} beats meanwhile,"
        f" the slowest {slowest * 1e3:.1f} ms; without a backup {usual * 1e3:.1f} ms"
    )
    expect_sound(cluster, Path(told["path"]), jobs=MANY_JOBS)


def slowest_beat(
    agent: HandAgent, until: float, over: Callable[[], bytes | None]
) -> tuple[float, int, bytes | None]:
    """Beats until something is heard, or so long: the longest round trip, how many, and what was heard."""
    slowest, beats, heard = 0.0, 0, None
    while heard is None and time.monotonic() < until:
        sent = time.monotonic()
        agent.beat()
        slowest, beats = max(slowest, time.monotonic() - sent), beats + 1
        heard = over()
    return slowest, beats, heard


def test_backup_is_made_though_its_client_has_gone(cluster: Cluster) -> None:
    cluster.start_head()
    submit_many(cluster, MANY_JOBS)
    cluster.peer().send("back_up", id=new_request(), name="orphan")
    eventually(lambda: backups_of(cluster), "the backup has begun")
    cluster.close_speakers()
    file = cluster.state_dir / "backups" / "orphan.db"
    eventually(file.exists, "the backup is there")
    expect_sound(cluster, file, jobs=MANY_JOBS)


# ---------------------------------------------------------------- when something goes wrong


def test_head_killed_amid_a_backup_leaves_nothing_of_it(cluster: Cluster) -> None:
    cluster.start_head()
    submit_many(cluster, MANY_JOBS)
    back_up(cluster, "--name", "whole")
    for attempt in range(20):
        cluster.peer().send("back_up", id=new_request(), name=f"cut-{attempt}")
        eventually(lambda: f"cut-{attempt}.db" in " ".join(backups_of(cluster)), "the backup has begun")
        cluster.head.kill()
        unfinished = [name for name in backups_of(cluster) if name.endswith(".unfinished")]
        cluster.start_head()
        assert all(name.endswith(".db") for name in backups_of(cluster)), "a started head clears up"
        for name in backups_of(cluster):
            expect_sound(cluster, cluster.state_dir / "backups" / name, jobs=MANY_JOBS)
        if unfinished:
            break
    assert unfinished, "no head was killed early enough: make the queue larger"
    assert f"cut-{attempt}.db" not in backups_of(cluster)
    assert cluster.peer().ask("ask_job", job=MANY_JOBS)["state"] == "queued"


def test_client_gets_its_backup_from_the_next_head(cluster: Cluster) -> None:
    head = cluster.start_head()
    head.send_signal(signal.SIGSTOP)
    client = cluster.start("pq-backup", "--name", "patient")
    head.kill()
    cluster.start_head()
    told = client.ends()
    assert told.status == 0, told
    expect_sound(cluster, Path(told.stdout.strip()), jobs=0)


def test_backup_without_room_is_refused_and_the_head_goes_on(cluster: Cluster) -> None:
    cluster.state_dir.mkdir(mode=0o700)
    with tmpfs(cluster.state_dir, "size=24m,mode=700"):
        cluster.start_head(*QUICK_BEATS)
        others = cluster.state_dir / "others"
        others.write_bytes(bytes(12 << 20))
        refused = cluster.run("pq-backup")
        expect_refusal(refused, "pq-backup", 1, "nothing of it is left", "bytes free; the copy needs", "make room")
        assert backups_of(cluster) == []
        cluster.start_agent("worker")
        assert cluster.wait(cluster.submit("0:1e6"))["value"] == "78498"
        assert "backup failed" in cluster.head.stderr()
        others.unlink()
        expect_sound(cluster, back_up(cluster), jobs=1)
        cluster.close()


def test_backup_onto_a_full_disk_of_its_own(cluster: Cluster, directory: Path) -> None:
    """backups may be a link to another disk; what that one does is not the queue's business."""
    with tmpfs(directory, "size=1m,mode=700"):
        cluster.start_head()
        (cluster.state_dir / "backups").symlink_to(directory)
        refused = cluster.run("pq-backup")
        expect_refusal(refused, "pq-backup", 1, "1048576 bytes free", "the head goes on")
        assert list(directory.iterdir()) == []
        assert cluster.submit("0:100") == 1
        cluster.close()


# ---------------------------------------------------------------- restored


def test_old_backup_is_restored_under_load(cluster: Cluster) -> None:
    cluster.start_head(*QUICK_BEATS)
    agents = [cluster.start_agent(name) for name in ("left", "right")]
    job = cluster.submit(LONG_JOB)
    operator = cluster.peer()
    cluster.progress(job)
    backup = back_up(cluster)
    done_then = done_in(backup, job)
    request = new_request()
    later = operator.submit(0, 1000, request=request)
    gone = operator.submit(0, 2000)
    assert [answer["job"] for answer in (later, gone)] == [2, 3]
    cluster.progress(job, beyond=done_then + 10**9)

    cluster.head.kill()
    restore(cluster, backup)
    cluster.start_head(*QUICK_BEATS)
    operator = cluster.peer()
    assert [report["id"] for report in cluster.ask("pq-status")["jobs"]] == [job], "what came later is gone"
    again = operator.submit(0, 1000, request=request)
    assert (again["job"], again["repeated"]) == (2, False), "a repeated submit is a job again"
    assert cluster.wait(2)["value"] == "168"
    ended = cluster.wait(job, within=LONG_S)
    assert (ended["state"], ended["value"]) == ("done", str(LONG_TOTAL))
    assert all(agent.is_running() for agent in agents), "no agent had to be started again"
    for each in (1, 2):
        cluster.verify(each)
    assert cluster.head.terminate().status == 0
    assert verify_offline(cluster, cluster.state_dir / "pq.db").status == 0


def test_waiting_client_never_takes_another_job_for_its_own(cluster: Cluster) -> None:
    """The restored head gives the number of a job that it has forgotten to the next one."""
    cluster.start_head(*QUICK_BEATS)
    backup = back_up(cluster)
    waiter = cluster.start("pq-submit", "--range", "0:1000", "--wait")
    eventually(lambda: "job 1 submitted" in waiter.stderr(), "the job is submitted")
    cluster.head.kill()
    restore(cluster, backup)
    waiter.send_signal(signal.SIGSTOP)  # so that another job comes first
    cluster.start_head(*QUICK_BEATS)
    assert cluster.submit("0:2000") == 1
    waiter.send_signal(signal.SIGCONT)
    cluster.start_agent("only")
    told = waiter.ends()
    assert (told.status, told.stdout) == (0, "168\n"), told
    assert "job 2 submitted" in told.stderr
    assert cluster.wait(1)["value"] == "303"


def test_restore_that_forgets_the_log_is_refused(cluster: Cluster) -> None:
    cluster.start_head()
    backup = back_up(cluster)
    cluster.submit("0:100")
    cluster.head.kill()
    shutil.copy(backup, cluster.state_dir / "pq.db")
    refused = cluster.run("pqd", "--listen", "tcp://127.0.0.1:*")
    expect_refusal(refused, "pqd", 1, "pq.db-wal is not the log of", "left as they are: move the log away")
    restore(cluster, backup)
    cluster.start_head()
    assert cluster.ask("pq-status")["jobs"] == []


@pytest.mark.parametrize("damage", ["cut", "overwritten", "another program's", "a text"])
def test_wrong_file_is_refused_by_both_and_left_alone(cluster: Cluster, damage: str) -> None:
    cluster.start_head()
    submit_many(cluster, 1000)
    backup = back_up(cluster)
    cluster.head.kill()
    spoil(backup, damage)
    restore(cluster, backup)
    database = cluster.state_dir / "pq.db"
    before = database.read_bytes()
    for _ in range(2):
        refused = cluster.run("pqd", "--listen", "tcp://127.0.0.1:*")
        expect_refusal(refused, "pqd", 1, str(database), "it is left as it is")
        refused = verify_offline(cluster, database)
        expect_refusal(refused, "pqd", 1, str(database), "it is left as it is", "that pq-backup has made")
        assert database.read_bytes() == before


def spoil(file: Path, damage: str) -> None:
    if damage == "another program's":
        file.unlink()
        with sqlite3.connect(file) as database:
            database.execute("CREATE TABLE t (x)")
        return
    whole = file.read_bytes()
    middle = len(whole) // 2
    spoilt = {"cut": whole[:middle], "overwritten": whole[:middle] + b"\xff" * 4096 + whole[middle + 4096 :]}
    file.write_bytes(spoilt.get(damage, b"not a database\n" * 500))
