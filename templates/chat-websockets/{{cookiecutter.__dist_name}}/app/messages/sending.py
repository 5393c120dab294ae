"""Writing messages: many at once, with a few questions to the database for all of them.

Their rooms are locked first, in the order of their ids. So what is asked then about
members, mutes and earlier messages is true until the commit, the numbers have no gap,
and two processes cannot wait for each other.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Block, User
from app.core.database import Base, new_id, utcnow
from app.core.errors import Problem, invalid
from app.messages import frames, markdown
from app.messages.models import Event, Image, Mention, Message
from app.rooms.access import WHY_NOT, people_of
from app.rooms.models import Ban, Member, Room

NO_ROOM = "There is no such room."


def table(model: type[Base]) -> sa.Table:
    """Return the table of a model: of many rows at once SQLAlchemy makes no objects."""
    return cast("sa.Table", model.__table__)


# What is asked and written for every message is put together once.
ROOM, MEMBER, BAN, USER = table(Room).c, table(Member).c, table(Ban).c, table(User).c
MESSAGE = table(Message).c
IN_ROOMS: sa.BindParameter[Any] = sa.bindparam("rooms")
BY_USERS: sa.BindParameter[Any] = sa.bindparam("users")
ROOMS = (
    sa.select(ROOM.id, ROOM.sequence, ROOM.kind, ROOM.slow_seconds, ROOM.direct_key)
    .where(ROOM.id.in_(IN_ROOMS))
    .order_by(ROOM.id)
    .with_for_update(key_share=True)
)
MEMBERS = (
    sa.select(MEMBER.room_id, MEMBER.user_id, MEMBER.role, MEMBER.muted_until)
    .join(table(User), USER.id == MEMBER.user_id)
    .outerjoin(
        table(Ban),
        sa.and_(
            BAN.room_id == MEMBER.room_id,
            BAN.user_id == MEMBER.user_id,
            sa.or_(BAN.until.is_(None), BAN.until > sa.bindparam("now")),
        ),
    )
    .where(
        MEMBER.room_id.in_(IN_ROOMS),
        MEMBER.user_id.in_(BY_USERS),
        USER.active,
        BAN.room_id.is_(None),
    )
)
BEFORE = sa.select(
    MESSAGE.room_id, MESSAGE.author_id, MESSAGE.client_id, MESSAGE.sequence, MESSAGE.id
).where(
    MESSAGE.room_id.in_(IN_ROOMS),
    MESSAGE.author_id.in_(BY_USERS),
    MESSAGE.client_id.in_(sa.bindparam("ids")),
)
NEW_MESSAGES, NEW_EVENTS = sa.insert(table(Message)), sa.insert(table(Event))
NUMBERED = (
    sa.update(table(Room))
    .where(ROOM.id == sa.bindparam("room"))
    .values(sequence=sa.bindparam("number"), last_at=sa.bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that somebody wants to write."""

    room_id: uuid.UUID
    author_id: uuid.UUID
    author: dict[str, str]  # their handle and name
    client_id: uuid.UUID
    text: str
    reply_to: uuid.UUID | None = None
    image_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that is written: now, with its frame, or by the same draft before."""

    room_id: uuid.UUID
    sequence: int
    message_id: uuid.UUID
    frame: str | None = None

    @property
    def duplicate(self) -> bool:
        """Whether it was written before."""
        return self.frame is None


type Outcome = Sent | Problem
type Key = tuple[uuid.UUID, uuid.UUID]  # room and user


@dataclass(slots=True)
class Known:
    """What the database says about some drafts."""

    now: datetime
    rooms: dict[uuid.UUID, Any] = field(default_factory=dict)
    before: dict[tuple[Any, ...], Sent] = field(default_factory=dict)
    members: dict[Key, Any] = field(default_factory=dict)
    blocked: set[Key] = field(default_factory=set)
    last: dict[Key, datetime] = field(default_factory=dict)
    quotes: dict[uuid.UUID, Any] = field(default_factory=dict)
    images: dict[uuid.UUID, Image] = field(default_factory=dict)
    handles: dict[uuid.UUID, dict[str, uuid.UUID]] = field(default_factory=dict)


async def send_all(session: AsyncSession, drafts: Sequence[Draft]) -> list[Outcome]:
    """Write what may be written; return what became of each, in their order.

    The session's transaction has to be committed before anybody is told.
    """
    known = await _look(session, drafts)
    written: list[Message] = []
    numbers: dict[uuid.UUID, int] = {}
    outcomes: list[Outcome] = []
    for draft in drafts:
        key = (draft.room_id, draft.author_id, draft.client_id)
        outcome: Outcome | None = known.before.get(key) or _refusal(known, draft)
        if outcome is None:
            number = numbers.get(draft.room_id, known.rooms[draft.room_id].sequence) + 1
            numbers[draft.room_id] = number
            message, outcome = _write(known, draft, number)
            written.append(message)
            known.before[key] = Sent(draft.room_id, number, message.id)
            known.last[key[:2]] = known.now
        outcomes.append(outcome)
    if written:
        await _store(session, known, written, numbers)
    return outcomes


async def _look(session: AsyncSession, drafts: Sequence[Draft]) -> Known:
    known = Known(utcnow())
    room_ids = sorted({draft.room_id for draft in drafts})
    rows: Iterable[Any] = await session.execute(ROOMS, {"rooms": room_ids})
    known.rooms = {row.id: row for row in rows}
    user_ids = {draft.author_id for draft in drafts}
    await _look_for_people(session, known, room_ids, user_ids)
    ids = {draft.client_id for draft in drafts}
    rows = await session.execute(
        BEFORE, {"rooms": room_ids, "users": list(user_ids), "ids": list(ids)}
    )
    known.before = {tuple(row[:3]): Sent(row[0], row[3], row[4]) for row in rows}
    await _look_for_parts(session, known, drafts)
    return known


async def _look_for_people(
    session: AsyncSession,
    known: Known,
    room_ids: Sequence[uuid.UUID],
    user_ids: set[uuid.UUID],
) -> None:
    rows: Iterable[Any] = await session.execute(
        MEMBERS, {"rooms": room_ids, "users": list(user_ids), "now": known.now}
    )
    known.members = {(row.room_id, row.user_id): row for row in rows}
    if any(room.direct_key for room in known.rooms.values()):
        pairs = await session.execute(
            sa.select(Block.user_id, Block.blocked_id).where(
                Block.user_id.in_(user_ids) | Block.blocked_id.in_(user_ids)
            )
        )
        known.blocked = {(by, whom) for by, whom in pairs}
    slow = [room.id for room in known.rooms.values() if room.slow_seconds]
    if slow:
        rows = await session.execute(
            sa.select(
                Message.room_id, Message.author_id, sa.func.max(Message.created_at)
            )
            .where(
                Message.room_id.in_(slow),
                Message.author_id.in_(user_ids),
                Message.created_at > known.now - timedelta(hours=1),
            )
            .group_by(Message.room_id, Message.author_id)
        )
        known.last = {(room, user): at for room, user, at in rows}


async def _look_for_parts(
    session: AsyncSession, known: Known, drafts: Sequence[Draft]
) -> None:
    if replies := {draft.reply_to for draft in drafts if draft.reply_to}:
        rows: Iterable[Any] = await session.execute(
            sa.select(
                Message.id,
                Message.room_id,
                Message.html,
                Message.deleted_at,
                User.name,
            )
            .join(User, User.id == Message.author_id)
            .where(Message.id.in_(replies))
        )
        known.quotes = {row.id: row for row in rows}
    if images := {draft.image_id for draft in drafts if draft.image_id}:
        found = await session.scalars(sa.select(Image).where(Image.id.in_(images)))
        known.images = {image.id: image for image in found}
    handles = {handle for one in drafts for handle in markdown.mentioned(one.text)}
    if handles:
        rows = await session.execute(
            sa.select(Member.room_id, User.handle, User.id)
            .join(User, User.id == Member.user_id)
            .where(Member.room_id.in_(known.rooms), User.handle.in_(handles))
        )
        for room_id, handle, user_id in rows:
            known.handles.setdefault(room_id, {})[handle] = user_id


def _refusal(known: Known, draft: Draft) -> Problem | None:
    return _barred(known, draft) or _unfit(known, draft)


def _barred(known: Known, draft: Draft) -> Problem | None:
    """Return why this person may not write there, None if they may."""
    key = (draft.room_id, draft.author_id)
    room, member = known.rooms.get(draft.room_id), known.members.get(key)
    if room is None or (member is None and room.kind != "public"):
        return Problem(404, NO_ROOM)
    if member is None:
        return Problem(403, WHY_NOT["stranger"])
    if member.muted_until and member.muted_until > known.now:
        return Problem(403, WHY_NOT["muted"])
    if room.direct_key:
        one, other = people_of(room.direct_key)
        if known.blocked & {(one, other), (other, one)}:
            return Problem(403, WHY_NOT["blocked"])
    if room.slow_seconds and member.role == "member" and key in known.last:
        due = known.last[key] + timedelta(seconds=room.slow_seconds)
        if due > known.now:
            wait = str(int((due - known.now).total_seconds()) + 1)
            detail = "This room is slow: wait before the next message."
            return Problem(429, detail, headers={"Retry-After": wait})
    return None


def _unfit(known: Known, draft: Draft) -> Problem | None:
    """Return what is wrong with the parts of a message, None if nothing is."""
    if not draft.text.strip() and not draft.image_id:
        return invalid("text", "has to say something")
    quote = known.quotes.get(draft.reply_to) if draft.reply_to else None
    if draft.reply_to and (quote is None or quote.room_id != draft.room_id):
        return invalid("reply_to", "is no message of this room")
    image = known.images.get(draft.image_id) if draft.image_id else None
    if draft.image_id and (image is None or image.owner_id != draft.author_id):
        return invalid("image_id", "is no picture of yours")
    return None


def _write(known: Known, draft: Draft, number: int) -> tuple[Message, Sent]:
    text = draft.text.strip()
    message = Message(
        id=new_id(),
        room_id=draft.room_id,
        sequence=number,
        author_id=draft.author_id,
        client_id=draft.client_id,
        text=text,
        html=markdown.render(text, known.handles.get(draft.room_id, ())),
        reply_to=draft.reply_to,
        image_id=draft.image_id,
        created_at=known.now,
    )
    quote = image = None
    if draft.reply_to:
        row = known.quotes[draft.reply_to]
        said = frames.excerpt(row.html, deleted=row.deleted_at is not None)
        quote = frames.quoted(row.id, row.name, said)
    if draft.image_id:
        image = frames.picture(known.images[draft.image_id])
    content = frames.content(message, draft.author, quote, image)
    frame = frames.new(message, content)
    return message, Sent(draft.room_id, number, message.id, frame)


async def _store(
    session: AsyncSession,
    known: Known,
    written: Sequence[Message],
    numbers: dict[uuid.UUID, int],
) -> None:
    columns = [column.key for column in sa.inspect(Message).column_attrs]
    rows = [{name: getattr(one, name) for name in columns} for one in written]
    await session.execute(NEW_MESSAGES, rows)
    events = [
        {
            "room_id": one.room_id,
            "sequence": one.sequence,
            "kind": "message",
            "message_id": one.id,
            "actor_id": one.author_id,
            "data": {},
            "created_at": one.created_at,
        }
        for one in written
    ]
    await session.execute(NEW_EVENTS, events)
    mentions = [
        {"message_id": one.id, "user_id": known.handles[one.room_id][handle]}
        for one in written
        for handle in markdown.mentioned(one.text)
        if handle in known.handles.get(one.room_id, {})
    ]
    if mentions:
        await session.execute(sa.insert(table(Mention)), mentions)
    await session.execute(
        NUMBERED,
        [
            {"room": room_id, "number": number, "now": known.now}
            for room_id, number in numbers.items()
        ],
    )
