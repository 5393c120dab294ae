"""The process of ingest: messages from the broker, or on AWS from a queue of SQS.

Each worker has a number, and with it a session at the broker, which keeps what a worker
has not acknowledged for the next one of its number. So no two may have the same, and
one that starts takes the lowest that is free. One that is stopped while others go on
hands over: its session would keep a share that nobody comes for. The last one leaves
its session to the broker, which keeps everything until there is a worker again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import structlog
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from app.core.database import Database
from app.ingest.consumer import Consumer
from app.mqtt.connection import MqttError
from app.settings import Settings

type Ask = Callable[[sa.Executable], Awaitable[Any]]

log = structlog.get_logger(__name__)
AGAIN_SECONDS = 1.0
LOCKS = 0x1074  # the first half of PostgreSQL's advisory locks that are meant here
MOST = 64
LOOK_SECONDS = 5.0
LEAVE_SECONDS = 6.0  # of the ten that Docker gives a container to end
DECIDING = 0  # the second half of the lock of whoever decides whether to leave
# Other workers: who has a number, and no mark (MOST above the number) of leaving.
STAYING = """
    SELECT count(*) FROM (
        SELECT pid FROM pg_locks
        WHERE locktype = 'advisory' AND classid = :locks AND objid > 0 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND pid <> pg_backend_pid()
        GROUP BY pid HAVING max(objid::bigint) <= :most
    ) AS others
"""


async def run(settings: Settings, database: Database) -> None:
    """Store what devices send, until cancelled."""
    if settings.ingest_source == "sqs":
        from app.aws.sqs import Source  # nothing of AWS elsewhere

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
    async with slot(database) as here:
        log.info("ingest.started", slot=here.number)
        consumer = Consumer(database, settings, slot=here.number)
        consuming = asyncio.create_task(consumer.run())
        leaves = False
        try:
            await asyncio.wait(
                [consuming, here.held], return_when=asyncio.FIRST_COMPLETED
            )
        except asyncio.CancelledError:
            leaves = await hand_over(here, consumer)
            raise
        finally:
            consuming.cancel()
            await asyncio.wait([consuming])
            if leaves:
                await end_session(consumer)
        if not consuming.cancelled() and (error := consuming.exception()):
            raise error


async def hand_over(here: Slot, consumer: Consumer) -> bool:
    """Leave what comes to the other workers; return whether there is nothing left."""
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            if not await here.may_leave():
                return False
            await consumer.leave()
    except (TimeoutError, OSError, SQLAlchemyError, MqttError) as error:
        # Not lost: it waits at the broker for the next worker of this number.
        log.warning("ingest.left_behind", slot=here.number, error=str(error)[:200])
        return False
    log.info("ingest.handed_over", slot=here.number)
    return True


async def end_session(consumer: Consumer) -> None:
    """Have the broker forget the session, which is empty."""
    try:
        async with asyncio.timeout(1):
            await consumer.link.end_session()
    except (TimeoutError, MqttError) as error:
        log.warning("ingest.session_stays", error=str(error)[:200])


async def beside(app: FastAPI) -> None:
    """Do the same in the process of the development server."""
    await run(app.state.settings, app.state.database)


class NoSlotError(Exception):
    """There are too many workers, or the database is away."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A worker's number; `held` ends, by an error, when it is not ours any more."""

    number: int
    held: asyncio.Task[None]
    ask: Ask | None = None  # PostgreSQL, over the connection that holds the number

    async def may_leave(self) -> bool:
        """Whether another worker stays; it counts on us no longer then.

        One decides at a time: of two that are stopped together the second one stays.
        """
        if self.ask is None:
            return False
        await self.ask(sa.select(sa.func.pg_advisory_lock(LOCKS, DECIDING)))
        others = await self.ask(sa.text(STAYING).bindparams(locks=LOCKS, most=MOST))
        if others:
            await self.ask(
                sa.select(sa.func.pg_advisory_lock(LOCKS, MOST + self.number))
            )
        await self.ask(sa.select(sa.func.pg_advisory_unlock(LOCKS, DECIDING)))
        return bool(others)


@contextlib.asynccontextmanager
async def slot(database: Database) -> AsyncIterator[Slot]:
    """Hold a number while the block lasts.

    PostgreSQL lets go of the lock with the connection that took it: when the worker is
    killed, and when the server restarts. SQLite has one process and one worker.
    """
    if database.dialect == "sqlite":
        held = asyncio.create_task(for_ever())
        yield Slot(1, held)
        held.cancel()
        return
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        lock = asyncio.Lock()  # a connection answers one question at a time

        async def ask(question: sa.Executable) -> Any:
            async with lock:
                return await connection.scalar(question)

        number = await take(ask)
        held = asyncio.create_task(watch(ask))
        try:
            yield Slot(number, held, ask)
        finally:
            held.cancel()
            await asyncio.wait([held])
            await connection.invalidate()  # and so lets go, whatever state it is in


async def take(ask: Ask) -> int:
    """Return the lowest number that is free; it is taken from now on."""
    for number in range(1, MOST + 1):
        query = sa.select(sa.func.pg_try_advisory_lock(LOCKS, number))
        if await ask(query):
            return number
    raise NoSlotError


async def for_ever() -> None:
    """Never return."""
    await asyncio.Event().wait()


async def watch(ask: Ask) -> None:
    """Return, by an error, when the connection has broken."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        await ask(sa.select(1))
