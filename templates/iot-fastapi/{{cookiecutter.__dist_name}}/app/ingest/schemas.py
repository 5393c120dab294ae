"""What the API gives of dead letters."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import field_validator

from app.core.pagination import Listing
from app.core.schemas import Answer
from app.devices.schemas import DeviceId
from app.ingest.validate import Reason


class DeadLetterListing(Listing):
    """Which dead letters are asked for."""

    device: DeviceId | None = None
    reason: Reason | None = None


class DeadLetterAnswer(Answer):
    """A message that was refused; of its payload the beginning, as text."""

    id: UUID
    device_id: str
    topic: str
    reason: Reason
    detail: str
    payload: str
    received_at: datetime

    @field_validator("payload", mode="before")
    @classmethod
    def readable(cls, payload: bytes) -> str:
        """Show bytes that are no text as what stands for them."""
        return payload.decode(errors="replace")
