"""Sites and groups: two lists of names that are handled alike."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.access import DeviceManager, Reader
from app.core.database import Session
from app.core.errors import Problem
from app.core.pagination import Listing, keyset
from app.core.schemas import Page
from app.devices.models import Group, Site
from app.devices.schemas import PlaceAnswer, PlaceInput

type Place = Site | Group


def places(kind: type[Site | Group], word: str) -> APIRouter:
    """Return the routes of one of the two."""
    router = APIRouter(prefix=f"/api/v1/{word}s", tags=[f"{word}s"])

    async def find(session: AsyncSession, place_id: UUID) -> Place:
        place: Place | None = await session.get(kind, place_id)
        if place is None:
            raise Problem(404, f"There is no such {word}.")
        return place

    async def keep(session: AsyncSession) -> None:
        try:
            await session.flush()
        except IntegrityError as error:
            raise Problem(409, f"There is a {word} with this name.") from error

    @router.get("", name=f"list_{word}s", response_model=Page[PlaceAnswer])
    async def list_places(
        _: Reader,
        request: Request,
        session: Session,
        listing: Annotated[Listing, Query()],
    ) -> dict[str, Any]:
        """List all of them by name."""
        settings, query = request.app.state.settings, sa.select(kind)
        items, after = await keyset(session, settings, query, [kind.name], listing)
        return {"items": items, "next": after}

    @router.post("", name=f"create_{word}", response_model=PlaceAnswer, status_code=201)
    async def create(_: DeviceManager, session: Session, body: PlaceInput) -> Place:
        """Make a new one."""
        place = kind(name=body.name)
        session.add(place)
        await keep(session)
        return place

    @router.patch("/{place_id}", name=f"rename_{word}", response_model=PlaceAnswer)
    async def rename(
        _: DeviceManager, session: Session, place_id: UUID, body: PlaceInput
    ) -> Place:
        """Give it another name."""
        place = await find(session, place_id)
        place.name = body.name
        await keep(session)
        return place

    @router.delete("/{place_id}", name=f"delete_{word}", status_code=204)
    async def delete(_: DeviceManager, session: Session, place_id: UUID) -> None:
        """Remove it; its devices stay."""
        await session.delete(await find(session, place_id))

    return router


sites, groups = places(Site, "site"), places(Group, "group")
