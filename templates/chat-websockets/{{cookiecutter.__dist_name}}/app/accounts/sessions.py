"""Logins: a browser's, by cookie, and an API client's, by tokens that work once.

All refresh tokens that come from one login are a family. A token that was used before
is used again by a thief, or by a client whose token a thief used: the family ends.
Source: RFC 9700, section 4.14.2.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Login, User
from app.core import tokens
from app.core.config import BaseSettings
from app.core.cookies import new_csrf
from app.core.database import Database, utcnow

COOKIE_HOURS = 12
log = structlog.get_logger("security")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a login by the API gives."""

    access_token: str
    refresh_token: str
    expires_in: int


def digest(value: str) -> str:
    """Return what is kept of a random value: enough to know it again."""
    return hashlib.sha256(value.encode()).hexdigest()


async def open_browser(
    session: AsyncSession, user_id: uuid.UUID, agent: str
) -> tuple[str, str]:
    """Begin a browser's login; return what its cookie says, and its CSRF token."""
    value, csrf = secrets.token_urlsafe(32), new_csrf()
    await _begin(session, digest(value), user_id, "cookie", agent, csrf=csrf)
    return value, csrf


async def open_tokens(
    session: AsyncSession, settings: BaseSettings, user_id: uuid.UUID, agent: str
) -> Tokens:
    """Begin a family of tokens and return the first ones."""
    family = uuid.uuid4().hex
    made, current = issue(settings, user_id, family)
    await _begin(
        session,
        family,
        user_id,
        "refresh",
        agent,
        current=current,
        lasts=timedelta(days=settings.refresh_days),
    )
    return made


async def _begin(
    session: AsyncSession,
    key: str,
    user_id: uuid.UUID,
    kind: str,
    agent: str,
    *,
    current: str | None = None,
    csrf: str | None = None,
    lasts: timedelta = timedelta(hours=COOKIE_HOURS),
) -> None:
    now = utcnow()
    # What is over is of no use to anyone; a login is a good moment to forget it.
    over = sa.delete(Login).where(Login.user_id == user_id, Login.expires_at < now)
    await session.execute(over)
    session.add(
        Login(
            id=key,
            user_id=user_id,
            kind=kind,
            current=current,
            csrf=csrf,
            agent=agent[:200],
            created_at=now,
            expires_at=now + lasts,
        )
    )
    await session.flush()


def issue(
    settings: BaseSettings, user_id: uuid.UUID, family: str
) -> tuple[Tokens, str]:
    """Return a pair of tokens of the family, and the id of the one to refresh with."""
    subject = str(user_id)
    access, _ = tokens.encode(
        settings,
        "access",
        subject=subject,
        session=family,
        seconds=settings.access_seconds,
    )
    refresh, current = tokens.encode(
        settings,
        "refresh",
        subject=subject,
        session=family,
        seconds=settings.refresh_days * 86400,
    )
    return Tokens(access, refresh, settings.access_seconds), current


async def close(session: AsyncSession, key: str) -> None:
    """End one login: nothing of it counts from now on."""
    await session.execute(
        sa.update(Login)
        .where(Login.id == key, Login.revoked_at.is_(None))
        .values(revoked_at=utcnow())
    )


type End = Callable[[AsyncSession, str], Awaitable[None]]


async def rotate(
    database: Database, settings: BaseSettings, token: str, end: End = close
) -> Tokens:
    """Return new tokens for a refresh token, which is used up by that.

    Raises Problem 401 for one that does not count; for one that was used before, its
    family ends too, in a transaction of its own that the refusal does not undo. `end`
    does that, where there is more to it than the row.
    """
    claims = tokens.decode(settings, "refresh", token)
    family, user_id = claims["sid"], uuid.UUID(claims["sub"])
    made, current = issue(settings, user_id, family)
    async with database.begin() as session:
        # Of two at once, one finds its token current.
        used = await session.execute(
            sa.update(Login)
            .where(
                Login.id == family,
                Login.current == claims["jti"],
                Login.revoked_at.is_(None),
                Login.expires_at > utcnow(),
                Login.user_id.in_(sa.select(User.id).where(User.active)),
            )
            .values(current=current)
            .returning(Login.id)
        )
        if used.scalar_one_or_none():
            return made
        await end(session, family)
    log.warning("refresh token used again", user_id=str(user_id))
    raise tokens.unauthorized("The token was used before: log in again.")


async def find(session: AsyncSession, key: str) -> tuple[Login, User] | None:
    """Return the login that counts now, and whose it is."""
    query = (
        sa.select(Login, User)
        .join(User, User.id == Login.user_id)
        .where(
            Login.id == key,
            Login.revoked_at.is_(None),
            Login.expires_at > utcnow(),
            User.active,
        )
    )
    row = (await session.execute(query)).one_or_none()
    return (row[0], row[1]) if row else None


async def close_all(session: AsyncSession, user_id: uuid.UUID) -> None:
    """End every login of the user, as after a new password."""
    await session.execute(
        sa.update(Login)
        .where(Login.user_id == user_id, Login.revoked_at.is_(None))
        .values(revoked_at=utcnow())
    )
