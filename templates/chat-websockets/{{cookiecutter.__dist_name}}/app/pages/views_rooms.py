"""What pages show of rooms: what is unread in them, who is there, what one may do."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounts.access import Person
from app.accounts.models import User
from app.accounts.services import blocked_by
from app.core.database import utcnow
from app.messages.models import Message
from app.rooms.access import Standing
from app.rooms.models import Ban, Invite, Member, Room

MOST_ROOMS, MOST_MEMBERS, MOST_ROWS = 200, 200, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomEntry:
    """A room in somebody's list."""

    id: uuid.UUID
    slug: str
    kind: str
    title: str
    topic: str
    sequence: int
    unread: int
    other: str = ""  # whom one talks to in a direct room


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberView:
    """Somebody in a room."""

    user_id: uuid.UUID
    handle: str
    name: str
    bot: bool
    role: str
    muted_until: datetime | None
    manageable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomView:
    """A room, and what whoever looks at it may do there."""

    id: uuid.UUID
    slug: str
    kind: str
    title: str
    topic: str
    sequence: int
    slow_seconds: int
    read: int
    unread: bool
    may_write: bool
    may_join: bool
    may_leave: bool
    may_moderate: bool
    may_own: bool
    why_not: str
    muted_seconds: int  # until one may write again, 0 if it is no matter of time


def about(here: Standing, members: Iterable[MemberView], me: Person) -> RoomView:
    """Return the room as somebody sees it: a direct one is called like the other."""
    room, member = here.room, here.member
    others = [one.name for one in members if one.user_id != me.id]
    direct = room.kind == "direct"
    read = member.read if member else room.sequence
    until = member.muted_until if member else None
    left = until - utcnow() if until else timedelta()
    return RoomView(
        id=room.id,
        slug=room.slug,
        kind=room.kind,
        title=", ".join(others) or room.name if direct else room.name,
        topic=room.topic,
        sequence=room.sequence,
        slow_seconds=room.slow_seconds,
        read=read,
        unread=read < room.sequence,
        may_write=here.may_write,
        may_join=here.may_join,
        may_leave=member is not None and not direct,
        may_moderate=here.may_moderate,
        may_own=here.may_own,
        why_not=here.why_not,
        muted_seconds=math.ceil(max(left.total_seconds(), 0)),
    )


async def rooms_of(session: AsyncSession, me: uuid.UUID) -> list[RoomEntry]:
    """Return somebody's rooms: by name, and whom they talk to alone by last message."""
    mine, other, user = aliased(Member), aliased(Member), aliased(User)
    unread = (
        sa.select(sa.func.count())
        .where(
            Message.room_id == Room.id,
            Message.sequence > mine.read,
            Message.author_id != me,
            Message.author_id.not_in(blocked_by(me)),
            Message.deleted_at.is_(None),
        )
        .scalar_subquery()
    )
    rows = await session.execute(
        sa.select(Room, unread, user)
        .join(mine, sa.and_(mine.room_id == Room.id, mine.user_id == me))
        .outerjoin(
            other,
            sa.and_(
                Room.kind == "direct", other.room_id == Room.id, other.user_id != me
            ),
        )
        .outerjoin(user, user.id == other.user_id)
        .order_by(Room.last_at.desc())
        .limit(MOST_ROOMS)
    )
    made = [
        RoomEntry(
            id=room.id,
            slug=room.slug,
            kind=room.kind,
            title=with_whom.name if with_whom else room.name,
            topic=room.topic,
            sequence=room.sequence,
            unread=count,
            other=with_whom.handle if with_whom else "",
        )
        for room, count, with_whom in rows
    ]
    direct = [one for one in made if one.kind == "direct"]
    rest = [one for one in made if one.kind != "direct"]
    return sorted(rest, key=lambda one: one.title.casefold()) + direct


async def members_of(
    session: AsyncSession, room_id: uuid.UUID, limit: int = MOST_MEMBERS
) -> list[MemberView]:
    """Return who is in a room, by name."""
    rows = await session.execute(
        sa.select(Member, User)
        .join(User, User.id == Member.user_id)
        .where(Member.room_id == room_id, User.active)
        .order_by(sa.func.lower(User.name), User.handle)
        .limit(limit)
    )
    return [
        MemberView(
            user_id=user.id,
            handle=user.handle,
            name=user.name,
            bot=user.bot,
            role=member.role,
            muted_until=member.muted_until,
        )
        for member, user in rows
    ]


RANKS = {"member": 0, "moderator": 1, "owner": 2}


def manageable(
    members: Iterable[MemberView], here: Standing, me: Person
) -> list[MemberView]:
    """Say whom somebody may mute, remove and ban: those below them."""
    rank = RANKS[here.member.role] if here.member else 0
    now = utcnow()
    return [
        replace(
            one,
            manageable=here.may_moderate
            and one.user_id != me.id
            and (RANKS[one.role] < rank or here.may_own),
            muted_until=one.muted_until
            if one.muted_until and one.muted_until > now
            else None,
        )
        for one in members
    ]


async def invites_of(session: AsyncSession, room_id: uuid.UUID) -> list[Invite]:
    """Return the links into a room that still work."""
    found = await session.scalars(
        sa.select(Invite)
        .where(Invite.room_id == room_id, Invite.expires_at > utcnow())
        .where(Invite.uses_left > 0)
        .order_by(Invite.created_at)
        .limit(MOST_ROWS)
    )
    return list(found)


@dataclass(frozen=True, slots=True)
class BanView:
    """Somebody who has to stay out."""

    handle: str
    name: str
    reason: str


async def bans_of(session: AsyncSession, room_id: uuid.UUID) -> list[BanView]:
    """Return who has to stay out of a room."""
    rows = await session.execute(
        sa.select(User.handle, User.name, Ban.reason)
        .join(User, User.id == Ban.user_id)
        .where(Ban.room_id == room_id)
        .where(sa.or_(Ban.until.is_(None), Ban.until > utcnow()))
        .order_by(Ban.created_at.desc())
        .limit(MOST_ROWS)
    )
    return [BanView(*row) for row in rows]
