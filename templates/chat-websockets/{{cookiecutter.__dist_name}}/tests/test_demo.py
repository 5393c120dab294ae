"""The demo: its people and rooms are there once, and its bot answers."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from app import bot, demo
from app.accounts.models import User
from app.core import passwords
from app.core.database import Database
from app.messages.models import Message
from app.messages.sending import Draft, send_all
from app.rooms.models import Member, Room

pytestmark = pytest.mark.milestone(4)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash nothing: other tests do."""

    async def hashed(password: str) -> str:
        return password

    monkeypatch.setattr(passwords, "hashed", hashed)


async def count(database: Database, table: type) -> int:
    """Return how many rows there are."""
    async with database.session(write=False) as session:
        query = sa.select(sa.func.count()).select_from(table)
        return await session.scalar(query) or 0


async def test_the_demo_is_there_once(database: Database) -> None:
    """However often it is written; every message is one of the room's log."""
    for _ in range(2):
        await demo.seed(database)
        assert await count(database, User) == len(demo.LOGINS) + 1
        assert await count(database, Room) == 3
        lines = sum(len(room[-1]) for room in demo.ROOMS)
        assert await count(database, Message) == lines


async def say(database: Database, slug: str, text: str) -> None:
    """Have Ada say something."""
    async with database.begin() as session:
        room = (await session.scalars(sa.select(Room).filter_by(slug=slug))).one()
        ada = (await session.scalars(sa.select(User).filter_by(handle="ada"))).one()
        author = {"handle": "ada", "name": "Ada"}
        await send_all(session, [Draft(room.id, ada.id, author, room.id, text)])


async def test_the_bot_answers_each_message_once(database: Database) -> None:
    """What was said before it came, what bots say and what it said itself, never."""
    await demo.seed(database)
    drafts: list[Draft] = []

    async def turn() -> list[str]:
        drafts.clear()
        await bot.turn(database, lambda draft, _: drafts.append(draft))
        async with database.begin() as session:
            await send_all(session, list(drafts))
        return [draft.text for draft in drafts]

    assert await turn() == []
    await say(database, "picnic", "Hello!")
    await say(database, "lobby", "So quiet")
    assert len(await turn()) == 2
    assert await turn() == []
    async with database.session(write=False) as session:
        me = sa.select(User.id).where(User.handle == bot.HANDLE).scalar_subquery()
        read = await session.scalars(sa.select(Member.read).where(Member.user_id == me))
        assert all(read)


async def test_without_a_bot_nobody_answers(database: Database) -> None:
    """And nothing fails."""
    drafts: list[Draft] = []
    await bot.turn(database, lambda draft, _: drafts.append(draft))
    assert drafts == []


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Hi there", r"Hello Ada!"),
        ("What TIME is it?", r"It is \d\d:\d\d:\d\d UTC\."),
        ("dice!", r"🎲 \*\*[1-6]\*\*"),
        ("help", r"I know `hello`"),
        ("Lovely weather", r"🤖"),
    ],
)
def test_what_the_bot_says(said: str, answer: str) -> None:
    """It knows a few words."""
    assert re.match(answer, bot.answer(said, "Ada"))
