"""What tests need to be there: each valid, each different. Others add theirs."""

from __future__ import annotations

import itertools
from typing import Any

from fastapi import Response

from app.accounts import sessions
from app.accounts.models import User
from app.core import cookies, passwords
from app.core.database import Database
from app.rooms.models import Member, Room
from app.settings import Settings

numbers = itertools.count(1)


async def make_user(database: Database, role: str = "person", **changes: Any) -> User:
    """Have a user; nobody knows the password."""
    number = next(numbers)
    fields = {
        "email": f"user{number}@example.com",
        "handle": f"user{number}",
        "name": "A User",
        "password": passwords.nobodys(),
        "role": role,
    } | changes
    async with database.begin() as session:
        session.add(made := User(**fields))
    return made


async def make_room(
    database: Database, *members: User, kind: str = "public", **changes: Any
) -> Room:
    """Have a room, of which the first member is the owner."""
    number = next(numbers)
    fields = {"slug": f"room-{number}", "name": f"Room {number}", "kind": kind}
    if kind == "direct":
        first, second = sorted(str(user.id) for user in members)
        fields["direct_key"] = f"{first}:{second}"
    async with database.begin() as session:
        session.add(made := Room(**(fields | changes)))
        await session.flush()
        for index, user in enumerate(members):
            role = "member" if index or kind == "direct" else "owner"
            session.add(Member(room_id=made.id, user_id=user.id, role=role))
    return made


async def join(
    database: Database, room: Room, user: User, role: str = "member"
) -> None:
    """Have somebody in the room."""
    async with database.begin() as session:
        session.add(Member(room_id=room.id, user_id=user.id, role=role))


async def log_in(database: Database, settings: Settings, user: User) -> dict[str, str]:
    """Return the headers of somebody who is logged in by a token."""
    async with database.begin() as session:
        made = await sessions.open_tokens(session, settings, user.id, "tests")
    return {"Authorization": f"Bearer {made.access_token}"}


async def browser(
    database: Database, settings: Settings, user: User
) -> tuple[dict[str, str], str]:
    """Return the headers of a browser that is logged in, and its CSRF token."""
    async with database.begin() as session:
        value, csrf = await sessions.open_browser(session, user.id, "tests")
    cookies.write(response := Response(), settings, "session", value)
    return {"Cookie": response.headers["Set-Cookie"].partition(";")[0]}, csrf
