"""Python functions and programs, with a real head and agents that run them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import pq
from heads import Head
from pq import shipping

pytestmark = pytest.mark.programs

FACTOR = 3


def is_prime(n: int) -> bool:
    return n > 1 and all(n % d for d in range(2, int(n**0.5) + 1))


@pq.kernel
def count_primes(lo: int, hi: int) -> int:
    return sum(is_prime(n) for n in range(lo, hi))


def test_a_prime_counter(running: Head) -> None:
    assert count_primes.over(0, 20_000, client=running.client(), progress=False) == 2262
    job = count_primes.submit("1e3:2e3", client=running.client())
    assert job.result(timeout=60) == 135 and job.status().name == "count_primes"
    assert count_primes(0, 100) == 25


def test_the_aliases_of_ray(running: Head, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PQ_STATE_DIR", str(running.state_dir))
    with pq.init():

        @pq.remote
        def width(lo: int, hi: int) -> int:
            return hi - lo

        refs = [width.remote(lo, lo + 10) for lo in range(0, 400, 10)]
        assert pq.get(refs) == [10] * 40


@pytest.mark.parametrize("fold, value", [("sum", 45), ("min", 0), ("max", 9), ("none", None)])
def test_folds(running: Head, fold: str, value: object) -> None:
    @pq.kernel(fold=fold, step=1)
    def same(lo: int, hi: int) -> int:
        return lo

    assert same.over(0, 10, client=running.client(), progress=False) == value


def test_floats_and_wide_integers(running: Head) -> None:
    @pq.kernel(step=1)
    def half(lo: int, hi: int) -> float:
        return 0.5

    @pq.kernel(step=1)
    def wide(lo: int, hi: int) -> int:
        return -(2**100)

    client = running.client()
    value = half.over(0, 8, client=client, progress=False)
    assert value == 4.0 and isinstance(value, float)
    assert wide.over(0, 8, client=client, progress=False) == -(2**103)


def test_closures_and_what_is_of_this_module(running: Head) -> None:
    offset = 4

    def scaled(n: int) -> int:
        return n * FACTOR

    @pq.kernel
    def uses_them(lo: int, hi: int) -> int:
        return sum(scaled(1) + offset for _ in range(lo, hi))

    assert uses_them.over(0, 1000, client=running.client(), progress=False) == 7000


def test_an_exception_comes_with_its_traceback(running: Head) -> None:
    @pq.kernel(attempts=1)
    def poison(lo: int, hi: int) -> int:
        if lo <= 17 < hi:
            raise ValueError("seventeen")  # the line that is to blame
        return hi - lo

    with pytest.raises(pq.JobFailed) as failed:
        poison.over(0, 32, client=running.client(), progress=False)
    text = str(failed.value)
    assert "ValueError: seventeen" in text and "the line that is to blame" in text and "(poison) failed" in text
    assert failed.value.status.failed_spans[0].range == (17, 18) and failed.value.status.value == 31
    assert "Traceback (most recent call last)" in (failed.value.traceback or "")


def test_prints_are_the_log(running: Head) -> None:
    @pq.kernel(step=5)
    def prints(lo: int, hi: int) -> int:
        print(f"asked for {lo}")
        print(999)
        return hi - lo

    job = prints.submit(0, 10, client=running.client())
    assert job.result(timeout=60) == 10
    said = "".join(entry.text for entry in job.logs(follow=True))
    assert "asked for 0" in said and "asked for 5" in said


def test_another_python_is_told_at_once(running: Head, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipping, "expected_version", lambda: "3.2")
    with pytest.raises(pq.JobFailed, match="and the function was sent by Python 3.2") as failed:
        pq.kernel(attempts=1, max_failures=3)(count_primes.function).over(
            0, 10, client=running.client(), progress=False
        )
    assert 'pass python="python3.2"' in str(failed.value)


def test_an_interpreter_that_is_not_there(running: Head) -> None:
    with pytest.raises(pq.JobFailed, match="python9.9"):
        pq.kernel(python="python9.9", max_failures=3)(count_primes.function).over(
            0, 10, client=running.client(), progress=False
        )


def test_a_function_that_kills_its_interpreter(running: Head) -> None:
    @pq.kernel(attempts=2)
    def kills(lo: int, hi: int) -> int:
        if lo <= 5 < hi:
            os.kill(os.getpid(), signal.SIGKILL)
        return hi - lo

    with pytest.raises(pq.JobFailed, match="killed by signal 9") as failed:
        kills.over(0, 8, client=running.client(), progress=False)
    assert [span.range for span in failed.value.status.failed_spans] == [(5, 6)]
    assert failed.value.status.value == failed.value.partial == 7
    assert "(a partial sum 7 of 7 of its 8 integers)" in str(failed.value), "a part is never taken for the total"
    assert not failed.value.status.value_is_final


def test_what_it_returns_must_be_a_number(running: Head) -> None:
    @pq.kernel(attempts=1, max_failures=3)
    def forgets(lo: int, hi: int) -> None:
        pass

    with pytest.raises(pq.JobFailed, match="forgets returned None, of type NoneType"):
        forgets.over(0, 10, client=running.client(), progress=False)


def test_retry_after_a_failure(running: Head, tmp_path: Path) -> None:
    mark = str(tmp_path / "mended")

    @pq.kernel(attempts=1)
    def waits_for_the_mark(lo: int, hi: int) -> int:
        if not os.path.exists(mark):
            raise RuntimeError("not yet")
        return hi - lo

    job = waits_for_the_mark.submit(0, 1, client=running.client())
    assert isinstance(job.future().exception(timeout=60), pq.JobFailed)
    Path(mark).touch()
    job.retry()
    assert job.future().result(timeout=60) == 1


def test_a_script_and_its_progress(running: Head, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
            import pq
            FACTOR = 5
            def helper(n): return FACTOR * n
            @pq.kernel
            def count(lo, hi): return helper(hi - lo)
            print(count.over(0, 1000))
        """)
    )
    ended = subprocess.run(
        [sys.executable, str(script)], env=running.environment(), capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == "5000\n" and "(count) done: 5000 in 0:1000" in ended.stderr


# ---------------------------------------------------------------- programs in other languages


def test_a_shell_command(running: Head) -> None:
    job = running.client().submit((0, 1000), command=["sh", "-c", "echo $((PQ_HI - PQ_LO))"], timeout="1m", memory="1G")
    assert job.result(timeout=60) == 1000 and job.status().command is not None


def test_files_directories_and_executables(running: Head, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "factor").write_text("3\n")
    sim = tmp_path / "sim"
    sim.write_text("#!/bin/sh\nread f < data/deep/factor; read g < more; echo $((f * g * ($2 - $1)))\n")
    sim.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    job = running.client().submit((0, 10), command="./sim {lo} {hi}", files=["data", ("more", b"7\n")])
    assert job.result(timeout=60) == 210


def test_a_large_file(running: Head) -> None:
    large = os.urandom(3_000_000)
    job = running.client().submit((0, 1), command=["sh", "-c", "wc -c < large"], files=[("large", large)])
    assert job.result(timeout=60) == len(large)
    again = running.client().submit((0, 1), command=["sh", "-c", "wc -c < large"], files=[("large", large)])
    assert again.result(timeout=60) == len(large)


def test_a_list_and_its_output(running: Head) -> None:
    items = ["a b", "", "π", "$(false)"]
    job = running.client().map(["echo", "[{item}]"], items, fold="none", collect=True)
    assert job.result(timeout=60) is None
    assert b"".join(job.output()).decode() == "".join(f"[{item}]\n" for item in items)


def test_failed_logs_by_span(running: Head) -> None:
    words = ["sh", "-c", 'echo "at $PQ_LO" >&2; test $PQ_LO -ne 3 && echo 1']
    job = running.client().submit((0, 5), command=words, step=1, attempts=1)
    assert isinstance(job.exception(timeout=60), pq.JobFailed)
    entries: list[Any] = list(job.logs(failed=True, span=3))
    assert [entry.text for entry in entries if entry.stream == "stderr"] == ["at 3\n"]
    assert entries[-1].failed and entries[-1].run == (3, 4) and entries[-1].attempt == 1


def test_requirements_that_nobody_meets(running: Head) -> None:
    job = running.client().submit((0, 1), command="true", require={"zone": "nowhere"})
    with pytest.raises(TimeoutError):
        job.wait(timeout=0.5)
    assert "zone" in (job.status().unplaced or "")
    job.cancel()
