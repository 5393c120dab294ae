"""What the messages say: one model per topic, strict, with nothing unknown in it."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

MAX_PAYLOAD_BYTES = 65_536  # as mosquitto.conf says too
MAX_READINGS = 500

METRIC_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
Metric = Annotated[str, Field(pattern=METRIC_PATTERN)]
# No sensor measures more, and sums and squares of all readings stay finite.
MAX_VALUE = 1e100
# Closer to zero is stored as zero: PostgreSQL refuses a division that underflows.
MIN_VALUE = 1e-100
Value = Annotated[float, Field(ge=-MAX_VALUE, le=MAX_VALUE, allow_inf_nan=False)]


class Message(BaseModel):
    """The base of them all."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Telemetry(Message):
    """One reading of one metric."""

    metric: Metric
    unit: Annotated[str, Field(max_length=16)]
    time: AwareDatetime
    value: Value


class Status(Message):
    """A device says that it is there; the broker says for it that it is gone."""

    status: Literal["online", "offline"]


class Command(Message):
    """Something to do, until a time; a device does each `id` once."""

    id: UUID
    name: Annotated[str, Field(pattern=METRIC_PATTERN)]
    arguments: dict[str, Any] = Field(default_factory=dict)
    expires_at: AwareDatetime


class Acknowledgement(Message):
    """What became of a command."""

    id: UUID
    status: Literal["acknowledged", "failed"]
    detail: Annotated[str, Field(max_length=500)] = ""


READING = TypeAdapter(Telemetry)
READINGS = TypeAdapter(
    Annotated[list[Telemetry], Field(min_length=1, max_length=MAX_READINGS)]
)
