"""The schemas: they are sound, tell of all that is said, and what they refuse is wrong."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

import schemas
from cluster import Cluster
from program import REPOSITORY

EVERY = sorted(path.name[: -len(".json")] for path in schemas.SCHEMAS.glob("pq.*.json"))


def parts(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for item in schema for found in parts(item)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(found for value in schema.values() for found in parts(value))]


@pytest.mark.parametrize("name", EVERY)
def test_schema_is_sound_and_says_what_each_field_is(name: str) -> None:
    document = json.loads((schemas.SCHEMAS / f"{name}.json").read_text())
    assert document["$id"] == f"{name}.json"
    jsonschema.Draft202012Validator.check_schema(document)
    jsonschema.Draft202012Validator.check_schema(schemas.whole(document, document))
    for part in parts(document):
        for key, field in part.get("properties", {}).items():
            described = {"description", "$ref", "const"} & field.keys()
            assert described, f"{name}: nothing is said of {key}"
        assert set(part.get("required", [])) <= set(part.get("properties", {})), name


def test_every_schema_that_the_sources_name_is_described() -> None:
    named = set()
    for folder in ("common", "client", "daemon"):
        for source in (REPOSITORY / folder).rglob("*.h"):
            words = source.read_text().split('"')
            named |= {word for word in words if word.startswith("pq.") and word.endswith("/1") and " " not in word}
    assert len(named) > 15
    for name in named:
        assert schemas.file_of(name).is_file(), name
    described = {name[: -len(".1")] + "/1" for name in EVERY} - {"pq.common/1"}
    assert described == named


def test_wrong_answer_is_refused(cluster: Cluster) -> None:
    cluster.start_head()
    job = cluster.job(cluster.submit("1e7:+1e6"))
    schemas.check(job)
    for key, value in {"id": "7", "done": 17, "state": "jumping", "value": "one", "surprise": 1}.items():
        with pytest.raises(AssertionError):
            schemas.check({**job, key: value})
    with pytest.raises(AssertionError):
        schemas.check({key: value for key, value in job.items() if key != "width"})
    with pytest.raises(AssertionError):
        schemas.check({"schema": "pq.surprise/1"})
