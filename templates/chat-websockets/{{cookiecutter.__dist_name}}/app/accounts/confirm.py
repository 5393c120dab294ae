"""What is proven by a mail: a new account's address, a password that was forgotten.

Nothing here tells whether an address has an account: the answers are the same, and the
mail says it to whoever reads that address.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import timedelta
from smtplib import SMTPException
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import services
from app.accounts.models import Confirmation, User
from app.accounts.schemas import SignUp
from app.accounts.sessions import digest
from app.core import mail, passwords
from app.core.database import Database, utcnow
from app.core.errors import Problem, invalid
from app.core.throttle import Throttle
from app.settings import Settings

# An address may be that of a whole school, where everybody signs up at nine.
BY_ADDRESS = (Throttle("mail-from", "300/minute"), Throttle("mail-from", "600/hour"))
BY_ACCOUNT = (Throttle("mail-to", "3/minute"), Throttle("mail-to", "10/hour"))
LASTS = {"verify": timedelta(days=1), "reset": timedelta(hours=1)}
log = structlog.get_logger("security")


async def sign_up(
    database: Database, settings: Settings, given: SignUp, address: str
) -> None:
    """Send a mail with which the account is made; `address` is the client's.

    Raises Problem 422 for a poor password, 409 for a handle that somebody has, and 429
    for asking too often. Handles are public; addresses are not.
    """
    await _count(database, given.email, address)
    passwords.require_good(given.password, given.email)
    hashed = await passwords.hashed(given.password)
    async with database.begin() as session:
        if await session.scalar(sa.select(User.id).where(User.handle == given.handle)):
            raise Problem(409, "The handle is taken: choose another.")
        known = await session.scalar(
            sa.select(User.id).where(User.email == given.email)
        )
        # The same work for both, so that the time tells nothing.
        token = await _remember(
            session,
            "verify",
            None,
            {
                "email": given.email,
                "handle": given.handle,
                "name": given.name,
                "hashed": hashed,
            },
        )
        if known:
            await _forget(session, token)
    if known:
        text = (
            f"Somebody wanted to sign up at {settings.title} with your address.\n"
            "You have an account already. Have you forgotten the password?\n\n"
            f"{_link(settings, '/reset')}\n\n"
            "If it was not you, there is nothing to do.\n"
        )
    else:
        text = (
            f"Welcome to {settings.title}. Follow this link to confirm your address; "
            f"it works for a day:\n\n{_link(settings, '/verify', token)}\n\n"
            "If it was not you who signed up, there is nothing to do.\n"
        )
    await _send(settings, given.email, f"Your account at {settings.title}", text)


async def verify(database: Database, token: str) -> User:
    """Return the account that was asked for; raise Problem 409 if it cannot be made."""
    async with database.begin() as session:
        proof = await _use(session, "verify", token)
        return await services.create(session, **proof.data)


async def ask_reset(
    database: Database, settings: Settings, email: str, address: str
) -> None:
    """Send a mail with which a new password is set, or which says there is no account.

    Raises Problem 429 for asking too often.
    """
    email = email.strip().lower()
    await _count(database, email, address)
    async with database.begin() as session:
        query = sa.select(User.id).where(User.email == email, User.active, ~User.bot)
        user_id = await session.scalar(query)
        token = await _remember(session, "reset", user_id, {})
        if user_id is None:
            await _forget(session, token)
    if user_id is None:
        text = (
            f"Somebody asked {settings.title} for a new password for your address.\n"
            "There is no account with it.\n"
        )
    else:
        text = (
            f"Set a new password for {settings.title}; the link works for an hour:\n\n"
            f"{_link(settings, '/reset/confirm', token)}\n\n"
            "If you did not ask for it, there is nothing to do.\n"
        )
    await _send(settings, email, f"Your password at {settings.title}", text)


async def reset(database: Database, token: str, password: str) -> None:
    """Set a new password and end every login.

    Raises Problem 422 for a proof that does not count, and for a poor password, after
    which the link still works.
    """
    async with database.session(write=False) as session:
        query = (
            sa.select(User)
            .join(Confirmation, Confirmation.user_id == User.id)
            .where(Confirmation.hash == digest(token))
        )
        user = (await session.scalars(query)).one_or_none()
    if user is None:
        raise _refused("reset")
    passwords.require_good(password, user.email)
    hashed = await passwords.hashed(password)
    async with database.begin() as session:
        await _use(session, "reset", token)
        await services.set_password(session, user.id, hashed)


async def _count(database: Database, email: str, address: str) -> None:
    for throttle in BY_ADDRESS:
        await throttle.hit(database, address)
    for throttle in BY_ACCOUNT:
        await throttle.hit(database, email)


async def _remember(
    session: AsyncSession, kind: str, user_id: uuid.UUID | None, data: dict[str, Any]
) -> str:
    now, token = utcnow(), secrets.token_urlsafe(32)
    # What is over is of no use to anyone.
    await session.execute(sa.delete(Confirmation).where(Confirmation.expires_at < now))
    session.add(
        Confirmation(
            hash=digest(token),
            kind=kind,
            user_id=user_id,
            data=data,
            expires_at=now + LASTS[kind],
        )
    )
    await session.flush()
    return token


async def _forget(session: AsyncSession, token: str) -> None:
    await session.execute(
        sa.delete(Confirmation).where(Confirmation.hash == digest(token))
    )


async def _use(session: AsyncSession, kind: str, token: str) -> Confirmation:
    """Use a proof up and return it; of two at once, one finds it."""
    query = (
        sa.delete(Confirmation)
        .where(
            Confirmation.hash == digest(token),
            Confirmation.kind == kind,
            Confirmation.expires_at > utcnow(),
        )
        .returning(Confirmation)
    )
    found = (await session.scalars(query)).one_or_none()
    if found is None:
        raise _refused(kind)
    return found


def _refused(kind: str) -> Problem:
    log.warning("confirmation refused", kind=kind)
    return invalid("token", "does not count, or no longer: ask for another mail")


def _link(settings: Settings, path: str, token: str = "") -> str:
    query = f"?token={token}" if token else ""
    return f"{settings.public_url.rstrip('/')}{path}{query}"


async def _send(settings: Settings, to: str, subject: str, text: str) -> None:
    try:
        await mail.send(settings, to=to, subject=subject, text=text)
    except (OSError, SMTPException) as error:
        log.exception("mail not sent")
        detail = "The mail could not be sent: try again soon."
        raise Problem(503, detail, headers={"Retry-After": "60"}) from error
