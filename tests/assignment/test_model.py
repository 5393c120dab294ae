"""What an assignment says about itself; the published schema says the same as the reader."""

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
# What only a program can tell that has the templates, or a JSON text has no word for.
BEYOND = {
    "empty", "no TOML", "cut off", "Latin-1", "huge", "deep", "template", "too old", "question", "choice",
    "Jinja", "both", "placeholder", "due as text", "due without zone", "due as a day", "due long ago",
    "title", "repository", "glob", "lines",
}  # fmt: skip


def as_json(value: Any) -> Any:  # noqa: ANN401 - what TOML holds
    """Return a TOML value as an editor checks it: dates are texts."""
    if isinstance(value, dict):
        return {key: as_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_json(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value


def test_the_schema_is_one() -> None:
    """Of the version that it names."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_names_the_keys_that_there_are() -> None:
    """No more and no fewer, table by table."""
    for path, keys in reader.KEYS.items():
        table = SCHEMA
        for key in path:
            table = table["properties"][key]
        assert set(table["properties"]) == set(keys)
        assert table["additionalProperties"] is False
    assert set(SCHEMA["required"]) == set(reader.REQUIRED)


@pytest.mark.parametrize("extra", ["", '[commit]\nauthor = "A <a@b>"\ndate = 2026-01-01T00:00:00Z\n'])
def test_the_schema_accepts_what_is_accepted(extra: str) -> None:
    """The small assignment, and one with everything."""
    text = (ASSIGNMENT + extra).replace("[template]", 'repository = "{assignment}-{username}"\n[template]')
    loading.parse(text.encode(), "a")
    jsonschema.validate(as_json(tomllib.loads(text)), SCHEMA)


@pytest.mark.parametrize("name", [each[0] for each in BROKEN_ASSIGNMENTS if each[0] not in BEYOND])
def test_the_schema_refuses_what_is_refused(name: str) -> None:
    """As far as a schema can tell."""
    text = next(str(each[1]) for each in BROKEN_ASSIGNMENTS if each[0] == name)
    with pytest.raises(BadInput):
        loading.parse(text.encode(), "a")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_json(tomllib.loads(text)), SCHEMA)
