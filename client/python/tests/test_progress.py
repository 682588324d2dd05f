"""The bar, the line at the end, and neither."""

from __future__ import annotations

import io

from pq.progress import Progress, bar, duration, end_line, magnitude
from pq.status import job_status
from test_wire import REPORT


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


STATUS = job_status({**REPORT, "spec": {**REPORT["spec"], "range": [0, 10]}, "rate_per_s": 2.0})


def test_the_bar_tells_rate_and_time_left() -> None:
    assert bar(STATUS) == "job 7 (demo)   50.0%  [###############---------------]  2/s  2.0s left  1 failed"


def test_a_terminal_gets_a_bar_that_goes_and_then_a_line() -> None:
    to = Terminal()
    shown = Progress(None, to)
    shown.show(STATUS)
    shown.say("the end")
    assert "50.0%" in to.getvalue() and to.getvalue().endswith("\r\x1b[Kpq: the end\n")


def test_a_file_gets_the_line_alone_and_false_nothing() -> None:
    to = io.StringIO()
    shown = Progress(None, to)
    shown.show(STATUS)
    shown.say("the end")
    assert to.getvalue() == "pq: the end\n"
    to = Terminal()
    Progress(False, to).show(STATUS)
    Progress(False, to).say("the end")
    assert to.getvalue() == ""


def test_end_lines() -> None:
    done = job_status({**REPORT, "state": "done", "value": 4, "finished_unix_ms": REPORT["created_unix_ms"] + 1500})
    assert end_line(done) == "job 7 (demo) done: 4 in 0:18446744073709551615, 1.5s"
    failed = job_status({**REPORT, "state": "failed", "finished_unix_ms": REPORT["created_unix_ms"]})
    assert end_line(failed).endswith("0ms: exit status 1: no")


def test_figures() -> None:
    assert [magnitude(n) for n in (0, 999, 1500, 2.5e9)] == ["0", "999", "1.5k", "2.5G"]
    assert [duration(s) for s in (0.5, 5, 65, 3700, 100_000)] == ["500ms", "5.0s", "1m 5s", "1h 2m", "1d 3h"]
