"""What can be done with a room as such: making it, going in and out, changing it."""

from __future__ import annotations

import re
import secrets
import unicodedata
import uuid
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import services as accounts
from app.accounts.access import Person
from app.accounts.models import User
from app.core.database import after_commit, upsert, utcnow
from app.core.errors import Problem, invalid
from app.live.control import control
from app.rooms.access import (
    BANNED,
    WHY_NOT,
    Action,
    Standing,
    direct_key,
    is_banned,
    is_blocked,
)
from app.rooms.log import lock, log
from app.rooms.models import Invite, Member, Room

MOST_OWNED = 50
RESERVED = {"new", "direct"}  # addresses of pages


async def create(
    session: AsyncSession, person: Person, *, name: str, topic: str, kind: str
) -> Room:
    """Return a new room, of which the person is the owner.

    Raises Problem 409 for whoever owns as many as one may.
    """
    owned = sa.select(sa.func.count()).where(
        Member.user_id == person.id, Member.role == "owner"
    )
    if (await session.scalar(owned) or 0) >= MOST_OWNED:
        raise Problem(409, f"You own {MOST_OWNED} rooms: leave one first.")
    base = slug = slugified(name)
    while slug in RESERVED or await session.scalar(
        sa.select(Room.id).where(Room.slug == slug)
    ):
        slug = f"{base}-{secrets.token_hex(3)}"
    room = Room(slug=slug, name=name, topic=topic, kind=kind)
    session.add(room)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Problem(409, "Somebody took that name just now: try again.") from error
    await enter(session, room, person.id, role="owner")
    return room


def slugified(name: str) -> str:
    """Return what stands for a name in an address: a-z, 0-9 and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower())[:50].strip("-") or "room"


async def enter(
    session: AsyncSession, room: Room, user_id: uuid.UUID, role: str = "member"
) -> bool:
    """Have somebody in the room; return whether they were not there before.

    Raises Problem 403 for who is banned, also if that has happened just now.
    """
    await lock(session, room.id)
    if await is_banned(session, room.id, user_id):
        raise Problem(403, WHY_NOT[BANNED])
    row = {
        "room_id": room.id,
        "user_id": user_id,
        "role": role,
        "joined_at": utcnow(),
        "read": room.sequence,
    }
    made = upsert(session, Member).values(row).on_conflict_do_nothing()
    added = await session.scalar(made.returning(Member.user_id))
    if added is not None:
        await tell(session, room, user_id, user_id, "join", role=role)
        after_commit(session, partial(control(session).enter, room.id, user_id))
    return added is not None


async def tell(
    session: AsyncSession,
    room: Room,
    by: uuid.UUID,
    whom: uuid.UUID,
    change: str,
    **more: Any,
) -> None:
    """Write into the room's log that something about a member has changed."""
    user = await session.get_one(User, whom)
    about = {"handle": user.handle, "name": user.name}
    await log(
        session, room.id, "member", by, data={"change": change, "user": about} | more
    )


async def remove(
    session: AsyncSession, room: Room, by: uuid.UUID, whom: uuid.UUID, change: str
) -> None:
    """Have somebody out of the room, and their sockets; the log says how.

    The invitations that they made go too: nobody comes back by their own.
    """
    await lock(session, room.id)
    await withdraw_all(session, room.id, whom)
    gone = await session.scalar(
        sa.delete(Member)
        .where(Member.room_id == room.id, Member.user_id == whom)
        .returning(Member.user_id)
    )
    if gone is not None:
        await tell(session, room, by, whom, change)
    told = control(session)
    hears_it = told.ban if change == "ban" else told.leave
    after_commit(session, partial(hears_it, room.id, whom))


async def withdraw_all(
    session: AsyncSession, room_id: uuid.UUID, by: uuid.UUID
) -> None:
    """Have the invitations that somebody made lead nowhere."""
    theirs = (Invite.room_id == room_id, Invite.by_id == by)
    await session.execute(sa.delete(Invite).where(*theirs))


async def change(session: AsyncSession, here: Standing, **fields: str | int) -> Room:
    """Change a room's name, topic or slowness; its owners may."""
    here.require(Action.OWN)
    for field, value in fields.items():
        setattr(here.room, field, value)
    await session.flush()
    await log(session, here.room.id, "member", here.person.id, data={"change": "room"})
    return here.room


async def join(session: AsyncSession, here: Standing) -> None:
    """Become a member of a public room; again is harmless."""
    if here.member is None:
        here.require(Action.JOIN)
        await enter(session, here.room, here.person.id)


async def leave(session: AsyncSession, here: Standing) -> None:
    """Be a member no longer; the last owner has to find another one first."""
    here.require(Action.LEAVE)
    await require_another_owner(session, here.room, here.person.id)
    await remove(session, here.room, here.person.id, here.person.id, "leave")


async def require_another_owner(
    session: AsyncSession, room: Room, user_id: uuid.UUID
) -> None:
    """Raise Problem 409 if others would be left in the room without an owner."""
    await lock(session, room.id)
    here = Member.room_id == room.id
    query = sa.select(Member.user_id).where(here, Member.role == "owner")
    owners = set(await session.scalars(query))
    others = sa.select(Member.user_id).where(here, Member.user_id != user_id)
    alone = await session.scalar(others.limit(1)) is None
    if owners == {user_id} and not alone:
        raise Problem(409, "Make somebody else an owner first.")


async def mark_read(session: AsyncSession, here: Standing, sequence: int) -> int:
    """Have read all up to a number, and never less than before; return what counts.

    Whoever only looks at a public room has nothing marked.
    """
    if here.member is None:
        return here.room.sequence
    read = max(here.member.read, min(sequence, here.room.sequence))
    await session.execute(
        sa.update(Member)
        .where(
            Member.room_id == here.room.id,
            Member.user_id == here.person.id,
            Member.read < read,
        )
        .values(read=read)
    )
    return read


async def direct(session: AsyncSession, person: Person, handle: str) -> Room:
    """Return the room of two people; the first time it is made.

    Raises Problem 404 if there is nobody of that handle, 422 for oneself and 403 where
    one of the two blocked the other.
    """
    other = await accounts.by_handle(session, handle)
    if other.id == person.id:
        raise invalid("handle", "is your own")
    key = direct_key(person.id, other.id)
    by_key = sa.select(Room).where(Room.direct_key == key)
    found = await session.scalar(by_key)
    if found is not None:
        return found
    if await is_blocked(session, person.id, other.id):
        raise Problem(403, "You cannot write to each other.")
    row = {
        "id": uuid.uuid4(),
        "slug": f"direct-{secrets.token_hex(8)}",
        "name": f"{person.name} and {other.name}"[:60],
        "topic": "",
        "kind": "direct",
        "direct_key": key,
        "sequence": 0,
        "slow_seconds": 0,
        "created_at": utcnow(),
        "last_at": utcnow(),
    }
    # Both may ask at once: one makes it, and the other finds it.
    await session.execute(upsert(session, Room).values(row).on_conflict_do_nothing())
    room = (await session.scalars(by_key)).one()
    for one in (person.id, other.id):
        await enter(session, room, one)
    return room
