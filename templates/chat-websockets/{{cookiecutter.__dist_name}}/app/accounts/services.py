"""What can be done with an account; who may do it, the routes decide."""

from __future__ import annotations

import uuid
from functools import partial

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import sessions
from app.accounts.models import Block, Confirmation, Login, User
from app.core import passwords, throttle
from app.core.database import Database, after_commit, upsert
from app.core.errors import Problem, invalid
from app.core.throttle import Counter, Throttle
from app.core.tokens import unauthorized
from app.live.control import control

# Whether there is such an account makes no difference to what is counted. An address may
# be that of a whole school, where everybody signs in at nine.
BY_ADDRESS = (Throttle("login-from", "300/minute"), Throttle("login-from", "1000/hour"))
BY_ACCOUNT = (Throttle("login-to", "5/minute"), Throttle("login-to", "30/hour"))
BY_PERSON = (Throttle("password", "5/minute"), Throttle("password", "30/hour"))
KNOWN_DAYS = 90  # an account that signed in from an address is known there so long
log = structlog.get_logger("security")


async def log_in(database: Database, email: str, password: str, address: str) -> User:
    """Return the user whose password it is; `address` is that of the client.

    Raises Problem 401, the same for an unknown account, one that is closed and a wrong
    password, after the same time; and Problem 429 for trying too often. Every attempt
    is counted before it is looked at, so many at once cannot pass; the right password
    takes its own back.
    """
    email = email.strip().lower()
    # Where the account has signed in before, attempts count by themselves: no stranger
    # can use up those of the owner. Everywhere else they count together.
    place = f"known:{sessions.digest(f'{email} {address}')}"
    account = place if await is_known(database, place) else email
    attempts = [(limit, address) for limit in BY_ADDRESS]
    attempts += [(limit, account) for limit in BY_ACCOUNT]
    for limit, key in attempts:
        await limit.hit(database, key)
    query = sa.select(User).where(User.email == email)
    async with database.session(write=False) as session:
        user = (await session.scalars(query)).one_or_none()
    right = await passwords.matches(password, user.password if user else None)
    if not right or user is None or not user.active or user.bot:
        log.warning("login failed", account=str(user.id) if user else None)
        raise unauthorized("The e-mail address or the password is wrong.")
    log.info("logged in", account=str(user.id))
    async with database.begin() as session:
        await throttle.give_back(session, attempts)
        await remember(session, place)
    return user


async def is_known(database: Database, place: str) -> bool:
    """Whether the account of this place has signed in there."""
    where = (Counter.key == place, Counter.ends > throttle.clock())
    async with database.session(write=False) as session:
        return await session.scalar(sa.select(Counter.key).where(*where)) is not None


async def remember(session: AsyncSession, place: str) -> None:
    """Know the place from now on."""
    row = {"key": place, "ends": throttle.clock() + KNOWN_DAYS * 86400, "count": 1}
    await session.execute(sa.delete(Counter).where(Counter.key == place))
    await session.execute(upsert(session, Counter).values(row).on_conflict_do_nothing())


async def get(session: AsyncSession, user_id: uuid.UUID) -> User:
    """Return the user; raise Problem 404 if there is none."""
    return found_or_404(await session.get(User, user_id))


async def by_handle(session: AsyncSession, handle: str) -> User:
    """Return whom others call so; raise Problem 404 if nobody is, or is no longer."""
    query = sa.select(User).where(User.handle == handle.lower(), User.active)
    return found_or_404((await session.scalars(query)).one_or_none())


def found_or_404(user: User | None) -> User:
    """Return the user; raise Problem 404 if there is none."""
    if user is None:
        raise Problem(404, "There is no such person.")
    return user


async def create(
    session: AsyncSession,
    *,
    email: str,
    handle: str,
    name: str,
    hashed: str,
    role: str = "person",
    bot: bool = False,
) -> User:
    """Return a new account; raise Problem 409 if address or handle are taken."""
    made = User(
        email=email.lower(),
        handle=handle,
        name=name,
        role=role,
        password=hashed,
        bot=bot,
    )
    session.add(made)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Problem(409, "The address or the handle is taken.") from error
    log.info("account made", account=str(made.id), role=role)
    return made


async def set_password(session: AsyncSession, user_id: uuid.UUID, hashed: str) -> None:
    """Set the password and end every login, sockets included; mailed links too."""
    change = sa.update(User).where(User.id == user_id).values(password=hashed)
    await session.execute(change)
    links = sa.delete(Confirmation).where(Confirmation.user_id == user_id)
    await session.execute(links)
    await end_all(session, user_id)
    log.warning("password changed", account=str(user_id))


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
        await set_password(session, user_id, hashed)


async def end(session: AsyncSession, user_id: uuid.UUID, login_id: str) -> None:
    """End one login of somebody, and its sockets; raise Problem 404 if not theirs."""
    login = await session.get(Login, login_id)
    if login is None or login.user_id != user_id:
        raise Problem(404, "There is no such login.")
    await end_login(session, login_id)


async def end_login(session: AsyncSession, login_id: str) -> None:
    """End a login, whoever's it is, and its sockets."""
    await sessions.close(session, login_id)
    after_commit(session, partial(control(session).end_login, login_id))


async def end_all(session: AsyncSession, user_id: uuid.UUID) -> None:
    """End every login of somebody, and their sockets."""
    await sessions.close_all(session, user_id)
    after_commit(session, partial(control(session).end_user, user_id))


async def change(
    session: AsyncSession, by: uuid.UUID, user: User, **fields: str | bool
) -> None:
    """Change role or activity of an account; its logins end, as they have the old one.

    Raises Problem 409 to an admin who would lock themselves out.
    """
    if user.id == by:
        raise Problem(409, "Have another admin change your account.")
    for field, value in fields.items():
        setattr(user, field, value)
    if fields:
        await end_all(session, user.id)
    await session.flush()
    log.warning("account changed", account=str(user.id), fields=sorted(fields))


def blocked_by(user_id: uuid.UUID) -> sa.Select[uuid.UUID]:
    """Return the query of whom somebody does not want to hear from."""
    return sa.select(Block.blocked_id).where(Block.user_id == user_id)


async def block(session: AsyncSession, user_id: uuid.UUID, handle: str) -> None:
    """Hear nothing from somebody any more; again is harmless.

    Neither of the two writes to the other alone. In rooms of many the log is the same
    for all: pages and search leave out what those say whom one has blocked.
    """
    other = await by_handle(session, handle)
    if other.id == user_id:
        raise invalid("handle", "is your own")
    row = {"user_id": user_id, "blocked_id": other.id}
    await session.execute(upsert(session, Block).values(row).on_conflict_do_nothing())


async def unblock(session: AsyncSession, user_id: uuid.UUID, handle: str) -> None:
    """Listen to somebody again."""
    other = await by_handle(session, handle)
    await session.execute(
        sa.delete(Block).where(Block.user_id == user_id, Block.blocked_id == other.id)
    )
