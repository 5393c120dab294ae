"""Who may do what in a room: one table, and where somebody stands in it.

Of a private or direct room that one is not in, one learns nothing: it is a 404.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import sqlalchemy as sa
import structlog
from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounts.access import Human, Person
from app.accounts.models import Block
from app.core.database import Session, utcnow
from app.core.errors import Problem
from app.rooms.models import Ban, Member, Room

log = structlog.get_logger("security")


class Action(StrEnum):
    """What somebody may be allowed to do in a room."""

    READ = "read"
    JOIN = "join"
    WRITE = "write"
    LEAVE = "leave"
    MODERATE = "moderate"  # invite, mute, remove, ban; take messages away
    OWN = "own"  # rename, slow down, give roles


STRANGER, BANNED = "stranger", "banned"
MEMBER = frozenset({Action.READ, Action.WRITE, Action.LEAVE})
MODERATOR = MEMBER | {Action.MODERATE}
OWNER = MODERATOR | {Action.OWN}
IN_ROOM = {"member": MEMBER, "moderator": MODERATOR, "owner": OWNER}
NOTHING: frozenset[Action] = frozenset()
# For each kind of room, what each role may do; no row, nothing.
TABLE: dict[str, dict[str, frozenset[Action]]] = {
    "public": IN_ROOM | {STRANGER: frozenset({Action.READ, Action.JOIN})},
    "private": IN_ROOM,
    "direct": {"member": frozenset({Action.READ, Action.WRITE})},
}
# An admin who is in no public room still looks after it.
ADMIN = frozenset({Action.READ, Action.JOIN, Action.MODERATE})
WHY_NOT = {
    BANNED: "You may not enter this room.",
    STRANGER: "Join the room to write.",
    "muted": "You may read, but not write here for a while.",
    "blocked": "You cannot write to each other.",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody in front of a room: what they are there, what they may do."""

    room: Room
    member: Member | None
    person: Person
    actions: frozenset[Action]
    why_not: str = ""  # why they may not write

    @property
    def may_write(self) -> bool:
        """Whether they may write, edit, react."""
        return Action.WRITE in self.actions

    @property
    def may_join(self) -> bool:
        """Whether they may become a member by themselves."""
        return Action.JOIN in self.actions

    @property
    def may_moderate(self) -> bool:
        """Whether they keep the room in order."""
        return Action.MODERATE in self.actions

    @property
    def may_own(self) -> bool:
        """Whether the room is theirs."""
        return Action.OWN in self.actions

    def require(self, action: Action) -> None:
        """Raise Problem 403 unless they may do it; the refusal is logged."""
        if action not in self.actions:
            log.warning("permission refused", permission=action, room=str(self.room.id))
            detail = self.why_not if action is Action.WRITE else ""
            raise Problem(403, detail or "You may not do this in this room.")


async def standing(session: AsyncSession, person: Person, slug: str) -> Standing:
    """Return where somebody stands in the room at this address.

    Raises Problem 404 where they must not know of it, 403 where they are banned.
    """
    return await _standing(session, person, Room.slug == slug)


async def standing_of(
    session: AsyncSession, person: Person, room_id: uuid.UUID
) -> Standing:
    """Return where somebody stands in the room with this id; raises as `standing`."""
    return await _standing(session, person, Room.id == room_id)


async def _standing(
    session: AsyncSession, person: Person, which: sa.ColumnElement[bool]
) -> Standing:
    now = utcnow()
    member = aliased(Member)
    mine = sa.and_(member.room_id == Room.id, member.user_id == person.id)
    out = sa.and_(
        Ban.room_id == Room.id,
        Ban.user_id == person.id,
        sa.or_(Ban.until.is_(None), Ban.until > now),
    )
    query = (
        sa.select(Room, member, Ban.room_id.is_not(None))
        .outerjoin(member, mine)
        .outerjoin(Ban, out)
        .where(which)
        # What another transaction changed since counts, not what is remembered here.
        .execution_options(populate_existing=True)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise Problem(404, "There is no such room.")
    room, membership, banned = row
    if banned and room.kind == "public":
        log.warning("permission refused", permission=BANNED, room=str(room.id))
        raise Problem(403, WHY_NOT[BANNED])
    actions = allowed(room.kind, membership.role if membership else STRANGER, person)
    if Action.READ not in actions or banned:
        raise Problem(404, "There is no such room.")
    why_not = "" if membership else WHY_NOT[STRANGER]
    if membership and membership.muted_until and membership.muted_until > now:
        actions, why_not = actions - {Action.WRITE}, WHY_NOT["muted"]
    if room.direct_key and await is_blocked(session, *people_of(room.direct_key)):
        actions, why_not = actions - {Action.WRITE}, WHY_NOT["blocked"]
    return Standing(room, membership, person, actions, why_not)


async def here(room_id: uuid.UUID, person: Human, session: Session) -> Standing:
    """Return where whoever asks stands in the room of the path."""
    return await standing_of(session, person, room_id)


Here = Annotated[Standing, Depends(here)]


def allowed(kind: str, role: str, person: Person) -> frozenset[Action]:
    """Return what the table says."""
    actions = TABLE[kind].get(role, NOTHING)
    if not person.admin or kind != "public":
        return actions
    return actions | (ADMIN if role == STRANGER else {Action.MODERATE})


def direct_key(one: uuid.UUID, other: uuid.UUID) -> str:
    """Return what names the room of two people, whoever of them asks."""
    return ":".join(sorted((str(one), str(other))))


def people_of(key: str) -> tuple[uuid.UUID, uuid.UUID]:
    """Return the two people of a direct room."""
    one, _, other = key.partition(":")
    return uuid.UUID(one), uuid.UUID(other)


async def is_banned(
    session: AsyncSession, room_id: uuid.UUID, user_id: uuid.UUID
) -> bool:
    """Return whether somebody has to stay out of a room, and log it."""
    query = sa.select(Ban.user_id).where(
        Ban.room_id == room_id,
        Ban.user_id == user_id,
        sa.or_(Ban.until.is_(None), Ban.until > utcnow()),
    )
    banned = await session.scalar(query) is not None
    if banned:
        log.warning("permission refused", permission=BANNED, room=str(room_id))
    return banned


async def is_blocked(session: AsyncSession, one: uuid.UUID, other: uuid.UUID) -> bool:
    """Return whether one of the two does not want to hear from the other."""
    pairs = [(one, other), (other, one)]
    query = sa.select(sa.literal(1)).where(
        sa.or_(
            *(
                sa.and_(Block.user_id == by, Block.blocked_id == whom)
                for by, whom in pairs
            )
        )
    )
    return await session.scalar(query.limit(1)) is not None
