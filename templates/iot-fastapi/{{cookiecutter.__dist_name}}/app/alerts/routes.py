"""Alerts over the API: what is wrong, and who looks after it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import selectinload

from app.accounts.access import AlertHandler, Reader
from app.alerts import routes_rules, services
from app.alerts.models import Alert
from app.alerts.schemas import AlertAnswer, AlertListing, AlertWithHistory
from app.core.database import Session, utcnow
from app.core.errors import Problem
from app.core.pagination import keyset
from app.core.schemas import Page

router = APIRouter()
alerts = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])


@alerts.get("", response_model=Page[AlertAnswer])
async def list_alerts(
    _: Reader,
    request: Request,
    session: Session,
    listing: Annotated[AlertListing, Query()],
) -> dict[str, Any]:
    """List alerts, the newest first: all, or those of a status or a device."""
    query = sa.select(Alert)
    if listing.status is not None:
        query = query.where(Alert.status == listing.status)
    if listing.device is not None:
        query = query.where(Alert.device_id == listing.device)
    settings = request.app.state.settings
    items, after = await keyset(
        session, settings, query, [Alert.id], listing, descending=True
    )
    return {"items": items, "next": after}


@alerts.get("/{alert_id}", response_model=AlertWithHistory)
async def read_alert(_: Reader, session: Session, alert_id: UUID) -> Alert:
    """Show an alert and its history."""
    query = sa.select(Alert).where(Alert.id == alert_id)
    found = await session.scalar(query.options(selectinload(Alert.history)))
    if found is None:
        raise Problem(404, "There is no such alert.")
    return found


@alerts.post("/{alert_id}/acknowledge", response_model=AlertAnswer)
async def acknowledge_alert(
    person: AlertHandler, session: Session, alert_id: UUID
) -> Alert:
    """Say that you look after it."""
    return await services.acknowledge(session, alert_id, person, utcnow())


@alerts.post("/{alert_id}/resolve", response_model=AlertAnswer)
async def resolve_alert(
    person: AlertHandler, session: Session, alert_id: UUID
) -> Alert:
    """End it by hand. If its cause stays, another one opens."""
    return await services.resolve(session, alert_id, person, utcnow())


router.include_router(alerts)
router.include_router(routes_rules.router)
