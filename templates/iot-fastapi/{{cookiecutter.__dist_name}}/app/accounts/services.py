"""What can be done with an account; who may do it, the routes decide."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import sessions
from app.accounts.models import User
from app.core import passwords
from app.core.database import Database
from app.core.errors import Problem
from app.core.throttle import Throttle, give_back
from app.core.tokens import unauthorized

# Whether there is such an account makes no difference to what is counted. An address may
# be that of a whole school, where everybody signs in at nine.
BY_ADDRESS = (Throttle("login-from", "300/minute"), Throttle("login-from", "1000/hour"))
BY_ACCOUNT = (Throttle("login-to", "5/minute"), Throttle("login-to", "30/hour"))
BY_PERSON = (Throttle("password", "5/minute"), Throttle("password", "30/hour"))
log = structlog.get_logger("security")


async def log_in(database: Database, email: str, password: str, address: str) -> User:
    """Return the user whose password it is; `address` is that of the client.

    Raises Problem 401, the same for an unknown account, one that is closed and a wrong
    password, after the same time; and Problem 429 for trying too often. Every attempt
    is counted before it is looked at, so many at once cannot pass; the right password
    takes its own back.
    """
    email = email.strip().lower()
    attempts = [(limit, address) for limit in BY_ADDRESS]
    attempts += [(limit, email) for limit in BY_ACCOUNT]
    for limit, key in attempts:
        await limit.hit(database, key)
    query = sa.select(User).where(User.email == email)
    async with database.session(write=False) as session:
        user = (await session.scalars(query)).one_or_none()
    right = await passwords.matches(password, user.password if user else None)
    if not right or user is None or not user.active:
        log.warning("login failed", account=str(user.id) if user else None)
        raise unauthorized("The e-mail address or the password is wrong.")
    log.info("logged in", account=str(user.id))
    async with database.begin() as session:
        await give_back(session, attempts)
    return user


async def get(session: AsyncSession, user_id: uuid.UUID) -> User:
    """Return the user; raise Problem 404 if there is none."""
    found = await session.get(User, user_id)
    if found is None:
        raise Problem(404, "There is no such user.")
    return found


async def create(
    session: AsyncSession, *, email: str, name: str, role: str, hashed: str
) -> User:
    """Return a new account; raise Problem 409 if the address has one."""
    made = User(email=email.lower(), name=name, role=role, password=hashed)
    session.add(made)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Problem(409, "There is an account with this address.") from error
    log.info("account made", account=str(made.id), role=role)
    return made


async def change_password(
    database: Database, user_id: uuid.UUID, current: str, new: str
) -> None:
    """Set the password and end every login.

    Raises Problem 403 where the current one is wrong, 422 for a poor new one, and 429
    for trying too often.
    """
    for limit in BY_PERSON:
        await limit.hit(database, str(user_id))
    async with database.session(write=False) as session:
        user = await get(session, user_id)
    if not await passwords.matches(current, user.password):
        log.warning("password change refused")
        raise Problem(403, "The current password is wrong.")
    passwords.require_good(new, user.email)
    hashed = await passwords.hashed(new)
    async with database.begin() as session:
        change = sa.update(User).where(User.id == user_id).values(password=hashed)
        await session.execute(change)
        await sessions.close_all(session, user_id)
    log.warning("password changed")


async def change(
    session: AsyncSession, by: uuid.UUID, user_id: uuid.UUID, **fields: str | bool
) -> User:
    """Change name, role or activity of an account and return it.

    Raises Problem 409 to an admin who would lock themselves out.
    """
    user = await get(session, user_id)
    if user_id == by and (
        fields.get("role", "admin") != "admin" or not fields.get("active", True)
    ):
        raise Problem(409, "Have another admin take this from you.")
    for field, value in fields.items():
        setattr(user, field, value)
    if not user.active:
        await sessions.close_all(session, user_id)
    await session.flush()
    log.warning("account changed", account=str(user_id), fields=sorted(fields))
    return user


async def delete(session: AsyncSession, by: uuid.UUID, user_id: uuid.UUID) -> None:
    """Forget an account; raise Problem 409 to an admin who would delete themselves."""
    user = await get(session, user_id)
    if user_id == by:
        raise Problem(409, "Have another admin delete your account.")
    await session.delete(user)
    log.warning("account deleted", account=str(user_id))
