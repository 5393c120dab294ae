"""The demo: four people whose passwords everybody knows, three rooms, and a bot."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app import bot
from app.accounts import services
from app.accounts.models import User
from app.core import passwords
from app.core.database import Database
from app.messages.sending import Draft, send_all
from app.rooms.models import Member, Room
from app.rooms.services import enter

# Name, and password: `python -m app dev` prints them, production never has them.
LOGINS = {
    "ada@example.com": ("Ada", "first-of-the-programmers"),
    "ben@example.com": ("Ben", "likes-to-be-mentioned"),
    "cleo@example.com": ("Cleo", "never-without-an-emoji"),
    "admin@example.com": ("Admin", "keeper-of-the-peace"),
}
# Name, kind and topic of each room, who is in it (its owner first), what was said.
ROOMS = [
    (
        "Lobby",
        "public",
        "Everybody starts here",
        ("admin", "ada", "ben", "cleo", bot.HANDLE),
        [
            ("admin", "Welcome! Say hello, and be **kind** to each other."),
            ("ada", "Hello everybody 👋"),
            ("ben", "Hi @ada! Is it *always* this quiet in here?"),
            ("ada", "Only until @robin wakes up. Try `time` or `dice`."),
            (bot.HANDLE, "I heard that. Say `help`, and I tell you what I can do."),
            ("cleo", "A bot with manners 🎉"),
        ],
    ),
    (
        "Python",
        "public",
        "Questions, answers, and the odd snake",
        ("ada", "admin", "ben", "cleo", bot.HANDLE),
        [
            ("cleo", "How do I wait for *many* things at once?"),
            ("ada", "With a group: `async with asyncio.TaskGroup() as group:`"),
            ("cleo", "And if one of them fails?"),
            (
                "ada",
                (
                    "The others are cancelled, and you hear of it: "
                    "https://docs.python.org/3/library/asyncio-task.html"
                ),
            ),
            ("ben", "That is the part I always forget."),
        ],
    ),
    (
        "Picnic",
        "private",
        "Saturday at noon, bring a blanket",
        ("ben", "ada", "cleo", bot.HANDLE),
        [
            ("ben", "Who brings what?"),
            ("cleo", "Bread, cheese, and far too many strawberries 🍓"),
            ("ada", "Lemonade, then."),
            ("ben", "@cleo there is no such thing as too many strawberries"),
        ],
    ),
]


async def seed(database: Database) -> None:
    """Have these people and rooms; those that are there stay as they are."""
    async with database.session(write=False) as session:
        known = set(await session.scalars(sa.select(User.email)))
    hashes = {
        email: await passwords.hashed(password)
        for email, (_, password) in LOGINS.items()
        if email not in known
    }
    async with database.begin() as session:
        for email, hashed in hashes.items():
            name, _ = LOGINS[email]
            handle = name.lower()
            role = "admin" if handle == "admin" else "person"
            await services.create(
                session, email=email, handle=handle, name=name, hashed=hashed, role=role
            )
        if bot.EMAIL not in known:
            await bot.make(session)
        people = {user.handle: user for user in await session.scalars(sa.select(User))}
        for name, kind, topic, members, lines in ROOMS:
            there = sa.select(Room.id).where(Room.slug == name.lower())
            if await session.scalar(there) is not None:
                continue
            room = Room(slug=name.lower(), name=name, topic=topic, kind=kind)
            session.add(room)
            await session.flush()
            await furnish(session, room, [people[one] for one in members], lines)


async def furnish(
    session: AsyncSession, room: Room, members: list[User], lines: list[tuple[str, str]]
) -> None:
    """Have these members, of whom the first is the owner, and what they said."""
    for index, user in enumerate(members):
        await enter(session, room, user.id, "member" if index else "owner")
    await session.flush()
    named = {user.handle: user for user in members}
    drafts = [
        Draft(
            room_id=room.id,
            author_id=named[handle].id,
            author={"handle": handle, "name": named[handle].name},
            client_id=uuid.uuid4(),
            text=text,
        )
        for handle, text in lines
    ]
    await send_all(session, drafts)
    # The bot answers what comes from now on.
    last = sa.select(Room.sequence).where(Room.id == room.id).scalar_subquery()
    await session.execute(
        sa.update(Member).where(Member.room_id == room.id).values(read=last)
    )
