"""What the API takes and gives for commands."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from app.core.schemas import Answer, Schema
from app.mqtt.messages import METRIC_PATTERN

MOST_ARGUMENT_BYTES = 4096


def small(arguments: dict[str, Any]) -> dict[str, Any]:
    """Refuse arguments that no device would want, and the NUL that no database has."""
    text = json.dumps(arguments)
    if len(text) > MOST_ARGUMENT_BYTES or "\\u0000" in text:
        raise ValueError("at most 4096 bytes of JSON, without a NUL")
    return arguments


class CommandInput(Schema):
    """What a device is to do, and for how many seconds that is worth doing."""

    name: Annotated[str, Field(pattern=METRIC_PATTERN)]
    arguments: Annotated[dict[str, Any], AfterValidator(small)] = {}
    expires_in: Annotated[int, Field(ge=5, le=24 * 3600)] = 60


class CommandAnswer(Answer):
    """A command, and how far it is."""

    id: UUID
    device_id: str
    name: str
    arguments: dict[str, Any]
    status: Literal["requested", "sent", "acknowledged", "failed", "expired"]
    detail: str
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
