"""Dead letters, for whoever has to mend a device."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from app.accounts.access import DeviceManager
from app.core.database import Session
from app.core.pagination import keyset
from app.core.schemas import Page
from app.ingest.models import DeadLetter
from app.ingest.schemas import DeadLetterAnswer, DeadLetterListing

router = APIRouter(prefix="/api/v1/dead-letters", tags=["dead letters"])


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
