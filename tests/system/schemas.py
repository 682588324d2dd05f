"""What programs read, held against common/report/schemas: strictly, so that the files tell of every field."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

SCHEMAS = Path(__file__).resolve().parents[2] / "common" / "report" / "schemas"


def file_of(name: str) -> Path:
    """`pq.job/1` is described in pq.job.1.json."""
    return SCHEMAS / f"{name.replace('/', '.')}.json"


def whole(part: Any, document: dict[str, Any]) -> Any:
    """The same with every reference replaced by what it names, and no room for fields that are not described."""
    if isinstance(part, list):
        return [whole(item, document) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        file, _, path = part["$ref"].partition("#")
        other = json.loads((SCHEMAS / file).read_text()) if file else document
        named = other
        for key in filter(None, path.split("/")):
            named = named[key]
        return whole(named, other)
    closed = {key: whole(value, document) for key, value in part.items()}
    if "properties" in closed:
        closed.setdefault("additionalProperties", False)
    return closed


@cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    document = json.loads(file_of(name).read_text())
    return jsonschema.Draft202012Validator(whole(document, document))


def check(told: Any) -> None:
    """One answer, as read from JSON."""
    name = told.get("schema") if isinstance(told, dict) else None
    assert name is not None, f"an answer without a schema: {str(told)[:200]}"
    assert file_of(name).is_file(), f"{name} is described nowhere in {SCHEMAS}"
    wrong = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
        for error in validator(name).iter_errors(told)
    ]
    assert not wrong, f"not as {file_of(name).name} says: {'; '.join(wrong[:5])}"


def check_lines(stdout: str) -> None:
    """All that a command has printed with --json: one answer a line."""
    for line in stdout.splitlines():
        check(json.loads(line))
