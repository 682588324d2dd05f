"""The manual and the completions that programs print of themselves: whole, clean, and of use in real shells."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

from program import ALL_PROGRAMS, BINARIES, clean_environment
from waiting import PATIENCE_S

FLAG = re.compile(r"--[a-z][a-z0-9-]*")


def asked(program: str, *words: str, home: Path = Path("/nonexistent")) -> str:
    environment = {**clean_environment(home), "SOURCE_DATE_EPOCH": "1795000000"}
    done = subprocess.run(
        [str(BINARIES / program), *words], capture_output=True, text=True, env=environment, timeout=PATIENCE_S
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def flags_in_help(program: str) -> set[str]:
    """What stands at the beginning of a line, behind a letter perhaps."""
    return set(re.findall(r"^ +(?:-\w, +)?(--[a-z][a-z0-9-]*)", asked(program, "--help"), re.MULTILINE))


@pytest.mark.parametrize("program", ALL_PROGRAMS)
def test_manual_page_tells_every_flag_that_help_tells_and_its_twin(program: str) -> None:
    page = asked(program, "--help-as", "man")
    told = set(FLAG.findall(page.replace("\\-", "-")))
    help_text = asked(program, "--help")
    assert flags_in_help(program) <= told
    assert program == "pq" or {"--help", "--version"} < flags_in_help(program)
    twins = set(re.findall(r"\[(PQD?_[A-Z_]+)\]", help_text))
    assert twins == set(re.findall(r"^\.RB \[ (PQD?_[A-Z_]+) \]$", page, re.MULTILINE))
    assert "--help-as" not in help_text and "--help-as" not in told, "it is not for people"


@pytest.mark.parametrize("program", ALL_PROGRAMS)
def test_manual_page_is_clean(program: str, tmp_path: Path) -> None:
    section = 8 if program in ("pqd", "pq-agent") else 1
    path = tmp_path / f"{program}.{section}"
    path.write_text(asked(program, "--help-as", "man"))
    lint = subprocess.run(["mandoc", "-T", "lint", path], capture_output=True, text=True)
    assert (lint.returncode, lint.stdout + lint.stderr) == (0, "")
    shown = subprocess.run(["mandoc", "-T", "ascii", path], capture_output=True, text=True, check=True).stdout
    words = re.sub(r".\x08", "", shown).split()
    assert words[0] == f"{program.upper()}({section})"


def shell(script: str, directory: Path) -> list[str]:
    """What bash prints, which has nothing of the person who runs the tests."""
    done = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", script],
        capture_output=True,
        text=True,
        cwd=directory,
        env=clean_environment(directory),
        timeout=PATIENCE_S,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.splitlines()


def completions(program: str, line: list[str], directory: Path) -> list[str]:
    """What bash would make of TAB behind the last of these words."""
    (directory / f"{program}.bash").write_text(asked(program, "--help-as", "bash"))
    words = " ".join(f"'{word}'" for word in line)
    script = f"""
        source {program}.bash
        registered=$(complete -p {program})
        COMP_WORDS=({words}) COMP_CWORD={len(line) - 1}
        "$(sed 's/.*-F \\([^ ]*\\).*/\\1/' <<<"$registered")" {program} "${{COMP_WORDS[-1]}}" "${{COMP_WORDS[-2]}}"
        ((${{#COMPREPLY[@]}})) && printf '%s\\n' "${{COMPREPLY[@]}}"
        true
    """
    return shell(script, directory)


BASH = {
    "a flag": (["pq-status", "--wa"], ["--watch"]),
    "all flags that begin so": (["pq-submit", "--max"], ["--max-failures"]),
    "a value that is one of some": (["pq-status", "--color", "a"], ["auto", "always"]),
    "a value behind an equals sign": (["pq-status", "--color", "=", "al"], ["always"]),
    "nothing yet behind an equals sign": (["pq-submit", "--fold", "="], ["sum", "min", "max", "none"]),
    "a kernel": (["pq-submit", "--kernel", "tw"], ["twins"]),
    "a value that nobody can guess": (["pq-submit", "--range", ""], []),
    "a word": (["pq-key", "re"], ["revoke"]),
    "a word behind a word": (["pq-key", "new", "o"], ["operator"]),
    "a selection": (["pq-cancel", "l"], ["last"]),
    "a command of pq": (["pq", "pri"], ["priority"]),
    "a flag of a command of pq": (["pq", "logs", "--fo"], ["--follow"]),
    "a file": (["pq-submit", "--file", "pq-s"], ["pq-submit.bash"]),
    "a program behind the dashes": (["pq-submit", "--", "mkte"], ["mktemp"]),
    "a cloud of the agent's": (["pq-agent", "--interruption", "g"], ["gcp"]),
    "a flag of the head's": (["pqd", "--lease"], ["--lease-term"]),
}


@pytest.mark.parametrize("case", BASH)
def test_bash_completes(case: str, tmp_path: Path) -> None:
    line, wanted = BASH[case]
    assert list(dict.fromkeys(completions(line[0], line, tmp_path))) == wanted


@pytest.mark.parametrize("program", ALL_PROGRAMS)
def test_bash_completes_every_flag_that_help_tells(program: str, tmp_path: Path) -> None:
    assert set(completions(program, [program, "--"], tmp_path)) == flags_in_help(program) | (
        {"--help", "--version"} if program == "pq" else set()
    )


class Zsh:
    """An interactive one on a terminal, with completions from a directory."""

    def __init__(self, functions: Path, home: Path) -> None:
        environment = {**clean_environment(home), "TERM": "xterm", "PS1": "ready> "}
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execvpe("zsh", ["zsh", "-f", "-i"], environment)
        self.seen = ""
        self.type(f"fpath=({functions} $fpath); autoload -Uz compinit; compinit -D -u; unsetopt beep; print o''k\n")
        self.reads(r"\nok")

    def type(self, text: str) -> None:
        self.seen = ""
        os.write(self.master, text.encode())

    def reads(self, pattern: str) -> bool:
        until = time.monotonic() + PATIENCE_S
        while not re.search(pattern, self.seen):
            assert select.select([self.master], [], [], max(until - time.monotonic(), 0))[0], repr(self.seen)
            self.seen += os.read(self.master, 65536).decode(errors="ignore")
        return True

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.master)


def test_zsh_completes(tmp_path: Path) -> None:
    functions = tmp_path / "functions"
    functions.mkdir()
    for program in ALL_PROGRAMS:
        (functions / f"_{program}").write_text(asked(program, "--help-as", "zsh"))
    zsh = Zsh(functions, tmp_path)
    try:
        for line, wanted in (
            ("pq-status --wa", "pq-status --watch"),
            ("pq-status --color=al", "pq-status --color=always"),
            ("pq-key rev", "pq-key revoke"),
            ("pq-key new op", "pq-key new operator"),
            ("pq prio", "pq priority"),
            ("pq logs --fol", "pq logs --follow"),
            ("pqd --lease", "pqd --lease-term"),
        ):
            zsh.type(f"{line}\t")
            rest = re.escape(wanted.removeprefix(line))
            zsh.reads(rf"{re.escape(line)}[^\n]*{rest}")
            zsh.type("\x15")
    finally:
        zsh.close()
