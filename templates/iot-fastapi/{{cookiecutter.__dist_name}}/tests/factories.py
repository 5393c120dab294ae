"""What tests need to be there: each valid, each different. Others add theirs."""

from __future__ import annotations

import itertools
from typing import Any

from fastapi import Response

from app.accounts import sessions
from app.accounts.models import User
from app.core import cookies, passwords
from app.core.database import Database
from app.devices.models import Device
from app.settings import Settings

numbers = itertools.count(1)


async def make_user(database: Database, role: str = "viewer", **changes: Any) -> User:
    """Have a user; nobody knows the password."""
    fields = {
        "email": f"user{next(numbers)}@example.com",
        "name": "A User",
        "password": passwords.nobodys(),
        "role": role,
    } | changes
    async with database.begin() as session:
        session.add(made := User(**fields))
    return made


async def make_device(database: Database, device_id: str, **changes: Any) -> Device:
    """Have a device, without a credential."""
    async with database.begin() as session:
        session.add(made := Device(id=device_id, **({"name": device_id} | changes)))
    return made


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
