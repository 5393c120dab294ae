"""What pages show of messages: each with its author, answers and reactions.

A view is what a template needs and no more, read with as few queries as it has parts.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounts.models import User
from app.accounts.services import blocked_by
from app.messages.frames import excerpt
from app.messages.models import Image, Mention, Message, Reaction, Report

PAGE = 50  # messages
WIDEST, HIGHEST = 384, 288  # pixels of a picture as it is shown
NEAR = timedelta(minutes=5)  # between messages of one author that belong together
EMOJIS = {
    "👍": "Thumbs up",
    "❤️": "Heart",
    "😂": "Laughing",
    "🎉": "Party",
    "😮": "Surprised",
    "😢": "Sad",
}


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that is answered."""

    id: uuid.UUID
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a message, and where it is to be had."""

    address: str
    width: int
    height: int


@dataclass(slots=True)
class Reacted:
    """An emoji under a message, and whose it is."""

    emoji: str
    mine: bool = False
    handles: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many put it there."""
        return len(self.handles)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """A message as a page shows it."""

    id: uuid.UUID
    sequence: int
    handle: str
    name: str
    at: datetime
    html: str
    source: str | None  # its Markdown, for whoever wrote it
    gone: bool = False
    edited: bool = False
    mine: bool = False
    mentions_me: bool = False
    quote: Quote | None = None
    image: Picture | None = None
    reactions: Sequence[Reacted] = ()
    # How it stands among the others of a page.
    day: bool = False
    fresh: bool = False
    follows: bool = False


type Found = tuple[Message, User, Message | None, User | None, Image | None]
# What the script copies for each message that comes: it has every part.
BLANK = MessageView(
    id=uuid.UUID(int=0),
    sequence=0,
    handle="",
    name="",
    at=datetime.min.replace(tzinfo=UTC),
    html="",
    source="",
    quote=Quote(uuid.UUID(int=0), "", ""),
    image=Picture("", 1, 1),
    reactions=[Reacted("")],
)


def said(message: Message) -> str:
    """Return the beginning of what a message says, in one line."""
    return excerpt(message.html, deleted=message.deleted_at is not None)


async def messages_where(
    session: AsyncSession, me: uuid.UUID, *where: sa.ColumnElement[bool], newest: bool
) -> list[MessageView]:
    """Return a page of messages and one more if there is more, the oldest first."""
    quoted, quoted_author = aliased(Message), aliased(User)
    order = Message.sequence.desc() if newest else Message.sequence.asc()
    rows = await session.execute(
        sa.select(Message, User, quoted, quoted_author, Image)
        .join(User, User.id == Message.author_id)
        .outerjoin(quoted, quoted.id == Message.reply_to)
        .outerjoin(quoted_author, quoted_author.id == quoted.author_id)
        .outerjoin(Image, Image.id == Message.image_id)
        .where(*where)
        .order_by(order)
        .limit(PAGE + 1)
    )
    found: list[Found] = [(*row,) for row in rows.all()]
    ids = [row[0].id for row in found]
    reactions = await _reactions(session, me, ids)
    mentioned = set(
        await session.scalars(
            sa.select(Mention.message_id).where(
                Mention.user_id == me, Mention.message_id.in_(ids)
            )
        )
    )
    made = [
        MessageView(
            id=message.id,
            sequence=message.sequence,
            handle=author.handle,
            name=author.name,
            at=message.created_at,
            html=message.html,
            source=message.text if author.id == me else None,
            gone=message.deleted_at is not None,
            edited=message.edited_at is not None,
            mine=author.id == me,
            mentions_me=message.id in mentioned and not message.deleted_at,
            quote=Quote(answered.id, by.name, said(answered))
            if answered and by
            else None,
            image=_picture(message, image),
            reactions=reactions[message.id],
        )
        for message, author, answered, by, image in found
    ]
    return made[::-1] if newest else made


def _picture(message: Message, image: Image | None) -> Picture | None:
    if image is None or message.deleted_at:
        return None
    return Picture(f"/api/v1/images/{image.id}", *fitted(image.width, image.height))


def fitted(width: int, height: int) -> tuple[int, int]:
    """Return how large a picture is shown; log.js does the same."""
    scale = min(1, WIDEST / width, HIGHEST / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


async def _reactions(
    session: AsyncSession, me: uuid.UUID, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[Reacted]]:
    rows = await session.execute(
        sa.select(Reaction.message_id, Reaction.emoji, User.id, User.handle)
        .join(User, User.id == Reaction.user_id)
        .where(Reaction.message_id.in_(ids))
        .order_by(Reaction.emoji, User.handle)
    )
    made: dict[uuid.UUID, list[Reacted]] = defaultdict(list)
    for message_id, emoji, user_id, handle in rows:
        of = made[message_id]
        if not of or of[-1].emoji != emoji:
            of.append(Reacted(emoji))
        of[-1].handles.append(handle)
        of[-1].mine |= user_id == me
    return made


class Asked(Protocol):
    """Which of a room's messages are wanted."""

    before: int | None
    after: int | None
    around: int | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some of a room's messages, and the numbers from which one reads on."""

    messages: Sequence[MessageView]
    before: int | None = None
    after: int | None = None


async def stretch(
    session: AsyncSession, me: uuid.UUID, room_id: uuid.UUID, asked: Asked
) -> Stretch:
    """Return the messages before a number, after one, around one, or the newest."""
    before, after, around = asked.before, asked.after, asked.around
    heard = Message.author_id.not_in(blocked_by(me))
    here, number = sa.and_(Message.room_id == room_id, heard), Message.sequence
    if around is not None:
        older = await messages_where(session, me, here, number <= around, newest=True)
        newer = await messages_where(session, me, here, number > around, newest=False)
        half = PAGE // 2
        found = [*older[-half:], *newer[:half]]
        more, later = len(older) > half, len(newer) > half
    elif after is not None:
        found = await messages_where(session, me, here, number > after, newest=False)
        found, later = found[:PAGE], len(found) > PAGE
        more = bool(found)
    else:
        limit = (number < before,) if before is not None else ()
        found = await messages_where(session, me, here, *limit, newest=True)
        found, more = found[-PAGE:], len(found) > PAGE
        later = before is not None and bool(found)
    return Stretch(
        found,
        found[0].sequence if more else None,
        found[-1].sequence if later else None,
    )


def arranged(found: Iterable[MessageView], read: int | None) -> list[MessageView]:
    """Say where days begin, which messages follow others, and what is new."""
    made: list[MessageView] = []
    drawn = read is None
    for one in found:
        last = made[-1] if made else None
        day = last is None or last.at.date() != one.at.date()
        fresh = not drawn and read is not None and one.sequence > read and not one.mine
        drawn = drawn or fresh
        follows = (
            last is not None
            and not (day or fresh or one.quote)
            and last.handle == one.handle
            and one.at - last.at < NEAR
        )
        made.append(replace(one, day=day, fresh=fresh, follows=follows))
    return made


async def messages_of(
    session: AsyncSession,
    me: uuid.UUID,
    ids: Collection[uuid.UUID],
    *where: sa.ColumnElement[bool],
) -> dict[uuid.UUID, MessageView]:
    """Return these messages, which somebody may read; no more than a page."""
    which = Message.id.in_(ids)
    found = await messages_where(session, me, which, *where, newest=True)
    return {one.id: one for one in found}


@dataclass(frozen=True, slots=True)
class ReportView:
    """What somebody wants the admins to look at."""

    id: uuid.UUID
    at: datetime
    reason: str
    by: str
    author: str
    text: str


async def reports(session: AsyncSession, found: Collection[Report]) -> list[ReportView]:
    """Return the reports with whom and what they are about, in the order given."""
    by, author = aliased(User), aliased(User)
    rows = await session.execute(
        sa.select(Report, by.name, author.name)
        .join(by, by.id == Report.by_id)
        .join(Message, Message.id == Report.message_id)
        .join(author, author.id == Message.author_id)
        .where(Report.id.in_([one.id for one in found]))
    )
    made = {
        report.id: ReportView(
            id=report.id,
            at=report.created_at,
            reason=report.reason,
            by=reporter,
            author=writer,
            text=report.text or "a picture",
        )
        for report, reporter, writer in rows
    }
    return [made[one.id] for one in found]
