"""Events as listeners get them: the frames of the socket, made from what is stored.

Who was away gets the same frames as who was there, with what is true now: a message
that was edited since says what it says now, one that was deleted says nothing.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from html import unescape
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounts.models import User
from app.live.protocol import dump
from app.messages.models import Event, Image, Message

QUOTED = 140  # letters of a message that is answered
TAG = re.compile("<[^>]*>")  # what is written with this sign is escaped
TYPES = {"message": "new"}


def person(user: User) -> dict[str, str]:
    """Return who somebody is, for everybody."""
    return {"handle": user.handle, "name": user.name}


def excerpt(rendered: str, *, deleted: bool = False) -> str:
    """Return the beginning of what a message says, in one line, as it is read."""
    if deleted:
        return "a deleted message"
    text = unescape(TAG.sub("", rendered))
    return " ".join(text.split())[:QUOTED] or "a picture"


def quoted(message_id: uuid.UUID, name: str, said: str) -> dict[str, str]:
    """Return the message that is answered."""
    return {"id": str(message_id), "name": name, "text": said}


def picture(image: Image) -> dict[str, Any]:
    """Return a picture and where it is to be had."""
    return {
        "id": str(image.id),
        "address": f"/api/v1/images/{image.id}",
        "width": image.width,
        "height": image.height,
    }


def moment(at: datetime | None) -> str | None:
    """Return a time as text."""
    return at.isoformat().replace("+00:00", "Z") if at else None


def content(
    message: Message,
    author: dict[str, str],
    quote: dict[str, str] | None = None,
    image: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a message as everybody in the room sees it."""
    gone = message.deleted_at is not None
    return {
        "id": str(message.id),
        "sequence": message.sequence,
        "client_id": str(message.client_id),
        "author": author,
        "text": message.text,
        "html": message.html,
        "created_at": moment(message.created_at),
        "edited_at": moment(message.edited_at),
        "deleted": gone,
        "quote": quote,
        "image": None if gone else image,
    }


def new(message: Message, said: dict[str, Any]) -> str:
    """Return the frame of a message that was just written."""
    room = str(message.room_id)
    return dump("new", room=room, sequence=message.sequence, message=said)


async def contents(
    session: AsyncSession, *where: sa.ColumnElement[bool], limit: int, newest: bool
) -> list[dict[str, Any]]:
    """Return messages as everybody in the room sees them, in that order."""
    author, answered, by = aliased(User), aliased(Message), aliased(User)
    order = Message.sequence.desc() if newest else Message.sequence.asc()
    rows = await session.execute(
        sa.select(Message, author, answered, by, Image)
        .join(author, author.id == Message.author_id)
        .outerjoin(answered, answered.id == Message.reply_to)
        .outerjoin(by, by.id == answered.author_id)
        .outerjoin(Image, Image.id == Message.image_id)
        .where(*where)
        .order_by(order)
        .limit(limit)
    )
    return [_content(*row) for row in rows]


def _content(
    message: Message,
    author: User,
    answered: Message | None,
    by: User | None,
    image: Image | None,
) -> dict[str, Any]:
    quote = None
    if answered and by:
        gone = answered.deleted_at is not None
        quote = quoted(answered.id, by.name, excerpt(answered.html, deleted=gone))
    return content(message, person(author), quote, picture(image) if image else None)


async def events_after(
    session: AsyncSession, room_id: uuid.UUID, after: int, limit: int
) -> Sequence[tuple[int, str]]:
    """Return the numbers and frames of the events after one, in order."""
    author, answered, by = aliased(User), aliased(Message), aliased(User)
    rows = await session.execute(
        sa.select(Event, User, Message, author, answered, by, Image)
        .join(User, User.id == Event.actor_id)
        .outerjoin(Message, Message.id == Event.message_id)
        .outerjoin(author, author.id == Message.author_id)
        .outerjoin(answered, answered.id == Message.reply_to)
        .outerjoin(by, by.id == answered.author_id)
        .outerjoin(Image, Image.id == Message.image_id)
        .where(Event.room_id == room_id, Event.sequence > after)
        .order_by(Event.sequence)
        .limit(limit)
    )
    return [(row[0].sequence, _frame(*row)) for row in rows]


def _frame(
    event: Event,
    actor: User,
    message: Message | None,
    author: User | None,
    answered: Message | None,
    by: User | None,
    image: Image | None,
) -> str:
    fields: dict[str, Any] = {"room": str(event.room_id), "sequence": event.sequence}
    if message is None or author is None:
        fields |= {"user": person(actor), "data": event.data}
    elif event.kind == "message":
        fields["message"] = _content(message, author, answered, by, image)
    elif event.kind == "edit":
        fields["message"] = {
            "id": str(message.id),
            "text": message.text,
            "html": message.html,
            "edited_at": moment(message.edited_at),
        }
    else:
        fields["message_id"] = str(message.id)
        if event.kind == "reaction":
            fields |= event.data | {"user": person(actor)}
    return dump(TYPES.get(event.kind, event.kind), **fields)
