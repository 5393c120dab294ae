"""The published JSON Schema accepts and refuses the same assignments as the reader."""

import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scaffold.assignment import loading, model, reader
from scaffold.errors import BadInput
from tests.cohort.test_bad_input import BROKEN_ASSIGNMENTS
from tests.course import ASSIGNMENT

SCHEMA = json.loads((Path(model.__file__).parent / "schema.json").read_text(encoding="utf-8"))
# Problems that a JSON Schema cannot express, or that need the templates.
NOT_IN_SCHEMA = {
    "empty", "no TOML", "cut off", "Latin-1", "huge", "deep", "template", "too old", "question", "choice",
    "Jinja", "both", "placeholder", "due as text", "due without zone", "due as a day", "due long ago",
    "title", "repository", "glob", "lines",
}  # fmt: skip


def as_json(value: Any) -> Any:  # noqa: ANN401 - what TOML holds
    """Return a TOML value as JSON, with dates as strings."""
    if isinstance(value, dict):
        return {key: as_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_json(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value


def test_the_schema_is_valid() -> None:
    """JSON Schema draft 2020-12."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_has_the_keys_of_the_reader() -> None:
    """In every table."""
    for path, keys in reader.KEYS.items():
        table = SCHEMA
        for key in path:
            table = table["properties"][key]
        assert set(table["properties"]) == set(keys)
        assert table["additionalProperties"] is False
    assert set(SCHEMA["required"]) == set(reader.REQUIRED)


@pytest.mark.parametrize("extra", ["", '[commit]\nauthor = "A <a@b>"\ndate = 2026-01-01T00:00:00Z\n'])
def test_the_schema_accepts_valid_assignments(extra: str) -> None:
    """A small one, and one with every key."""
    text = (ASSIGNMENT + extra).replace("[template]", 'repository = "{assignment}-{username}"\n[template]')
    loading.parse(text.encode(), "a")
    jsonschema.validate(as_json(tomllib.loads(text)), SCHEMA)


@pytest.mark.parametrize("name", [each[0] for each in BROKEN_ASSIGNMENTS if each[0] not in NOT_IN_SCHEMA])
def test_the_schema_refuses_invalid_assignments(name: str) -> None:
    """As far as a schema can express it."""
    text = next(str(each[1]) for each in BROKEN_ASSIGNMENTS if each[0] == name)
    with pytest.raises(BadInput):
        loading.parse(text.encode(), "a")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_json(tomllib.loads(text)), SCHEMA)
