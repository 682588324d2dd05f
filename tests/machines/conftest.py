"""Fixtures of the machines' tests, and what is shown of machines when a test fails."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

from cloud import Cloud  # noqa: E402
from measured import measured, pytest_terminal_summary  # noqa: E402, F401
from network import keep_mounts_to_ourselves, network  # noqa: E402
from tree import root_tree  # noqa: E402

LOG_CHARACTERS_SHOWN = 6000
NEEDED = {"systemd-nspawn": "systemd-container", "mmdebstrap": "mmdebstrap", "mkfs.ext4": "e2fsprogs", "ip": "iproute2"}


@pytest.fixture(scope="session")
def tree() -> Path:
    if os.geteuid() != 0:
        pytest.skip("machines are booted by root alone")
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    if missing:
        pytest.skip(f"booting machines needs {', '.join(missing)}")
    made = root_tree()
    keep_mounts_to_ourselves()
    return made


@pytest.fixture
def cloud(tree: Path) -> Iterator[Cloud]:
    """The test starts the head."""
    with ExitStack() as undo:
        root = Path(tempfile.mkdtemp(prefix="pq-machines-"))
        undo.callback(shutil.rmtree, root)
        yield Cloud(root, tree, undo.enter_context(network()), undo)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    report = (yield).get_result()
    cloud = getattr(item, "funcargs", {}).get("cloud")
    if report.when != "call" or not report.failed or cloud is None:
        return
    for machine in cloud.machines:
        for name, log in machine.logs().items():
            report.sections.append((f"{name} of machine {machine.name}", log[-LOG_CHARACTERS_SHOWN:]))
