"""Each worker of ingest has a number, and with it a session at the broker.

The broker keeps what a worker has not acknowledged for the next one of its number. So
no two may have the same, and one that starts takes the lowest that is free.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import Database

LOCKS = 0x1074  # the first half of PostgreSQL's advisory locks that are meant here
MOST = 64
LOOK_SECONDS = 5.0


class NoSlotError(Exception):
    """There are too many workers, or the database is away."""


@contextlib.asynccontextmanager
async def slot(database: Database) -> AsyncIterator[tuple[int, asyncio.Task[None]]]:
    """Hold a number while the block lasts; the task ends when it is not ours any more.

    PostgreSQL lets go of the lock with the connection that took it: when the worker is
    killed, and when the server restarts. SQLite has one process and one worker.
    """
    if database.dialect == "sqlite":
        held = asyncio.create_task(for_ever())
        yield 1, held
        held.cancel()
        return
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        number = await take(connection)
        held = asyncio.create_task(watch(connection))
        try:
            yield number, held
        finally:
            held.cancel()
            await asyncio.wait([held])
            await connection.invalidate()  # and so lets go, whatever state it is in


async def take(connection: AsyncConnection) -> int:
    """Return the lowest number that is free; it is taken from now on."""
    for number in range(1, MOST + 1):
        query = sa.select(sa.func.pg_try_advisory_lock(LOCKS, number))
        if await connection.scalar(query):
            return number
    raise NoSlotError


async def for_ever() -> None:
    """Never return."""
    await asyncio.Event().wait()


async def watch(connection: AsyncConnection) -> None:
    """Return, by an error, when the connection has broken."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        await connection.execute(sa.select(1))
