"""What deploy/build-packages.sh has put into build/packages: whole, clean, and in need of nothing."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
from pathlib import Path

import pytest

from measured import Measured
from program import REPOSITORY

PACKAGES = REPOSITORY / "build" / "packages"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
NAMES = ("head", "agent", "client")
PROGRAMS = {"head": "usr/sbin/pqd", "agent": "usr/bin/pq-agent", "client": "usr/bin/pq"}


def output(*command: object, cwd: Path = PACKAGES) -> str:
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def only(pattern: str) -> Path:
    (path,) = PACKAGES.glob(pattern)
    return path


def deb(name: str, architecture: str) -> Path:
    return only(f"pq-{name}_*_{ARCHITECTURES[architecture]}.deb")


def rpm(name: str, architecture: str) -> Path:
    return only(f"pq-{name}-*.{architecture}.rpm")


def tarball(name: str, architecture: str) -> Path:
    return only(f"pq-{name}-*-{architecture}.tar.gz")


def contents(tree: Path) -> dict[str, tuple[int, str]]:
    """Each file's mode and sum; of a link, which rpm's have an absolute path of, the name that it leads to."""
    files: dict[str, tuple[int, str]] = {}
    for path in sorted(tree.rglob("*")):
        name = str(path.relative_to(tree))
        if path.is_symlink():
            files[name] = (0, path.readlink().name)
        elif path.is_file():
            files[name] = (path.stat().st_mode, hashlib.sha256(path.read_bytes()).hexdigest())
    return files


def test_there_are_all_of_them_and_their_sums() -> None:
    there = {path.name for path in PACKAGES.iterdir() if path.suffix in (".deb", ".rpm", ".gz")}
    wanted = {find(name, each).name for find in (deb, rpm, tarball) for name in NAMES for each in ARCHITECTURES}
    assert there == wanted
    assert output("sha256sum", "--check", "--strict", "SHA256SUMS").count(": OK\n") == len(wanted)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_lintian_has_nothing_to_say(architecture: str) -> None:
    checked = ("lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0")
    output(*checked, *(deb(name, architecture) for name in NAMES))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_they_need_no_library(architecture: str, measured: Measured) -> None:
    for name in NAMES:
        needed = output("rpm", "-qp", "--requires", rpm(name, architecture)).split("\n")
        assert all(line.startswith(("rpmlib(", "/bin/sh")) for line in needed if line), needed
        fields = output("dpkg-deb", "--field", deb(name, architecture))
        assert "\nDepends:" not in fields and "\nPre-Depends:" not in fields, fields
    for program in ("pqd", "pq-agent", "pq"):
        path = PACKAGES / architecture / program
        assert "INTERP" not in output("readelf", "--wide", "--program-headers", path)
        assert "(NEEDED)" not in output("readelf", "--wide", "--dynamic", path)
        measured.note(f"{program} for {architecture}: {path.stat().st_size:,} bytes")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", NAMES)
def test_all_three_formats_hold_the_same_files(name: str, architecture: str, tmp_path: Path) -> None:
    trees = {each: tmp_path / each for each in ("deb", "rpm", "tar")}
    for tree in trees.values():
        tree.mkdir()
    output("dpkg-deb", "--extract", deb(name, architecture), trees["deb"])
    output("sh", "-c", 'rpm2archive - <"$1" | tar -xz', "sh", rpm(name, architecture), cwd=trees["rpm"])
    output("tar", "-xf", tarball(name, architecture), cwd=trees["tar"])
    assert contents(trees["deb"]) == contents(trees["rpm"]) == contents(trees["tar"])
    program = Path(PROGRAMS[name])
    assert (trees["deb"] / program).read_bytes() == (PACKAGES / architecture / program.name).read_bytes()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_head_hands_out_the_agents_of_all_architectures(architecture: str, tmp_path: Path) -> None:
    output("dpkg-deb", "--extract", deb("head", architecture), tmp_path)
    for each in ARCHITECTURES:
        handed_out = tmp_path / "usr/lib/pq/agents" / f"pq-agent-{each}"
        assert handed_out.read_bytes() == (PACKAGES / each / "pq-agent").read_bytes()
        assert handed_out.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", NAMES)
def test_every_program_has_its_manual_and_completions(name: str, architecture: str, tmp_path: Path) -> None:
    output("dpkg-deb", "--extract", deb(name, architecture), tmp_path)
    programs = [path.name for folder in ("bin", "sbin") for path in (tmp_path / "usr" / folder).glob("*")]
    assert programs
    for program in programs:
        (page,) = (tmp_path / "usr/share/man").glob(f"man*/{program}.*.gz")
        title = gzip.decompress(page.read_bytes()).decode().split(" ", 3)[:3]
        assert title == [".TH", program.upper().replace("-", "\\-"), page.parent.name.removeprefix("man")]
        completions = (
            f"bash-completion/completions/{program} zsh/vendor-completions/_{program} zsh/site-functions/_{program}"
        )
        for path in completions.split():
            assert program in (tmp_path / "usr/share" / path).read_text()
