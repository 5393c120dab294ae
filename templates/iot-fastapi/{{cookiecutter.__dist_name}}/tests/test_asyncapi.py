"""docs/asyncapi.yaml says what the code does: topics, directions, limits, payloads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter

from app.mqtt import messages, topics
from app.mqtt.messages import READING, READINGS

pytestmark = pytest.mark.milestone(4)
FILE = Path(__file__).parents[1] / "docs/asyncapi.yaml"
MODELS: dict[str, type[BaseModel]] = {
    "telemetry": messages.Telemetry,
    "status": messages.Status,
    "command": messages.Command,
    "commandAcknowledgement": messages.Acknowledgement,
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return the document."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def resolved(document: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Return what a `$ref` leads to, or what there is without one."""
    if "$ref" in found:
        target: Any = document
        for part in found["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return resolved(document, target)
    return found


def untitled(schema: Any) -> Any:
    """Return a schema without the titles that Pydantic makes up."""
    if isinstance(schema, dict):
        return {
            key: untitled(value)
            for key, value in schema.items()
            if key != "title" or not isinstance(value, str)
        }
    return [untitled(one) for one in schema] if isinstance(schema, list) else schema


def test_it_has_every_topic_and_no_other(document: dict[str, Any]) -> None:
    """The channels are the table of topics."""
    assert document["asyncapi"].startswith("3.")
    channels = {
        name: channel["address"] for name, channel in document["channels"].items()
    }
    assert channels == {topic.name: topic.of("{device}") for topic in topics.TOPICS}
    pattern = document["components"]["parameters"]["device"]["description"]
    assert topics.DEVICE_ID.pattern in pattern


def test_the_platform_receives_what_devices_send(document: dict[str, Any]) -> None:
    """Each topic has one operation, in its direction, with QoS 1."""
    actions = {
        one["channel"]["$ref"].rpartition("/")[2]: one["action"]
        for one in document["operations"].values()
    }
    sender = {"receive": "device", "send": "platform"}
    assert {name: sender[action] for name, action in actions.items()} == {
        topic.name: topic.sender for topic in topics.TOPICS
    }
    for one in document["operations"].values():
        assert resolved(document, one["bindings"])["mqtt"]["qos"] == 1


def test_its_schemas_are_those_of_the_models(document: dict[str, Any]) -> None:
    """Field by field, with every limit."""
    schemas = document["components"]["schemas"]
    assert schemas == {
        model.__name__: untitled(model.model_json_schema()) for model in MODELS.values()
    }
    telemetry = document["components"]["messages"]["telemetry"]
    one, many = telemetry["payload"]["oneOf"]
    assert one == many["items"] == {"$ref": "#/components/schemas/Telemetry"}
    assert (many["minItems"], many["maxItems"]) == (1, messages.MAX_READINGS)
    assert f"{messages.MAX_PAYLOAD_BYTES:,} bytes" in telemetry["summary"]


@pytest.mark.parametrize("name", MODELS)
def test_its_examples_are_good(name: str, document: dict[str, Any]) -> None:
    """The code takes them as they stand there."""
    found = document["channels"][name]["messages"][name]
    for example in resolved(document, found)["examples"]:
        payload = example["payload"]
        adapter: TypeAdapter[Any] = TypeAdapter(MODELS[name])
        if name == "telemetry":
            adapter = READINGS if isinstance(payload, list) else READING
        adapter.validate_json(json.dumps(payload))


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """None is broken."""

    def walk(found: Any) -> int:
        if isinstance(found, dict):
            return bool("$ref" in found and resolved(document, found)) + sum(
                walk(value) for value in found.values()
            )
        return sum(map(walk, found)) if isinstance(found, list) else 0

    assert walk(document) > 10


def test_mosquitto_takes_what_the_platform_takes() -> None:
    """Its limit for a packet has room for the largest payload and its topic."""
    text = (FILE.parents[1] / "mosquitto/mosquitto.conf").read_text(encoding="utf-8")
    given = dict(line.split(maxsplit=1) for line in text.splitlines() if " " in line)
    limit = int(given["max_packet_size"])
    assert messages.MAX_PAYLOAD_BYTES < limit < messages.MAX_PAYLOAD_BYTES * 1.1
