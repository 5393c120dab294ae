"""Looking for words in the rooms that one is in, the newest first.

PostgreSQL looks in an index of words; SQLite looks at the text of every message.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.access import Person
from app.accounts.services import blocked_by
from app.core.pagination import Listing, keyset
from app.messages.models import Message
from app.rooms.models import Member
from app.settings import Settings


async def search(
    session: AsyncSession,
    settings: Settings,
    person: Person,
    words: str,
    *,
    listing: Listing,
    room_id: uuid.UUID | None = None,
) -> tuple[Sequence[Message], str | None]:
    """Return messages that have all the words, and the cursor of the next ones."""
    mine = sa.select(Member.room_id).where(Member.user_id == person.id)
    query = sa.select(Message).where(
        Message.room_id.in_(mine),
        Message.deleted_at.is_(None),
        Message.author_id.not_in(blocked_by(person.id)),
    )
    if room_id is not None:
        query = query.where(Message.room_id == room_id)
    if session.get_bind().dialect.name == "postgresql":
        vector = sa.func.to_tsvector(sa.text("'simple'"), Message.text)
        asked = sa.func.plainto_tsquery(sa.text("'simple'"), words)
        query = query.where(vector.op("@@")(asked))
    else:
        query = query.where(
            *(Message.text.icontains(word, autoescape=True) for word in words.split())
        )
    return await keyset(
        session,
        settings,
        query,
        [Message.created_at, Message.id],
        listing,
        descending=True,
    )
