"""Making backups, proving them without a head, and putting them back."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from cluster import Cluster
from peer import job_spec, new_request
from program import Outcome

JOBS_AT_ONCE = 200  # submissions on their way


def back_up(cluster: Cluster, *flags: str) -> Path:
    outcome = cluster.run("pq-backup", *flags)
    assert outcome.status == 0 and "pq-verify --offline" in outcome.stderr, outcome
    return Path(outcome.stdout.removesuffix("\n"))


def verify_offline(cluster: Cluster, file: Path, *words: str) -> Outcome:
    return cluster.run("pq-verify", "--offline", str(file), *words)


def expect_sound(cluster: Cluster, backup: Path, jobs: int) -> str:
    """The findings of a backup that holds, and it is as private and as alone as it was."""
    outcome = verify_offline(cluster, backup)
    assert outcome.status == 0, outcome
    lines = outcome.stdout.splitlines()
    assert len(lines) == jobs + 2 and all(line.startswith("ok ") for line in lines), outcome
    assert "promises hold" in outcome.stderr
    assert backup.stat().st_mode & 0o777 == 0o600
    assert [name for name in backups_of(cluster) if not name.endswith(".db")] == []
    return outcome.stdout


def backups_of(cluster: Cluster) -> list[str]:
    directory = cluster.state_dir / "backups"
    return sorted(file.name for file in directory.iterdir()) if directory.exists() else []


def restore(cluster: Cluster, backup: Path) -> None:
    """As README says, with a head that is not running."""
    (cluster.state_dir / "pq.db-wal").unlink(missing_ok=True)
    shutil.copy(backup, cluster.state_dir / "pq.db")


def submit_many(cluster: Cluster, count: int) -> None:
    operator = cluster.peer()
    for first in range(0, count, JOBS_AT_ONCE):
        batch = range(first, min(first + JOBS_AT_ONCE, count))
        for begin in batch:
            operator.send("submit", id=new_request(), spec=job_spec(begin, begin + 10))
        for _ in batch:
            assert operator.receive()["t"] == "submitted"


def done_in(backup: Path, job: int) -> int:
    """Integers that are counted, by the rows."""
    with sqlite3.connect(f"file:{backup}?immutable=1", uri=True) as database:
        select = "SELECT state, begin, end, upto FROM spans WHERE job = ?"
        rows = database.execute(select, (job,)).fetchall()
    return sum((upto if state == "leased" else end) - begin for state, begin, end, upto in rows if state != "free")
