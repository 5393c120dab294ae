"""What the API takes and gives for rules, alerts and channels."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    EmailStr,
    Field,
    HttpUrl,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from app.core.pagination import Listing
from app.core.schemas import Answer, Name, Schema
from app.devices.schemas import DeviceId
from app.readings.schemas import MetricName

MOST_CHANNELS, MOST_TARGET = 20, 500
LONGEST_WINDOW = 86400

type Number = Annotated[float, Field(allow_inf_nan=False)]
type Kind = Literal["above", "below", "silence"]
type Status = Literal["open", "acknowledged", "resolved"]
EMAIL, ADDRESS = TypeAdapter(EmailStr), TypeAdapter(HttpUrl)


class RuleInput(Schema):
    """A rule: about one device, the devices of a group, or all."""

    name: Name
    kind: Kind
    device_id: DeviceId | None = None
    group_id: UUID | None = None
    metric: MetricName | None = None
    threshold: Number | None = None
    clear: Number | None = None
    window_seconds: Annotated[int, Field(ge=1, le=LONGEST_WINDOW)] = 60
    channel_ids: Annotated[list[UUID], Field(max_length=MOST_CHANNELS)] = []
    active: bool = True

    @model_validator(mode="after")
    def make_sense(self) -> Self:
        """Refuse limits that do not fit the kind, or that cross each other."""
        if self.device_id is not None and self.group_id is not None:
            raise ValueError("a rule is about a device or a group, not both")
        if self.kind == "silence":
            if self.threshold is not None or self.clear is not None:
                raise ValueError("silence has a window and no threshold")
            return self
        if self.metric is None or self.threshold is None:
            raise ValueError("`metric` and `threshold` are needed")
        if self.clear is None:
            self.clear = self.threshold
        gap = self.threshold - self.clear
        if (gap < 0 and self.kind == "above") or (gap > 0 and self.kind == "below"):
            raise ValueError("`clear` is on the wrong side of `threshold`")
        return self


class ChannelInput(Schema):
    """A way to tell somebody."""

    name: Name
    kind: Literal["email", "webhook", "sns"]
    target: Annotated[str, Field(max_length=MOST_TARGET)] = ""

    @model_validator(mode="after")
    def fits(self) -> Self:
        """Refuse a target that is not of the kind."""
        try:
            if self.kind == "email":
                EMAIL.validate_python(self.target)
            elif self.kind == "webhook":
                url = ADDRESS.validate_python(self.target)
                if url.username or url.password:
                    raise ValueError("`target` holds a password")
                self.target = str(url)
            elif self.target:
                raise ValueError("SNS_TOPIC_ARN says where to; leave `target` out")
        except ValidationError as error:
            raise ValueError("`target` is not an address of this kind") from error
        if len(self.target) > MOST_TARGET:
            raise ValueError("`target` is too long")
        return self


class ChannelAnswer(Answer):
    """A way to tell somebody."""

    id: UUID
    name: str
    kind: str
    target: str
    created_at: datetime


class SecretAnswer(ChannelAnswer):
    """A channel, with the secret that signs its webhooks; others have none."""

    secret: str | None


class RuleAnswer(Answer):
    """A rule."""

    id: UUID
    name: str
    kind: Kind
    device_id: str | None
    group_id: UUID | None
    metric: str | None
    threshold: float | None
    clear: float | None
    window_seconds: int
    channels: list[ChannelAnswer]
    active: bool
    created_at: datetime


class AlertListing(Listing):
    """Which alerts are asked for."""

    status: Status | None = None
    device: DeviceId | None = None


class RuleName(Answer):
    """Which rule it is."""

    id: UUID
    name: str
    kind: Kind


class AlertAnswer(Answer):
    """An alert."""

    id: UUID
    rule: RuleName
    device_id: str
    status: Status
    value: float
    opened_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None


class EventAnswer(Answer):
    """A step of an alert."""

    status: Status
    at: datetime
    value: float | None
    by_name: str


class AlertWithHistory(AlertAnswer):
    """An alert, and how it came to be what it is."""

    history: list[EventAnswer]
