"""The process of ingest: messages from the broker, or on AWS from a queue of SQS.

Each worker has a number, and with it a session at the broker, which keeps what a worker
has not acknowledged for the next one of its number. So no two may have the same, and
one that starts takes the lowest that is free.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import sqlalchemy as sa
import structlog
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import Database
from app.ingest.consumer import Consumer
from app.settings import Settings

log = structlog.get_logger(__name__)
AGAIN_SECONDS = 1.0
LOCKS = 0x1074  # the first half of PostgreSQL's advisory locks that are meant here
MOST = 64
LOOK_SECONDS = 5.0


async def run(settings: Settings, database: Database) -> None:
    """Store what devices send, until cancelled."""
    if settings.ingest_source == "sqs":
        from app.aws.sqs import Source  # noqa: PLC0415  # nothing of AWS elsewhere

        await Source(database, settings).run()
        return
    while True:
        try:
            await work(settings, database)
        except (OSError, SQLAlchemyError) as error:
            log.warning("ingest.no_slot", error=str(error)[:200])
        await asyncio.sleep(AGAIN_SECONDS)


async def work(settings: Settings, database: Database) -> None:
    """Be a worker for as long as the number is ours: a database that restarts takes it.

    What was not stored until then waits at the broker, as with a worker that is killed.
    """
    async with slot(database) as (number, held):
        log.info("ingest.started", slot=number)
        consuming = asyncio.create_task(Consumer(database, settings, slot=number).run())
        try:
            await asyncio.wait([consuming, held], return_when=asyncio.FIRST_COMPLETED)
        finally:
            consuming.cancel()
            await asyncio.wait([consuming])
        if not consuming.cancelled() and (error := consuming.exception()):
            raise error


async def beside(app: FastAPI) -> None:
    """Do the same in the process of the development server."""
    await run(app.state.settings, app.state.database)


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
