"""Who is in a room: roles, muting, removing, banning, invitations."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request

from app.accounts.models import User
from app.core.database import Session, utcnow
from app.core.pagination import Listing, keyset
from app.core.schemas import Page
from app.rooms import moderation, schemas
from app.rooms.access import Action, Here
from app.rooms.models import Ban, Invite, Member

router = APIRouter(prefix="/api/v1/rooms/{room_id}", tags=["Rooms"])
type Handle = Annotated[str, Path(max_length=30)]
type Asked = Annotated[Listing, Query()]


@router.get("/members", response_model=Page[schemas.MemberAnswer])
async def list_members(
    found: Here, listing: Asked, request: Request, session: Session
) -> dict[str, Any]:
    """List who is in the room."""
    members = sa.select(Member.user_id).where(Member.room_id == found.room.id)
    query = sa.select(User).where(User.id.in_(members), User.active)
    settings = request.app.state.settings
    users, following = await keyset(session, settings, query, [User.handle], listing)
    of = {one.id: one for one in users}
    rows = await session.scalars(
        sa.select(Member).where(
            Member.room_id == found.room.id, Member.user_id.in_(of.keys())
        )
    )
    by_id = {one.user_id: one for one in rows}
    items = [
        schemas.MemberAnswer(
            handle=one.handle,
            name=one.name,
            bot=one.bot,
            role=by_id[one.id].role,
            joined_at=by_id[one.id].joined_at,
            muted_until=by_id[one.id].muted_until,
        )
        for one in users
    ]
    return {"items": items, "next": following}


@router.put("/members/{handle}/role", status_code=204)
async def set_role(
    handle: Handle, given: schemas.RoleChange, found: Here, session: Session
) -> None:
    """Make a member an owner or a moderator, or neither."""
    await moderation.set_role(session, found, handle, given.role)


@router.put("/members/{handle}/mute", status_code=204)
async def mute(
    handle: Handle, given: schemas.Mute, found: Here, session: Session
) -> None:
    """Have a member read only, for a while."""
    await moderation.mute(session, found, handle, given.until)


@router.delete("/members/{handle}", status_code=204)
async def kick(handle: Handle, found: Here, session: Session) -> None:
    """Have somebody out of the room."""
    await moderation.kick(session, found, handle)


@router.get("/bans", response_model=Page[schemas.BanAnswer])
async def list_bans(
    found: Here, listing: Asked, request: Request, session: Session
) -> dict[str, Any]:
    """List who has to stay out."""
    found.require(Action.MODERATE)
    query = sa.select(Ban).where(
        Ban.room_id == found.room.id,
        sa.or_(Ban.until.is_(None), Ban.until > utcnow()),
    )
    settings = request.app.state.settings
    bans, following = await keyset(session, settings, query, [Ban.user_id], listing)
    ids = [one.user_id for one in bans]
    users = await session.scalars(sa.select(User).where(User.id.in_(ids)))
    of = {one.id: one for one in users}
    items = [
        schemas.BanAnswer(
            handle=of[one.user_id].handle,
            name=of[one.user_id].name,
            reason=one.reason,
            until=one.until,
            created_at=one.created_at,
        )
        for one in bans
    ]
    return {"items": items, "next": following}


@router.put("/bans/{handle}", status_code=204)
async def ban(
    handle: Handle, given: schemas.NewBan, found: Here, session: Session
) -> None:
    """Have somebody out of the room, until then or for good."""
    await moderation.ban(session, found, handle, reason=given.reason, until=given.until)


@router.delete("/bans/{handle}", status_code=204)
async def unban(handle: Handle, found: Here, session: Session) -> None:
    """Let somebody in again."""
    await moderation.unban(session, found, handle)


@router.get("/invites", response_model=Page[schemas.InviteAnswer])
async def list_invites(
    found: Here, listing: Asked, request: Request, session: Session
) -> dict[str, Any]:
    """List the invitations that still work."""
    found.require(Action.MODERATE)
    query = sa.select(Invite).where(
        Invite.room_id == found.room.id,
        Invite.expires_at > utcnow(),
        Invite.uses_left > 0,
    )
    settings = request.app.state.settings
    items, following = await keyset(session, settings, query, [Invite.id], listing)
    return {"items": items, "next": following}


@router.post("/invites", status_code=201, response_model=schemas.NewInviteAnswer)
async def invite(
    given: schemas.NewInvite, found: Here, request: Request, session: Session
) -> dict[str, Any]:
    """Make an invitation; its link is shown this once."""
    settings = request.app.state.settings
    made, token = await moderation.invite(
        session, settings, found, uses=given.uses, days=given.days
    )
    shown = schemas.InviteAnswer.model_validate(made).model_dump()
    link = f"{settings.public_url.rstrip('/')}/invite/{token}"
    return shown | {"token": token, "link": link}


@router.delete("/invites/{invite_id}", status_code=204)
async def withdraw(invite_id: UUID, found: Here, session: Session) -> None:
    """Have an invitation lead nowhere."""
    await moderation.withdraw(session, found, invite_id)
