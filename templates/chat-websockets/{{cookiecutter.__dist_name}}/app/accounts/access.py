"""Who asks, by a token or, from a page, by a cookie.

Who they are is read from the database with each request, so what is taken away counts
at once. What they may do in a room is another question: see `app/rooms/access.py`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Annotated, Literal, cast

import structlog
from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, OAuth2PasswordBearer
from starlette.requests import HTTPConnection

from app.accounts import sessions
from app.core import cookies, tokens
from app.core.config import BaseSettings
from app.core.database import SAFE_METHODS, Database
from app.core.errors import Problem

bearer = OAuth2PasswordBearer(
    "/api/v1/auth/token", scheme_name="oauth2", auto_error=False
)
session_cookie = APIKeyCookie(name="session", scheme_name="cookie", auto_error=False)
log = structlog.get_logger("security")


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever sent the request, as the database knows them now."""

    id: uuid.UUID
    handle: str
    name: str
    role: str
    via: Literal["token", "cookie"]
    session: str
    csrf: str = ""

    @property
    def admin(self) -> bool:
        """Whether they look after the whole chat, and not one room."""
        return self.role == "admin"


async def visitor(
    request: Request,
    token: Annotated[str | None, Depends(bearer)],
    _cookie: Annotated[str | None, Depends(session_cookie)],
) -> Person | None:
    """Return who asks, None for a stranger; what is sent as proof has to count.

    Raises Problem 401 for a token that does not, and 403 for a change by cookie that
    no page of ours has sent.
    """
    settings = cast("BaseSettings", request.app.state.settings)
    if token is not None:
        database = cast("Database", request.app.state.database)
        found: Person | None = await by_token(database, settings, token)
    else:
        found = await by_cookie(request)
        if found is not None and request.method not in SAFE_METHODS:
            await cookies.require_csrf(request, settings, found.csrf)
    if found is not None:
        structlog.contextvars.bind_contextvars(user_id=str(found.id))
    return found


async def by_cookie(connection: HTTPConnection) -> Person | None:
    """Return whose session the browser's cookie names, None if there is none."""
    settings = cast("BaseSettings", connection.app.state.settings)
    value = cookies.read(connection, settings, "session")
    if value is None:
        return None
    database = cast("Database", connection.app.state.database)
    found = await by_login(database, sessions.digest(value))
    return found if found and found.via == "cookie" else None


async def by_token(database: Database, settings: BaseSettings, token: str) -> Person:
    """Return whose access token it is; raise Problem 401 if it does not count."""
    claims = tokens.decode(settings, "access", token)
    found = await by_login(database, claims["sid"])
    if found is None or found.via != "token" or str(found.id) != claims["sub"]:
        raise tokens.unauthorized("The login has ended.")
    return found


async def by_login(database: Database, login: str) -> Person | None:
    """Return whose login it is, None if it does not count, or no longer."""
    # A session of its own, which only reads: the request's own begins to write when
    # the route does, and no sooner.
    async with database.session(write=False) as session:
        found = await sessions.find(session, login)
    if found is None:
        return None
    row, user = found
    return Person(
        id=user.id,
        handle=user.handle,
        name=user.name,
        role=user.role,
        via="cookie" if row.kind == "cookie" else "token",
        session=row.id,
        csrf=row.csrf or "",
    )


async def person(found: Annotated[Person | None, Depends(visitor)]) -> Person:
    """Return who asks; raise Problem 401 where nobody is logged in."""
    if found is None:
        raise tokens.unauthorized("Log in first.")
    return found


async def admin(found: Annotated[Person, Depends(person)]) -> Person:
    """Return who asks, if they are an admin; else raise Problem 403 and log it."""
    if not found.admin:
        log.warning("permission refused", permission="admin")
        raise Problem(403, "This is for admins.")
    return found


Visitor = Annotated[Person | None, Depends(visitor)]
Human = Annotated[Person, Depends(person)]
Admin = Annotated[Person, Depends(admin)]
