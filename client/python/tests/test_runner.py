"""The script that runs a function on an agent, here without one: what an agent would lay out, and lines on stdin."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable, NamedTuple

import pytest

import pq
from pq import shipping

OTHERS = 7


class Said(NamedTuple):
    status: int
    answers: list[str]
    stderr: str

    @property
    def last_words(self) -> str:
        return self.stderr.splitlines()[-1]


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def lay_out(scratch: Path, function: Callable[..., Any], modules: Sequence[str] = ()) -> None:
    for file in shipping.files_of(function, modules):
        place = scratch / file.name
        if file.kind == "directory":
            place.mkdir()
            subprocess.run(["tar", "-x"], cwd=place, input=file.open().read(), check=True)
        else:
            place.write_bytes(file.open().read())


def run(scratch: Path, *lines: str, fold: str = "sum", version: str = "", python: str = sys.executable) -> Said:
    words = list(shipping.command(python, fold))
    if version:
        words[3] = version
    asked = "".join(f"{line}\n" for line in lines)
    ended = subprocess.run(
        words, cwd=scratch, input=asked, capture_output=True, text=True, env={"PATH": os.environ["PATH"]}, timeout=60
    )
    answers = ended.stdout.splitlines()
    assert all(answer.startswith(f"{line} ") for answer, line in zip(answers, lines)), (
        "answers begin with their questions"
    )
    return Said(ended.returncode, [answer.split(" ", 2)[2] for answer in answers], ended.stderr)


def helper(n: int) -> int:
    return n * OTHERS


def uses_its_module(lo: int, hi: int) -> int:
    return helper(hi - lo)


@pq.kernel
def calls_itself(lo: int, hi: int) -> Any:
    return 1 if hi - lo == 1 else calls_itself(lo, lo + 1) + calls_itself(lo + 1, hi)


def test_a_function_goes_with_what_it_uses_of_its_module(scratch: Path) -> None:
    lay_out(scratch, uses_its_module)
    assert run(scratch, "0 10", "18446744073709551614 18446744073709551615") == (0, ["70", "7"], "")


def test_a_closure(scratch: Path) -> None:
    factor = 3
    lay_out(scratch, lambda lo, hi: factor * (hi - lo))
    assert run(scratch, "0 2").answers == ["6"]


def test_a_kernel_that_calls_itself_is_the_plain_function_there(scratch: Path) -> None:
    lay_out(scratch, calls_itself.function)
    assert run(scratch, "0 5").answers == ["5"]


class Index:
    def __index__(self) -> int:
        return 41


@pytest.mark.parametrize(
    "value, text",
    [(7, "7"), (-(2**127), str(-(2**127))), (2**127 - 1, str(2**127 - 1)), (True, "1"), (Index(), "41"),
     (3.0, "3.0"), (0.1, "0.1"), (-0.0, "-0.0"), (1e300, "1e+300"), (5e-324, "5e-324")],
)  # fmt: skip
def test_values_are_told_exactly(scratch: Path, value: object, text: str) -> None:
    lay_out(scratch, lambda lo, hi: value)
    assert run(scratch, "0 1").answers == [text]


@pytest.mark.parametrize(
    "value, words",
    [
        (None, "TypeError: <lambda> returned None, of type NoneType: it must return an int or a float"),
        ("7", "TypeError: <lambda> returned '7', of type str"),
        ([1], "TypeError: <lambda> returned [1], of type list"),
        (1j, "TypeError: <lambda> returned 1j, of type complex"),
        (2**127, "OverflowError: <lambda> returned an integer of 128 bits"),
        (float("nan"), "ValueError: <lambda> returned nan"),
        (float("-inf"), "ValueError: <lambda> returned -inf"),
    ],
)
def test_what_is_no_value(scratch: Path, value: object, words: str) -> None:
    lay_out(scratch, lambda lo, hi: value)
    said = run(scratch, "0 1", "1 2")
    assert (said.status, said.answers) == (1, [])
    assert said.last_words.startswith(words)


def test_with_the_fold_none_it_may_return_anything(scratch: Path) -> None:
    lay_out(scratch, lambda lo, hi: object())
    said = run(scratch, "0 1", "1 2", fold="none")
    assert said.status == 0 and len(said.answers) == 2


def prints(lo: int, hi: int) -> int:
    print("by print")
    os.write(1, b"by descriptor\n")
    os.system("echo by a child")
    sys.stdout.write("by stdout\n")
    assert sys.stdin.read() == "", "questions are not the function's to read"
    return hi


def test_what_a_function_prints_is_no_value(scratch: Path) -> None:
    lay_out(scratch, prints)
    said = run(scratch, "0 1", "1 2")
    assert (said.status, said.answers) == (0, ["1", "2"])
    for words in ("by print", "by descriptor", "by a child", "by stdout"):
        assert said.stderr.count(words) == 2


def raises(lo: int, hi: int) -> int:
    if lo == 0:
        return 0
    raise ValueError("not\nthis one")  # this line is in the traceback


def test_an_exception_is_told_with_its_traceback_and_in_the_last_line(scratch: Path) -> None:
    lay_out(scratch, raises)
    said = run(scratch, "0 1", "1 2", "2 3")
    assert (said.status, said.answers) == (1, ["0"])
    assert said.last_words == "ValueError: not this one"
    assert "this line is in the traceback" in said.stderr and "in raises" in said.stderr
    assert "pq_runner" not in said.stderr


@pytest.mark.parametrize("code", ["sys.exit(0)", "raise KeyboardInterrupt"])
def test_leaving_is_a_failure_too(scratch: Path, code: str) -> None:
    def leaves(lo: int, hi: int) -> None:
        exec(code, {"sys": sys})

    lay_out(scratch, leaves)
    assert run(scratch, "0 1").status == 1


def test_another_version_says_which_and_what_to_do(scratch: Path) -> None:
    lay_out(scratch, uses_its_module)
    said = run(scratch, "0 1", version="3.2")
    assert (said.status, said.answers) == (1, [])
    assert f"is Python {shipping.expected_version()}, and the function was sent by Python 3.2" in said.last_words
    assert 'pass python="python3.2"' in said.last_words and len(said.last_words) < 240


def test_a_module_that_is_not_there_is_named(scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "helpers.py").write_text("def twice(n):\n    return 2 * n\n")
    monkeypatch.syspath_prepend(str(tmp_path / "ours"))
    import helpers

    def uses_it(lo: int, hi: int) -> Any:
        return helpers.twice(hi - lo)

    lay_out(scratch, uses_it)
    said = run(scratch, "0 1")
    assert said.status == 1 and "needs the module helpers" in said.last_words
    assert 'modules=["helpers"]' in said.last_words
    for path in scratch.iterdir():
        subprocess.run(["rm", "-r", str(path)], check=True)
    lay_out(scratch, uses_it, ["helpers"])
    assert run(scratch, "0 3").answers == ["6"]
    del sys.modules["helpers"]


def test_a_function_of_an_imported_module_goes_by_value(
    scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "ours"
    (package / "mine").mkdir(parents=True)
    (package / "mine" / "__init__.py").write_text("")
    (package / "mine" / "parts.py").write_text("def twice(n):\n    return 2 * n\n")
    (package / "mine" / "whole.py").write_text(
        "from .parts import twice\ndef width_twice(lo, hi):\n    return twice(hi - lo)\n"
    )
    monkeypatch.syspath_prepend(str(package))
    from mine import whole

    lay_out(scratch, whole.width_twice)
    assert run(scratch, "0 3").answers == ["6"]
    for name in [name for name in sys.modules if name.partition(".")[0] == "mine"]:
        del sys.modules[name]


def test_a_function_of_a_script(scratch: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
            import sys, pq
            from pq import shipping
            FACTOR = 5
            class Counter:
                def count(self, lo, hi): return FACTOR * (hi - lo)
            @pq.kernel
            def count(lo, hi): return Counter().count(lo, hi)
            open(sys.argv[1], "wb").write(shipping.pickled(count.function))
        """)
    )
    lay_out(scratch, uses_its_module)
    source = str(Path(pq.__file__).resolve().parents[1])
    subprocess.run(
        [sys.executable, str(script), str(scratch / "function.pickle")],
        check=True,
        env={**os.environ, "PYTHONPATH": source},
    )
    assert run(scratch, "0 3").answers == ["15"]


def test_the_same_function_is_the_same_files() -> None:
    first, second = (sorted(file.hash for file in shipping.files_of(uses_its_module, ())) for _ in range(2))
    assert first == second


def test_called_it_runs_here_and_is_itself() -> None:
    assert calls_itself(0, 3) == 3
    assert calls_itself.__name__ == "calls_itself"  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        pq.kernel(7)  # type: ignore[call-overload]


@pytest.mark.parametrize("setting, answer", [({}, "1"), ({"PQ_ANSWERS": "echo"}, "4 5 1")])
def test_an_agent_that_reads_no_echo_gets_none(scratch: Path, setting: dict[str, str], answer: str) -> None:
    lay_out(scratch, lambda lo, hi: hi - lo)
    environment = {"PATH": os.environ["PATH"], "PQ_AGENT": "mark", **setting}
    said = subprocess.run(
        list(shipping.command(sys.executable, "sum")),
        cwd=scratch,
        input="4 5\n",
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )
    assert said.stdout == answer + "\n"
