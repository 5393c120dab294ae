"""Dead letters, for whoever has to mend a device."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from pydantic import field_validator

from app.accounts.access import DeviceManager
from app.core.database import Session
from app.core.pagination import Listing, keyset
from app.core.schemas import Answer, Page
from app.devices.schemas import DeviceId
from app.ingest.models import DeadLetter
from app.ingest.validate import Reason

router = APIRouter(prefix="/api/v1/dead-letters", tags=["dead letters"])


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


@router.get("", response_model=Page[DeadLetterAnswer])
async def list_dead_letters(
    _: DeviceManager,
    request: Request,
    session: Session,
    listing: Annotated[DeadLetterListing, Query()],
) -> dict[str, Any]:
    """List what ingest refused, the newest first."""
    query = sa.select(DeadLetter)
    if listing.device is not None:
        query = query.where(DeadLetter.device_id == listing.device)
    if listing.reason is not None:
        query = query.where(DeadLetter.reason == listing.reason.value)
    items, after = await keyset(
        session,
        request.app.state.settings,
        query,
        [DeadLetter.id],
        listing,
        descending=True,
    )
    return {"items": items, "next": after}
