"""What every error of pq looks like: a status, one line on stderr, and nothing on stdout."""

from __future__ import annotations

from program import Outcome

SIGNS_OF_A_CRASH = ("terminate called", "what():", "std::", "backtrace", "Assertion", "core dumped")


def expect_refusal(outcome: Outcome, program: str, status: int, *fragments: str) -> None:
    """The line says what happened, the value that caused it and what to do next; `fragments` of that.

    SQLite may have said something of it before, in the log.
    """
    assert outcome.status == status, outcome
    assert outcome.stdout == "", outcome
    told = "".join(line for line in outcome.stderr.splitlines(keepends=True) if " warning: SQLite: " not in line)
    assert told.startswith(f"{program}: ") and told.endswith("\n"), outcome
    assert told.count("\n") == 1, f"not one line: {outcome.stderr!r}"
    for fragment in fragments:
        assert fragment in told, outcome
    for sign in SIGNS_OF_A_CRASH:
        assert sign not in outcome.stderr, outcome
