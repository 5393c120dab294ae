"""What the API takes and gives for sites, groups and devices."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from app.core.pagination import Listing
from app.core.schemas import Answer, Name, Schema

MOST_GROUPS = 50

type DeviceId = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$", max_length=63)
]
type DeviceStatus = Literal["online", "offline", "unknown"]
type GroupIds = Annotated[list[UUID], Field(max_length=MOST_GROUPS)]


class PlaceInput(Schema):
    """A site or a group."""

    name: Name


class PlaceAnswer(Answer):
    """A site or a group."""

    id: UUID
    name: str
    created_at: datetime


class DeviceInput(Schema):
    """A device to provision."""

    id: DeviceId
    name: Name
    site_id: UUID | None = None
    group_ids: GroupIds = []
    expires_at: AwareDatetime | None = None


class DeviceChange(Schema):
    """What to change; with `version`, only if nobody else has changed it since."""

    name: Name | None = None
    site_id: UUID | None = None
    group_ids: GroupIds | None = None
    active: bool | None = None
    version: int | None = None


class DeviceListing(Listing):
    """Which devices are asked for."""

    site: UUID | None = None
    group: UUID | None = None
    status: DeviceStatus | None = None


class DeviceAnswer(Answer):
    """A device as it is known."""

    id: str
    name: str
    site_id: UUID | None
    groups: list[PlaceAnswer]
    status: DeviceStatus
    last_seen_at: datetime | None
    active: bool
    created_at: datetime
    version: int


class CredentialInput(Schema):
    """When the new secret ends, if it does."""

    expires_at: AwareDatetime | None = None


class CredentialAnswer(Answer):
    """How a device gets in. The secret is shown here and nowhere else."""

    username: str
    client_id: str
    secret: str
    expires_at: datetime | None

    @classmethod
    def of(cls, device_id: str, secret: str, expires_at: datetime | None) -> Self:
        """Return what a device needs to know of itself."""
        return cls(
            username=device_id,
            client_id=device_id,
            secret=secret,
            expires_at=expires_at,
        )


class ProvisionedAnswer(Answer):
    """A new device, and how it gets in."""

    device: DeviceAnswer
    credential: CredentialAnswer
