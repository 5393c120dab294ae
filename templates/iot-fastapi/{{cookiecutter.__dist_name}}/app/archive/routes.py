"""The archive over the API: which days there are, and links to fetch them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import FileResponse
from pydantic import AnyHttpUrl

from app.accounts.access import Exporter
from app.archive.stores import LINK_SECONDS, MEDIA_TYPE, Folder, store_of
from app.core.database import Session, utcnow
from app.core.errors import Problem
from app.core.pagination import Listing, keyset
from app.core.schemas import Answer, Page
from app.readings.models import Day

router = APIRouter(prefix="/api/v1/archive", tags=["archive"])


class DayAnswer(Answer):
    """A day in the archive; `purged_at` says that it is nowhere else any more."""

    day: date
    key: str
    rows: int
    size: int
    sha256: str
    archived_at: datetime
    purged_at: datetime | None


class Link(Answer):
    """Where to fetch a file, and for how long."""

    url: AnyHttpUrl
    expires_at: datetime


@router.get("", response_model=Page[DayAnswer])
async def list_days(
    _: Exporter,
    request: Request,
    session: Session,
    listing: Annotated[Listing, Query()],
) -> dict[str, Any]:
    """List the days in the archive, the newest first."""
    query = sa.select(Day).where(Day.key.is_not(None))
    settings = request.app.state.settings
    items, after = await keyset(
        session, settings, query, [Day.key], listing, descending=True
    )
    return {"items": items, "next": after}


@router.get("/{day}/link", response_model=Link)
async def link_day(
    _: Exporter, request: Request, session: Session, day: date
) -> dict[str, Any]:
    """Give a link to a day's file. It needs no login, and ends after five minutes."""
    found = await session.get(Day, day)
    if found is None or found.key is None:
        raise Problem(404, "This day is not in the archive.")
    expires_at = utcnow() + timedelta(seconds=LINK_SECONDS)
    store = store_of(request.app.state.settings)
    return {"url": await store.link(found.key), "expires_at": expires_at}


@router.get(
    "/files/{token}",
    response_class=FileResponse,
    responses={200: {"content": {MEDIA_TYPE: {}}}},
)
async def fetch(
    request: Request, token: Annotated[str, Path(max_length=500)]
) -> FileResponse:
    """Give a file of the folder to whoever has a link."""
    store = store_of(request.app.state.settings)
    if not isinstance(store, Folder):
        raise Problem(404, "The files are elsewhere.")
    path = store.opened(token)
    name = f"{path.parent.name.removeprefix('date=')}.csv.gz"
    return FileResponse(path, media_type=MEDIA_TYPE, filename=name)
