"""The protocol's description: what it names is what the server speaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from app.live import actions
from app.live.protocol import CLIENT, SCHEMAS, SUBPROTOCOL, Close

pytestmark = pytest.mark.milestone(5)
DOCS = Path(__file__).parents[1] / "docs"
PREFIX = "../app/live/schemas.json#/$defs/"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """Return the description."""
    text = (DOCS / "asyncapi.yaml").read_text(encoding="utf-8")
    made: dict[str, Any] = yaml.safe_load(text)
    return made


def test_it_is_asyncapi_3(described: dict[str, Any]) -> None:
    """With the parts that the specification wants, and both directions."""
    assert described["asyncapi"].startswith("3.")
    assert {"title", "version"} <= set(described["info"])
    actions_of = {one["action"] for one in described["operations"].values()}
    assert actions_of == {"send", "receive"}


def test_every_message_refers_to_its_schema(described: dict[str, Any]) -> None:
    """All frames are described, each by the schema that the server and tests use."""
    for side, schemas in (
        ("client", SCHEMAS["$defs"]["client"]),
        ("server", SCHEMAS["$defs"]["server"]),
    ):
        messages = described["components"]["messages"]
        found = {
            message["payload"]["$ref"].removeprefix(f"{PREFIX}{side}/"): message
            for message in messages.values()
            if f"/{side}/" in message["payload"]["$ref"]
        }
        assert set(found) == set(schemas)
        for name, message in found.items():
            assert message["title"] == schemas[name]["title"]


def test_the_channel_has_every_message(described: dict[str, Any]) -> None:
    """The one address, and all that goes over it."""
    (channel,) = described["channels"].values()
    assert channel["address"] == "/ws"
    names = {one["$ref"].rpartition("/")[2] for one in channel["messages"].values()}
    assert names == set(described["components"]["messages"])
    for operation in described["operations"].values():
        for one in operation["messages"]:
            assert one["$ref"].rpartition("/")[2] in channel["messages"]


def test_codes_and_subprotocol_are_told(described: dict[str, Any]) -> None:
    """What a client has to know to come back, or not to."""
    text = json.dumps(described)
    for code in (*Close, 1012):
        assert str(int(code)) in text
    assert SUBPROTOCOL in text


def test_schemas_are_schemas() -> None:
    """Of the draft that they name; each refuses fields that it does not know."""
    for side in ("client", "server"):
        for schema in SCHEMAS["$defs"][side].values():
            assert jsonschema_rs.meta.is_valid(schema)
            assert schema["additionalProperties"] is False


def test_every_frame_of_a_client_does_something() -> None:
    """Hello is the reader's; the others have a handler."""
    assert set(CLIENT) == {"hello", *actions.HANDLERS}
