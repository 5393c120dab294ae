"""What is done with messages; each asks what the person may do in their room."""

from __future__ import annotations

import unicodedata
import uuid
from functools import partial

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.access import Person
from app.accounts.models import User
from app.core.database import after_commit, upsert, utcnow
from app.core.errors import Problem, invalid
from app.live.control import control
from app.messages import markdown
from app.messages.models import Event, Mention, Message, Reaction
from app.messages.sending import Draft, Sent, send_all
from app.rooms.access import Action, Standing, standing_of
from app.rooms.log import lock, log
from app.rooms.models import Member

MOST_EMOJIS = 20  # different ones on one message
NONE = "There is no such message."
# What joins and colours symbols, makes a keycap of a digit, or a flag of letters.
JOINING = {"\u200d", "\ufe0f", "\u20e3", *map(chr, range(0xE0020, 0xE0080))}
SYMBOLS = {
    "So",
    "Sk",
    "Sm",
    "Cn",
}  # categories of Unicode; it grows: Cn is not yet known
OTHERS = set("\u203c\u2049\u3030\u303d")  # emojis of other categories


async def send(
    session: AsyncSession,
    person: Person,
    here: Standing,
    *,
    client_id: uuid.UUID,
    text: str,
    reply_to: uuid.UUID | None = None,
    image_id: uuid.UUID | None = None,
) -> Sent:
    """Write one message by HTTP; the same `client_id` again is the same message."""
    author = {"handle": person.handle, "name": person.name}
    draft = Draft(here.room.id, person.id, author, client_id, text, reply_to, image_id)
    (outcome,) = await send_all(session, [draft])
    if isinstance(outcome, Problem):
        raise outcome
    if not outcome.duplicate:
        event = Event(room_id=here.room.id, sequence=outcome.sequence)
        after_commit(session, partial(control(session).published, event))
    return outcome


async def find(session: AsyncSession, person: Person, message_id: uuid.UUID) -> Message:
    """Return a message; raise Problem 404 where the person may not know of it."""
    return (await _found(session, person, message_id))[0]


async def _found(
    session: AsyncSession,
    person: Person,
    message_id: uuid.UUID,
    *,
    change: bool = False,
) -> tuple[Message, Standing]:
    message = await session.get(Message, message_id, populate_existing=True)
    if message is None:
        raise Problem(404, NONE)
    if change:
        # Else an edit could give its text back to what is being deleted.
        await lock(session, message.room_id)
        await session.refresh(message)
    try:
        here = await standing_of(session, person, message.room_id)
    except Problem as problem:
        if problem.status == 404:
            raise Problem(404, NONE) from problem
        raise
    return message, here


async def _writable(
    session: AsyncSession, person: Person, message_id: uuid.UUID
) -> tuple[Message, Standing]:
    message, here = await _found(session, person, message_id, change=True)
    here.require(Action.WRITE)
    if message.deleted_at:
        raise Problem(409, "The message was deleted.")
    return message, here


async def edit(
    session: AsyncSession, person: Person, message_id: uuid.UUID, text: str
) -> Event:
    """Have a message of one's own say something else."""
    message, here = await _writable(session, person, message_id)
    if message.author_id != person.id:
        raise Problem(403, "Only its author edits a message.")
    text = text.strip()
    if not text and not message.image_id:
        raise invalid("text", "has to say something")
    event = await log(session, here.room.id, "edit", person.id, message.id)
    handles = {}
    if asked := markdown.mentioned(text):
        rows = await session.execute(
            sa.select(User.handle, User.id)
            .join(Member, Member.user_id == User.id)
            .where(Member.room_id == here.room.id, User.handle.in_(asked))
        )
        handles = {row.handle: row.id for row in rows}
    message.text, message.html = text, markdown.render(text, handles)
    message.edited_at = utcnow()
    await session.execute(sa.delete(Mention).where(Mention.message_id == message.id))
    session.add_all(
        Mention(message_id=message.id, user_id=user_id) for user_id in handles.values()
    )
    await session.flush()
    return event


async def delete(
    session: AsyncSession, person: Person, message_id: uuid.UUID
) -> Event | None:
    """Take a message's text away: its author's, or as who keeps the room in order.

    A second time changes nothing, and there is no event.
    """
    message, here = await _found(session, person, message_id, change=True)
    if message.author_id != person.id:
        here.require(Action.MODERATE)
    gone = await session.execute(
        sa.update(Message)
        .where(Message.id == message.id, Message.deleted_at.is_(None))
        .values(deleted_at=utcnow(), text="", html="", image_id=None)
        .returning(Message.id)
    )
    if gone.scalar_one_or_none() is None:
        return None
    for table in (Reaction, Mention):
        await session.execute(sa.delete(table).where(table.message_id == message.id))
    return await log(session, here.room.id, "delete", person.id, message.id)


async def react(
    session: AsyncSession,
    person: Person,
    message_id: uuid.UUID,
    emoji: str,
    *,
    on: bool,
) -> Event | None:
    """Put an emoji to a message, or take it away; again changes nothing."""
    if not is_emoji(emoji):
        raise invalid("emoji", "is not an emoji")
    message, here = await _writable(session, person, message_id)
    which = (Reaction.message_id == message.id, Reaction.user_id == person.id)
    if on:
        used = await session.scalar(
            sa.select(sa.func.count(sa.distinct(Reaction.emoji))).where(
                Reaction.message_id == message.id, Reaction.emoji != emoji
            )
        )
        if (used or 0) >= MOST_EMOJIS:
            raise Problem(409, f"A message has {MOST_EMOJIS} different emojis at most.")
        values = {"message_id": message.id, "user_id": person.id, "emoji": emoji}
        statement = upsert(session, Reaction).values(values).on_conflict_do_nothing()
        changed = await session.execute(statement.returning(Reaction.emoji))
    else:
        removal = sa.delete(Reaction).where(*which, Reaction.emoji == emoji)
        changed = await session.execute(removal.returning(Reaction.emoji))
    if changed.scalar_one_or_none() is None:
        return None
    data = {"emoji": emoji, "on": on}
    return await log(session, here.room.id, "reaction", person.id, message.id, data)


def is_emoji(text: str) -> bool:
    """Whether it is made of symbols, as emojis are, and not of words or of nothing."""
    if "\u20e3" in text:
        return text[0] in "0123456789#*" and set(text[1:]) <= JOINING
    seen = set(text) - JOINING
    return bool(seen) and all(
        letter in OTHERS
        or (unicodedata.category(letter) in SYMBOLS and not letter.isascii())
        for letter in seen
    )
