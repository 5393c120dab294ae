"""Who asks, and what they may do: one table of roles, one dependency.

People come with a token or, from a page, with a cookie; machines with a key. Who they
are is read from the database with each request, so what is taken away counts at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, cast

import structlog
from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, APIKeyHeader, OAuth2PasswordBearer

from app.accounts import keys, sessions
from app.core import cookies, tokens
from app.core.config import BaseSettings
from app.core.database import SAFE_METHODS, Database
from app.core.errors import Problem


class Permission(StrEnum):
    """What somebody may be allowed to do."""

    READ = "read"
    DEVICES = "devices"
    COMMAND = "command"
    ALERTS = "alerts"
    EXPORT = "export"
    PEOPLE = "people"
    KEYS = "keys"


VIEWER = frozenset({Permission.READ, Permission.EXPORT})
OPERATOR = VIEWER | {Permission.COMMAND, Permission.ALERTS}
ROLES: dict[str, frozenset[Permission]] = {
    "viewer": VIEWER,
    "operator": OPERATOR,
    "admin": frozenset(Permission),
}
# What a machine may be given: nothing with which it could make itself more powerful.
SCOPES = frozenset(Permission) - {Permission.PEOPLE, Permission.KEYS}
bearer = OAuth2PasswordBearer(
    "/api/v1/auth/token", scheme_name="oauth2", auto_error=False
)
key_header = APIKeyHeader(name="X-API-Key", scheme_name="key", auto_error=False)
session_cookie = APIKeyCookie(name="session", scheme_name="cookie", auto_error=False)
log = structlog.get_logger("security")


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever sent the request, as the database knows them now."""

    id: uuid.UUID
    name: str
    role: str
    permissions: frozenset[Permission]
    via: Literal["token", "cookie", "key"]
    session: str = ""
    csrf: str = ""

    def may(self, permission: Permission) -> bool:
        """Return whether they have the permission."""
        return permission in self.permissions


async def visitor(
    request: Request,
    token: Annotated[str | None, Depends(bearer)],
    key: Annotated[str | None, Depends(key_header)],
    _cookie: Annotated[str | None, Depends(session_cookie)],
) -> Person | None:
    """Return who asks, None for a stranger; what is sent as proof has to count.

    Raises Problem 401 for a token or a key that does not, and 403 for a change by
    cookie that no page of ours has sent.
    """
    database = cast("Database", request.app.state.database)
    settings = cast("BaseSettings", request.app.state.settings)
    if token is not None:
        person = await _by_token(database, settings, token)
    elif key is not None:
        person = await _by_key(database, key)
    else:
        found = await by_cookie(request)
        if found is None:
            return None
        person = found
        if request.method not in SAFE_METHODS:
            await cookies.require_csrf(request, settings, person.csrf)
    structlog.contextvars.bind_contextvars(user_id=str(person.id))
    return person


async def by_cookie(request: Request) -> Person | None:
    """Return whose session the browser's cookie names, None if there is none."""
    settings = cast("BaseSettings", request.app.state.settings)
    value = cookies.read(request, settings, "session")
    if value is None:
        return None
    database = cast("Database", request.app.state.database)
    return await _by_login(database, sessions.digest(value), "cookie")


async def _by_token(database: Database, settings: BaseSettings, token: str) -> Person:
    claims = tokens.decode(settings, "access", token)
    person = await _by_login(database, claims["sid"], "token")
    if person is None or str(person.id) != claims["sub"]:
        raise tokens.unauthorized("The login has ended.")
    return person


async def _by_login(
    database: Database, login: str, via: Literal["token", "cookie"]
) -> Person | None:
    # A session of its own, which only reads: the request's own begins to write when
    # the route does, and no sooner.
    async with database.session(write=False) as session:
        found = await sessions.find(session, login)
    if found is None or (found[0].kind == "cookie") != (via == "cookie"):
        return None
    row, user = found
    permissions = ROLES[user.role]
    return Person(
        user.id, user.name, user.role, permissions, via, row.id, row.csrf or ""
    )


async def _by_key(database: Database, secret: str) -> Person:
    found = await keys.find(database, secret)
    if found is None:
        log.warning("API key refused", prefix=secret[: keys.PREFIX_LENGTH])
        raise tokens.unauthorized("The API key is not valid.")
    permissions = frozenset(Permission(scope) for scope in found.scopes)
    return Person(found.id, found.name, "machine", permissions & SCOPES, "key")


async def person(found: Annotated[Person | None, Depends(visitor)]) -> Person:
    """Return who asks; raise Problem 401 where nobody is logged in."""
    if found is None:
        raise tokens.unauthorized("Log in first.")
    return found


async def human(found: Annotated[Person, Depends(person)]) -> Person:
    """Return who asks, if it is somebody with an account; a machine gets a 403."""
    if found.via == "key":
        raise Problem(403, "This is for people, not for API keys.")
    return found


def requires(permission: Permission) -> Callable[..., Awaitable[Person]]:
    """Make a dependency that gives who asks, and refuses who lacks the permission.

    The refusal is Problem 401 or 403, and a line in the log.
    """

    async def allowed(found: Annotated[Person, Depends(person)]) -> Person:
        if not found.may(permission):
            log.warning("permission refused", permission=permission.value)
            raise Problem(403, "Your account may not do this.")
        return found

    return allowed


Visitor = Annotated[Person | None, Depends(visitor)]
Someone = Annotated[Person, Depends(person)]
Human = Annotated[Person, Depends(human)]
Reader = Annotated[Person, Depends(requires(Permission.READ))]
DeviceManager = Annotated[Person, Depends(requires(Permission.DEVICES))]
Commander = Annotated[Person, Depends(requires(Permission.COMMAND))]
AlertHandler = Annotated[Person, Depends(requires(Permission.ALERTS))]
Exporter = Annotated[Person, Depends(requires(Permission.EXPORT))]
PeopleManager = Annotated[Person, Depends(requires(Permission.PEOPLE))]
KeyManager = Annotated[Person, Depends(requires(Permission.KEYS))]
