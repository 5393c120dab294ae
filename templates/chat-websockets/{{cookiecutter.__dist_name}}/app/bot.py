"""The bot of the demo: it always answers, for whoever tries the chat alone.

It is a member like any other. How far it has read is where it goes on, so what is said
while the server is away is answered later.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable

import sqlalchemy as sa
import structlog
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import User
from app.core.database import Database, utcnow
from app.messages.models import Message
from app.messages.sending import Draft, Outcome
from app.rooms.models import Member

HANDLE, NAME, EMAIL = "robin", "Robin", "robin@bots.invalid"
SECONDS = 0.5  # between two looks at what was said
MOST = 20
HELP = "I know `hello`, `time` and `dice`; to everything else I only nod."

log = structlog.get_logger("bot")

type Put = Callable[[Draft, Callable[[Outcome], None]], None]


async def make(session: AsyncSession) -> None:
    """Have the bot's account: nothing is the password that has this hash."""
    bot = User(email=EMAIL, handle=HANDLE, name=NAME, password="!", bot=True)  # noqa: S106
    session.add(bot)
    await session.flush()


async def run(app: FastAPI) -> None:
    """Answer what people say, until the server ends, whatever fails in between."""
    while True:
        try:
            await turn(app.state.database, app.state.live.writer.put)
        except (SQLAlchemyError, OSError) as error:
            log.warning("database away", error=type(error).__name__)
        except Exception:
            log.exception("failed")
        await asyncio.sleep(SECONDS)


async def turn(database: Database, put: Put) -> None:
    """Answer what was said since the last look."""
    async with database.session(write=False) as session:
        bot = await session.scalar(sa.select(User).where(User.handle == HANDLE))
        heard = await unread(session, bot.id) if bot else []
    if bot is None or not heard:
        return
    async with database.begin() as session:
        for message, _ in heard:
            mine = (Member.room_id == message.room_id, Member.user_id == bot.id)
            await session.execute(
                sa.update(Member).where(*mine).values(read=message.sequence)
            )
    for message, name in heard:
        draft = Draft(
            room_id=message.room_id,
            author_id=bot.id,
            author={"handle": bot.handle, "name": bot.name},
            # The same message is answered once, whatever happens in between.
            client_id=uuid.uuid5(message.id, HANDLE),
            text=answer(message.text, name),
            reply_to=message.id,
        )
        put(draft, lambda _: None)


async def unread(session: AsyncSession, bot: uuid.UUID) -> list[tuple[Message, str]]:
    """Return what people have said where the bot is, and who said it."""
    rows = await session.execute(
        sa.select(Message, User.name)
        .join(User, User.id == Message.author_id)
        .join(Member, sa.and_(Member.room_id == Message.room_id, Member.user_id == bot))
        .where(Message.sequence > Member.read, ~User.bot, Message.deleted_at.is_(None))
        .order_by(Message.room_id, Message.sequence)
        .limit(MOST)
    )
    return [(message, name) for message, name in rows]


def answer(text: str, name: str) -> str:
    """Return what there is to say to that."""
    words = set(text.casefold().replace("?", " ").replace("!", " ").split())
    if words & {"hello", "hi", "hey"}:
        return f"Hello {name}! Say `help` if you want to know what I can do."
    if "time" in words:
        return f"It is {utcnow():%H:%M:%S} UTC."
    if "dice" in words:
        return f"🎲 **{random.randint(1, 6)}**"  # noqa: S311 (a game)
    if "help" in words:
        return HELP
    return "🤖 *nods*"
