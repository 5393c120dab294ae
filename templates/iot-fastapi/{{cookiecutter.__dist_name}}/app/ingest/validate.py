"""Pure: a payload becomes readings, or a reason why it does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import ValidationError

from app.mqtt.messages import (
    MAX_PAYLOAD_BYTES,
    MAX_READINGS,
    READING,
    READINGS,
    Telemetry,
)

DETAIL_CHARACTERS = 300


class Reason(StrEnum):
    """Why something is a dead letter."""

    TOPIC = "topic"  # none of ours
    DEVICE = "device"  # unknown, or not active
    SIZE = "size"
    JSON = "json"
    SCHEMA = "schema"
    METRIC = "metric"  # unknown
    UNIT = "unit"  # not the metric's
    FUTURE = "future"  # the clock of the device is ahead
    PAST = "past"  # older than what is kept
    STORE = "store"  # the database refuses it, whatever is tried


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason, and a sentence for whoever mends the device."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What a reading is measured by: units of metrics, and how old or new it may be."""

    units: Mapping[str, str]
    oldest: datetime
    newest: datetime


def telemetry(payload: bytes, rules: Rules) -> tuple[list[Telemetry], list[Refusal]]:
    """Return the readings in a payload that are good, and what is wrong with the rest.

    One bad reading of a list does not cost the others; each counts for itself.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        return [], [Refusal(Reason.SIZE, f"{len(payload)} bytes")]
    try:
        if payload[:1] == b"[":
            candidates = READINGS.validate_json(payload)
        else:
            candidates = [READING.validate_json(payload)]
        refusals: list[Refusal] = []
    except ValidationError:
        candidates, refusals = one_by_one(payload)
    good = []
    for candidate in candidates:
        refusal = measure(candidate, rules)
        if refusal is None:
            good.append(candidate)
        else:
            refusals.append(refusal)
    return good, refusals


def measure(reading: Telemetry, rules: Rules) -> Refusal | None:
    """Return what is wrong with a well-formed reading, if anything is."""
    unit = rules.units.get(reading.metric)
    if unit == reading.unit and rules.oldest <= reading.time <= rules.newest:
        return None  # nearly always
    if unit is None:
        return Refusal(Reason.METRIC, f"There is no metric {reading.metric!r}.")
    if unit != reading.unit:
        detail = f"{reading.metric} is in {unit!r}, not {reading.unit!r}."
        return Refusal(Reason.UNIT, detail)
    if reading.time > rules.newest:
        return Refusal(Reason.FUTURE, f"{reading.time.isoformat()} is yet to come.")
    return Refusal(Reason.PAST, f"{reading.time.isoformat()} is too long ago.")


def one_by_one(payload: bytes) -> tuple[list[Telemetry], list[Refusal]]:
    """Find out what is wrong with a payload that is not good as a whole."""
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):  # a UnicodeDecodeError is a ValueError
        return [], [Refusal(Reason.JSON, "The payload is not JSON.")]
    items = found if isinstance(found, list) else [found]
    if len(items) > MAX_READINGS:
        return [], [Refusal(Reason.SIZE, f"{len(items)} readings")]
    if not items:
        return [], [Refusal(Reason.SCHEMA, "There is no reading in it.")]
    good, refusals = [], []
    for number, item in enumerate(items):
        try:
            good.append(READING.validate_json(json.dumps(item)))
        except ValidationError as error:
            where = f"{number}: " if found is items else ""
            refusals.append(Refusal(Reason.SCHEMA, where + explain(error)))
    return good, refusals


def explain(error: ValidationError) -> str:
    """Say in a line what a schema finds wrong, without repeating what was sent."""
    parts = (
        f"{'.'.join(map(str, one['loc'])) or 'payload'}: {one['msg']}"
        for one in error.errors(include_url=False, include_input=False)
    )
    # PostgreSQL has no text with a NUL in it, and a field may be called so.
    return "; ".join(parts).replace("\0", "�")[:DETAIL_CHARACTERS]
