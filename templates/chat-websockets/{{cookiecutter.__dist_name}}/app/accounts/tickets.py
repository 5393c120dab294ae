"""Tickets: what opens one socket, once, within half a minute.

A browser cannot send a header with a socket, and an address is written into logs; so
a page asks for a ticket by HTTP, and sends it as a subprotocol.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.access import Person, by_login
from app.accounts.models import Ticket
from app.accounts.sessions import digest
from app.core.database import Database, utcnow

SECONDS = 30


async def issue(session: AsyncSession, login_id: str) -> str:
    """Return a new ticket of this login."""
    now, ticket = utcnow(), secrets.token_urlsafe(32)
    # What is over is of no use to anyone.
    await session.execute(sa.delete(Ticket).where(Ticket.expires_at < now))
    session.add(
        Ticket(
            hash=digest(ticket),
            login_id=login_id,
            expires_at=now + timedelta(seconds=SECONDS),
        )
    )
    await session.flush()
    return ticket


async def use(database: Database, ticket: str) -> Person | None:
    """Return whose ticket it is and use it up; None if it does not count."""
    async with database.begin() as session:
        login_id = await session.scalar(
            sa.delete(Ticket)
            .where(Ticket.hash == digest(ticket), Ticket.expires_at > utcnow())
            .returning(Ticket.login_id)
        )
    return await by_login(database, login_id) if login_id else None
