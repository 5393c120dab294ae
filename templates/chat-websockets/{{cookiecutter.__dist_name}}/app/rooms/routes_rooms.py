"""Rooms: finding, making and changing them, going in and out."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request

from app.accounts.access import Human
from app.core.database import Session
from app.core.pagination import keyset
from app.core.schemas import Page
from app.rooms import moderation, schemas, services
from app.rooms.access import Here, Standing
from app.rooms.models import Member, Room

router = APIRouter(prefix="/api/v1", tags=["Rooms"])
room = APIRouter(prefix="/rooms/{room_id}")


def shown(found: Standing) -> dict[str, Any]:
    """Return a room as somebody sees it."""
    member = found.member
    return schemas.RoomAnswer.model_validate(found.room).model_dump() | {
        "role": member.role if member else None,
        "read": member.read if member else None,
        "may": sorted(found.actions),
    }


@router.get("/rooms", response_model=Page[schemas.RoomAnswer])
async def list_rooms(
    person: Human,
    listing: Annotated[schemas.RoomListing, Query()],
    request: Request,
    session: Session,
) -> dict[str, Any]:
    """List one's own rooms, or the public ones."""
    mine = sa.select(Member.room_id).where(Member.user_id == person.id)
    which = Room.id.in_(mine) if listing.which == "mine" else Room.kind == "public"
    items, following = await keyset(
        session,
        request.app.state.settings,
        sa.select(Room).where(which),
        [Room.name, Room.id],
        listing,
    )
    return {"items": items, "next": following}


@router.post("/rooms", status_code=201, response_model=schemas.RoomAnswer)
async def create_room(given: schemas.NewRoom, person: Human, session: Session) -> Room:
    """Make a room, of which one is the owner."""
    return await services.create(session, person, **given.model_dump())


@router.post("/rooms/direct", response_model=schemas.RoomAnswer)
async def talk_alone(
    given: schemas.DirectWith, person: Human, session: Session
) -> Room:
    """Return the room of oneself and somebody else; the first time it is made."""
    return await services.direct(session, person, given.handle)


@room.get("", response_model=schemas.StandingAnswer)
async def get_room(found: Here) -> dict[str, Any]:
    """Show a room, and what one may do there."""
    return shown(found)


@room.patch("", response_model=schemas.RoomAnswer)
async def change_room(given: schemas.RoomChange, found: Here, session: Session) -> Room:
    """Change its name, its topic, or how often people may write."""
    fields = given.model_dump(exclude_none=True)
    return await services.change(session, found, **fields)


@room.post("/join", status_code=204)
async def join(found: Here, session: Session) -> None:
    """Become a member of a public room."""
    await services.join(session, found)


@room.post("/leave", status_code=204)
async def leave(found: Here, session: Session) -> None:
    """Be a member no longer."""
    await services.leave(session, found)


@room.post("/read", response_model=schemas.ReadAnswer)
async def mark_read(
    given: schemas.ReadMark, found: Here, session: Session
) -> dict[str, int]:
    """Have read all up to a number."""
    return {"sequence": await services.mark_read(session, found, given.sequence)}


@router.post("/invites/{token}/accept", response_model=schemas.RoomAnswer)
async def accept_invite(
    token: Annotated[str, Path(max_length=200)], person: Human, session: Session
) -> Room:
    """Go into the room that an invitation leads to."""
    return await moderation.accept(session, person, token)


router.include_router(room)
