"""The log of a room: what happened there, numbered 1, 2, 3 … without a gap.

The number is taken and the event written in one transaction. The row of the room is
locked from then on, so of two writers the later one gets the later number, and a
transaction that is undone leaves no hole. Whoever saw number n asks for what is after
n and knows that nothing is missing.
"""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import after_commit, utcnow
from app.live.control import control
from app.messages.models import Event
from app.rooms.models import Room


async def lock(session: AsyncSession, room_id: uuid.UUID) -> None:
    """Have whoever else changes this room wait until this transaction is over.

    What is asked from here on is true until then: of two who act at once, one finds
    out. SQLite has one writer at a time as it is.
    """
    await session.execute(
        sa.select(Room.id).where(Room.id == room_id).with_for_update(key_share=True)
    )


async def log(
    session: AsyncSession,
    room_id: uuid.UUID,
    kind: str,
    actor_id: uuid.UUID,
    message_id: uuid.UUID | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """Write the next event of a room and return it; who listens there is told.

    They are told once the transaction is committed, and never if it is not.
    """
    now = utcnow()
    following = await session.scalar(
        sa.update(Room)
        .where(Room.id == room_id)
        .values(sequence=Room.sequence + 1, last_at=now)
        .returning(Room.sequence)
        .execution_options(synchronize_session=False)
    )
    made = Event(
        room_id=room_id,
        sequence=following,
        kind=kind,
        actor_id=actor_id,
        message_id=message_id,
        data=data or {},
        created_at=now,
    )
    session.add(made)
    after_commit(session, partial(control(session).published, made))
    return made
