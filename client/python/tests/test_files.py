"""Files as they travel."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from pq.files import bytes_file, job_file, package_file


def tree(root: Path) -> Path:
    (root / "data" / "deep").mkdir(parents=True)
    (root / "data" / "deep" / "b").write_text("b")
    (root / "data" / "a").write_text("a")
    (root / "data" / "a").chmod(0o755)
    (root / "data" / "link").symlink_to("a")
    return root / "data"


def test_kinds_follow_the_mode(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"abc")
    assert job_file(plain).reference() == {
        "name": "plain", "hash": hashlib.sha256(b"abc").hexdigest(), "bytes": 3, "kind": "plain"
    }  # fmt: skip
    plain.chmod(0o755)
    assert job_file(str(plain)).kind == "executable"
    assert job_file(("x", b"")).bytes == 0


def test_the_tar_of_a_directory_depends_on_its_content_alone(tmp_path: Path) -> None:
    first, second = tree(tmp_path / "1"), tree(tmp_path / "2")
    os.utime(second / "a", (1, 1))
    (second / "deep" / "b").chmod(0o600)
    one, two = job_file(first), job_file(second)
    assert one.kind == "directory" and one.name == "data" and one.hash == two.hash
    (second / "a").write_text("x")
    assert job_file(second).hash != one.hash


def test_the_tar_has_what_was_in_the_directory(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(job_file(tree(tmp_path)).open().read())) as tar:
        assert tar.getnames() == ["a", "deep", "deep/b", "link"]
        assert [tar.getmember(name).mode for name in ("a", "deep", "deep/b")] == [0o755, 0o755, 0o644]
        assert tar.getmember("link").linkname == "a"


def test_packages_go_without_what_was_compiled(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.pyc").write_text("")
    (tmp_path / "x.py").write_text("")
    file = package_file("pkg", [(child.name, child) for child in tmp_path.iterdir()])
    with tarfile.open(fileobj=io.BytesIO(file.open().read())) as tar:
        assert tar.getnames() == ["x.py"]


@pytest.mark.parametrize("name", ["", "_x", ".x", "a b", "a/b", "x" * 65, "π"])
def test_names_that_no_agent_takes(name: str) -> None:
    with pytest.raises(ValueError, match="cannot travel"):
        bytes_file(name, b"")
