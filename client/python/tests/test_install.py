"""`pip install ./client/python` into a fresh environment."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1]


NEEDED = "import cloudpickle, msgpack, setuptools, wheel, zmq"


def test_pip_installs_it(tmp_path: Path) -> None:
    """With the packages of this Python where it has all, else from PyPI.

    From a copy, because pip builds in the tree.
    """
    if importlib.util.find_spec("ensurepip") is None:
        pytest.skip("venv has no pip to put into an environment; install python3-venv")
    source = tmp_path / "source"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    place = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", str(place)], check=True)
    python = str(place / "bin" / "python")
    has_all = subprocess.run([python, "-c", NEEDED], capture_output=True).returncode == 0
    how = ["--no-deps", "--no-build-isolation", "--no-index"] if has_all else []
    install = [python, "-m", "pip", "install", "--quiet", *how, str(source)]
    ended = subprocess.run(install, capture_output=True, text=True, timeout=300)
    if not has_all and "No matching distribution" in ended.stderr:
        pytest.skip(
            "neither these packages nor PyPI: install python3-setuptools, python3-wheel and python3-cloudpickle"
        )
    assert ended.returncode == 0, ended.stderr
    asked = "import pq, pq.shipping, os; print(os.path.dirname(pq.__file__)); pq.kernel(max)"
    where = subprocess.run(
        [python, "-I", "-c", asked], check=True, capture_output=True, text=True, cwd=tmp_path
    ).stdout.strip()
    assert Path(where).is_relative_to(place), where
    assert (Path(where) / "py.typed").exists() and (Path(where) / "runner.py").exists()
    shown = subprocess.run(
        [python, "-m", "pip", "show", "pq-client"], check=True, capture_output=True, text=True
    ).stdout
    assert "License: MIT" in shown and "cloudpickle" in shown
