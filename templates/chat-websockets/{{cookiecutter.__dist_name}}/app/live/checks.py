"""What sockets have to ask the database now and then, for all of them at once."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import batched
from typing import cast

import sqlalchemy as sa

from app.accounts.access import Person
from app.accounts.models import Login, User
from app.core.database import Database, utcnow
from app.core.errors import Problem
from app.rooms.access import STRANGER, Action, allowed
from app.rooms.models import Ban, Member, Room

MOST = 500  # parameters of a question

type Pair = tuple[uuid.UUID, uuid.UUID]  # room and user


async def sequence(database: Database, room_id: uuid.UUID) -> int:
    """Return the number of a room's last event; raise Problem 404 without a room."""
    found = await sequences(database, [room_id])
    if room_id not in found:
        raise Problem(404, "There is no such room.")
    return found[room_id]


async def sequences(
    database: Database, room_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, int]:
    """Return the numbers of rooms' last events."""
    found: dict[uuid.UUID, int] = {}
    async with database.session(write=False) as session:
        for some in batched(room_ids, MOST):
            query = sa.select(Room.id, Room.sequence).where(Room.id.in_(some))
            rows = await session.execute(query)
            found |= {row.id: row.sequence for row in rows}
    return found


async def ended(database: Database, login_ids: Sequence[str]) -> set[str]:
    """Return which of these logins are over."""
    lasting: set[str] = set()
    async with database.session(write=False) as session:
        for some in batched(login_ids, MOST):
            query = (
                sa.select(Login.id)
                .join(User, User.id == Login.user_id)
                .where(
                    Login.id.in_(some),
                    Login.revoked_at.is_(None),
                    Login.expires_at > utcnow(),
                    User.active,
                )
            )
            lasting |= set(await session.scalars(query))
    return set(login_ids) - lasting


async def barred(database: Database, pairs: Mapping[Pair, Person]) -> dict[Pair, bool]:
    """Return who must no longer listen in which room, and whether it is for a ban."""
    if not pairs:
        return {}
    kinds: dict[uuid.UUID, str] = {}
    roles: dict[Pair, str] = {}
    banned: set[Pair] = set()
    now = utcnow()
    async with database.session(write=False) as session:
        for rooms, users in _blocks(pairs):
            query = sa.select(Room.id, Room.kind).where(Room.id.in_(rooms))
            kinds |= {row.id: row.kind for row in await session.execute(query)}
            members = sa.select(Member.room_id, Member.user_id, Member.role).where(
                Member.room_id.in_(rooms), Member.user_id.in_(users)
            )
            for room, user, role in await session.execute(members):
                roles[room, user] = role
            bans = sa.select(Ban.room_id, Ban.user_id).where(
                Ban.room_id.in_(rooms),
                Ban.user_id.in_(users),
                sa.or_(Ban.until.is_(None), Ban.until > now),
            )
            for room, user in await session.execute(bans):
                banned.add((room, user))
    return {
        pair: pair in banned
        for pair, person in pairs.items()
        if pair in banned
        or pair[0] not in kinds
        or Action.READ not in allowed(kinds[pair[0]], roles.get(pair, STRANGER), person)
    }


def _blocks(
    pairs: Collection[Pair],
) -> Iterator[tuple[set[uuid.UUID], set[uuid.UUID]]]:
    for some in batched(pairs, MOST):
        yield {room for room, _ in some}, {user for _, user in some}


async def save_read(database: Database, read: Mapping[Pair, int]) -> None:
    """Store how far people have read; what is marked further stays."""
    member = cast("sa.Table", Member.__table__)
    async with database.begin() as session:
        await session.execute(
            sa.update(member)
            .where(
                member.c.room_id == sa.bindparam("room"),
                member.c.user_id == sa.bindparam("user"),
                member.c.read < sa.bindparam("number"),
            )
            .values(read=sa.bindparam("number")),
            [
                {"room": room, "user": user, "number": number}
                for (room, user), number in sorted(read.items())
            ],
        )
