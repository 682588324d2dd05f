"""Messages as bytes, against samples written out by hand from common/protocol/PROTOCOL.md."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from pq.status import job_status
from pq.submission import byte_count, make_submission, milliseconds
from pq.wire import Value, pack, unpack, value_of

REPORT: dict[str, Any] = {
    "job": 7, "state": "running", "done": 5, "failed": 1, "leases": {"granted": 3, "expired": 1, "yielded": 0},
    "recomputed": 0, "attempts_failed": 3, "slots_busy": 2, "rate_per_s": 2.5, "created_unix_ms": 1_700_000_000_000,
    "spec": {"range": [0, 2**64 - 1], "kernel": "exec", "fold": "sum", "name": "demo", "priority": -1,
             "attempts_max": 3, "failures_max": 100, "program": {"words": ["./sim", "{lo}"]}},
    "failed_spans": [{"range": [3, 4], "attempts": 3, "error": "exit status 1: no"}],
}  # fmt: skip


def test_a_question_is_one_map_with_its_envelope() -> None:
    assert pack("ask_job", 3, {"job": 2**64 - 1}) == bytes.fromhex(
        "84 a176 01 a174 a761736b5f6a6f62 a171 03 a36a6f62 cfffffffffffffffff"
    )


def test_bytes_travel_as_bin_and_texts_as_str() -> None:
    assert pack("put_file", 1, {"part": b"\0\xff"}).endswith(bytes.fromhex("a470617274 c4 02 00ff"))


@pytest.mark.parametrize(
    "sent, value",
    [
        (7, 7),
        (-(2**63), -(2**63)),
        (2**64 - 1, 2**64 - 1),
        ("170141183460469231731687303715884105727", 2**127 - 1),
        ("-170141183460469231731687303715884105728", -(2**127)),
        (3.0, 3.0),
        (None, None),
    ],
)
def test_values_are_exact(sent: Any, value: Value) -> None:
    read = value_of(msgpack.unpackb(msgpack.packb(sent)))
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize(
    "frame", [b"", b"\xc1", b"\x80", b"\x01", b"\x81\xa1t\x01", b"\x82\xa1t", b"\x81\xa1t\xa1x\x00"]
)
def test_what_is_no_message(frame: bytes) -> None:
    assert unpack(frame) is None


def test_texts_that_are_no_utf8_do_not_hide_a_message() -> None:
    message = unpack(b"\x82\xa1t\xa3job\xa5error\xa2\xff\xfe")
    assert message is not None and "\ufffd" in message["error"]


def test_a_job_report() -> None:
    status = job_status(REPORT)
    assert (status.id, status.title, status.range.width) == (7, "job 7 (demo)", 2**64 - 1)
    assert status.value is None and not status.has_ended and status.fraction < 1
    assert status.failed_spans[0].range == (3, 4) and status.last_words == "exit status 1: no"
    assert status.command == ("./sim", "{lo}") and status.cpus == 1 and status.require == {}
    assert status.submitter == "" and job_status({**REPORT, "submitter": "alice"}).submitter == "alice"
    assert status.created.isoformat() == "2023-11-14T22:13:20+00:00"


def test_unknown_fields_are_ignored() -> None:
    assert job_status({**REPORT, "mood": "good"}) == job_status(REPORT)


def test_a_submission_has_all_fields_of_the_protocol() -> None:
    submission = make_submission(
        (0, 10), command="./sim {lo} 'a b'", step=5, env={"SEED": "17"}, files=[("data", b"abc")], timeout="5m",
        memory="2G", require={"zone": "b", "arch": "x"}, stream=True, fold="max", attempts=1,
    )  # fmt: skip
    spec = submission.spec
    assert spec["kernel"] == "exec" and spec["range"] == [0, 10] and spec["attempts_max"] == 1
    assert spec["require"] == [{"key": "arch", "value": "x"}, {"key": "zone", "value": "b"}]
    assert spec["program"] == {
        "words": ["./sim", "{lo}", "a b"], "streams": True, "run_width": 5, "timeout_ms": 300_000,
        "memory_bytes": 2 << 30, "collects": False, "env": [{"name": "SEED", "value": "17"}],
        "files": [{"name": "data", "kind": "plain", "bytes": 3,
                   "hash": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}],
    }  # fmt: skip
    assert submission.id != make_submission((0, 10)).id


def test_secrets_are_said_only_where_there_are_some() -> None:
    submission = make_submission((0, 1), command="date", secrets={"TOKEN": "hush"})
    assert submission.spec["program"]["secrets"] == [{"name": "TOKEN", "value": "hush"}]
    assert "secrets" not in make_submission((0, 1), command="date").spec["program"]
    with pytest.raises(TypeError):
        make_submission((0, 1), secrets={"TOKEN": "hush"})


def test_an_express_program_has_a_limit_of_its_runs() -> None:
    submission = make_submission((0, 1), command="date", express=True)
    assert (submission.spec["program"]["express"], submission.spec["program"]["timeout_ms"]) == (True, 10_000)
    shorter = make_submission((0, 1), command="date", express=True, timeout="2s")
    assert shorter.spec["program"]["timeout_ms"] == 2_000
    assert "express" not in make_submission((0, 1), command="date").spec["program"]
    with pytest.raises(TypeError):
        make_submission((0, 1), express=True)


def test_a_list_is_a_file_and_a_range_that_begins_at_1() -> None:
    submission = make_submission(each=["a", "", "π"], command=["echo", "{item}"])
    assert submission.spec["range"] == [1, 4]
    assert submission.spec["program"]["run_width"] == 1
    assert submission.files[0].open().read() == "a\n\nπ\n".encode()


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"range": (0, 1), "each": ["a"], "command": "true"},
        {"each": ["a"]},
        {"each": "abc", "command": "true"},
        {"range": (0, 1), "step": 5},
        {"range": (0, 1), "require": "a=b"},
    ],
)
def test_what_does_not_go_together(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        make_submission(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"range": "0:1", "command": ""}, {"command": "true", "each": []}, {"command": "true", "each": ["a\nb"]},
     {"range": "0:1", "command": "true", "timeout": "5"}, {"range": "0:1", "command": "true", "memory": "2x"},
     {"range": "0:1", "require": ["zone"]}],
)  # fmt: skip
def test_what_makes_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        make_submission(**wrong)


def test_units() -> None:
    assert [milliseconds(time) for time in (None, 1.5, "500ms", "2h")] == [0, 1500, 500, 7_200_000]
    assert [byte_count(size) for size in (None, 100, "1K", "3G")] == [0, 100, 1024, 3 << 30]
