"""Keeping a room in order: roles, muting, removing, banning, invitations.

Moderators act on members, owners on everybody; nobody on themselves.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import services as accounts
from app.accounts.access import Person
from app.accounts.models import User
from app.accounts.sessions import digest
from app.core.database import upsert, utcnow
from app.core.errors import Problem
from app.rooms.access import Action, Standing, standing_of
from app.rooms.log import lock
from app.rooms.models import Ban, Invite, Member, Room
from app.rooms.services import (
    enter,
    remove,
    require_another_owner,
    tell,
    withdraw_all,
)
from app.settings import Settings

MOST_INVITES = 20
audit = structlog.get_logger("security")


async def member_of(
    session: AsyncSession, here: Standing, handle: str
) -> tuple[Member | None, User]:
    """Return somebody that one may moderate, and their membership if they have one.

    Raises Problem 403 for oneself and for whoever has no lower a role.
    """
    here = await at_once(session, here, Action.MODERATE)
    user = await accounts.by_handle(session, handle)
    found = await session.get(Member, (here.room.id, user.id), populate_existing=True)
    if user.id == here.person.id:
        raise Problem(403, "Have somebody else do this to you.")
    if found is not None and found.role != "member":
        here.require(Action.OWN)
    return found, user


async def at_once(session: AsyncSession, here: Standing, action: Action) -> Standing:
    """Return where one stands now that others wait; raise Problem 403 if too low.

    Two owners who remove each other at once would else leave a room without one.
    """
    await lock(session, here.room.id)
    now = await standing_of(session, here.person, here.room.id)
    now.require(action)
    return now


async def in_room(
    session: AsyncSession, here: Standing, handle: str
) -> tuple[Member, User]:
    """Return as `member_of`; raise Problem 404 for who is not in the room."""
    member, user = await member_of(session, here, handle)
    if member is None:
        raise Problem(404, "There is no such member.")
    return member, user


async def set_role(
    session: AsyncSession, here: Standing, handle: str, role: str
) -> Member:
    """Make a member an owner or a moderator, or neither; owners may."""
    here = await at_once(session, here, Action.OWN)
    user = await accounts.by_handle(session, handle)
    member = await session.get(Member, (here.room.id, user.id), populate_existing=True)
    if member is None:
        raise Problem(404, "There is no such member.")
    if role != "owner":
        await require_another_owner(session, here.room, user.id)
    if role == "member":
        await withdraw_all(session, here.room.id, user.id)
    member.role = role
    await session.flush()
    await tell(session, here.room, here.person.id, user.id, "role", role=role)
    return member


async def mute(
    session: AsyncSession, here: Standing, handle: str, until: datetime | None
) -> Member:
    """Have a member read only until then; without a time they write again."""
    member, user = await in_room(session, here, handle)
    member.muted_until = until
    await session.flush()
    text = until.isoformat() if until else None
    await tell(session, here.room, here.person.id, user.id, "mute", until=text)
    return member


async def kick(session: AsyncSession, here: Standing, handle: str) -> None:
    """Have somebody out of the room; where it is public they may come back."""
    _, user = await in_room(session, here, handle)
    await remove(session, here.room, here.person.id, user.id, "kick")
    audit.warning("kicked", account=str(user.id), room=str(here.room.id))


async def ban(
    session: AsyncSession,
    here: Standing,
    handle: str,
    *,
    reason: str = "",
    until: datetime | None = None,
) -> None:
    """Have somebody out of the room until then, or for good; sockets close at once."""
    _, user = await member_of(session, here, handle)
    if user.role == "admin":
        raise Problem(403, "Admins are not kept out: they look after every room.")
    values = {"by_id": here.person.id, "reason": reason, "until": until}
    row = {"room_id": here.room.id, "user_id": user.id, "created_at": utcnow()}
    made = upsert(session, Ban).values(row | values)
    await session.execute(
        made.on_conflict_do_update(index_elements=["room_id", "user_id"], set_=values)
    )
    await remove(session, here.room, here.person.id, user.id, "ban")
    audit.warning("banned", account=str(user.id), room=str(here.room.id))


async def unban(session: AsyncSession, here: Standing, handle: str) -> None:
    """Let somebody in again."""
    _, user = await member_of(session, here, handle)
    await session.execute(
        sa.delete(Ban).where(Ban.room_id == here.room.id, Ban.user_id == user.id)
    )


async def invite(
    session: AsyncSession,
    settings: Settings,
    here: Standing,
    *,
    uses: int = 1,
    days: int | None = None,
) -> tuple[Invite, str]:
    """Return a new invitation and what its link says: that is told this once."""
    here.require(Action.MODERATE)
    now = utcnow()
    # What is over is of no use to anyone.
    over = sa.or_(Invite.expires_at < now, Invite.uses_left < 1)
    await session.execute(sa.delete(Invite).where(Invite.room_id == here.room.id, over))
    count = sa.select(sa.func.count()).where(Invite.room_id == here.room.id)
    if (await session.scalar(count) or 0) >= MOST_INVITES:
        raise Problem(409, f"There are {MOST_INVITES} invitations: withdraw one first.")
    token = secrets.token_urlsafe(32)
    made = Invite(
        room_id=here.room.id,
        hash=digest(token),
        by_id=here.person.id,
        expires_at=now + timedelta(days=days or settings.invite_days),
        uses_left=uses,
    )
    session.add(made)
    await session.flush()
    return made, token


async def withdraw(session: AsyncSession, here: Standing, invite_id: uuid.UUID) -> None:
    """Have an invitation lead nowhere; raise Problem 404 if it is not of this room."""
    here.require(Action.MODERATE)
    found = await session.get(Invite, invite_id)
    if found is None or found.room_id != here.room.id:
        raise Problem(404, "There is no such invitation.")
    await session.delete(found)


async def accept(session: AsyncSession, person: Person, token: str) -> Room:
    """Go into the room that an invitation leads to, and return the room.

    Raises Problem 404 for a link that leads nowhere, also for whoever is banned there.
    """
    gone = Problem(404, "This invitation does not count, or no longer.")
    query = (
        sa.select(Invite, Room)
        .join(Room, Room.id == Invite.room_id)
        .where(Invite.hash == digest(token), Invite.expires_at > utcnow())
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise gone
    found, room = row
    try:
        entered = await enter(session, room, person.id)
    except Problem as banned:
        raise gone from banned
    if not entered:  # they take nobody's place
        return room
    # Of many at once, no more than the link is for.
    used = await session.scalar(
        sa.update(Invite)
        .where(Invite.id == found.id, Invite.uses_left > 0)
        .values(uses_left=Invite.uses_left - 1)
        .returning(Invite.id)
    )
    if used is None:
        raise gone
    return room
