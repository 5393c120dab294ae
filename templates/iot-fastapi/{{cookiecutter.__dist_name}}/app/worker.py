"""The worker: what is due by the clock, in one process, each part by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import sqlalchemy as sa
import structlog
from fastapi import FastAPI

from app.alerts.notify import deliver
from app.alerts.services import evaluate
from app.archive.services import archive_due, holds
from app.archive.stores import store_of
from app.commands.services import dispatch, expire
from app.core.database import Database, utcnow
from app.devices.credentials import withdraw
from app.ingest.models import DeadLetter
from app.mqtt.access import Access, Publisher
from app.mqtt.runtime import administered
from app.readings.retention import retain
from app.readings.rollups import roll_up
from app.settings import Settings

type Turn = Callable[[], Awaitable[int]]

ROLL_UP_SECONDS = 0.5
LOOK_SECONDS = 5.0  # for alerts
TELL_SECONDS = 1.0
ARCHIVE_SECONDS = 900.0
FORGET_SECONDS = 600.0
COMMAND_SECONDS = 0.5  # how long a command waits at most
CREDENTIAL_SECONDS = 5.0  # how long a credential outlives its end at most
DEAD_LETTERS_KEPT = timedelta(days=30)
AT_ONCE = 5000
log = structlog.get_logger("worker")


async def run(
    settings: Settings, database: Database, access: Access | None = None
) -> None:
    """Roll up, watch, notify, command and archive, until cancelled.

    Only one process does that at a time. A part that fails tries again by itself; one
    that ends all the same ends the process, which is then started anew. The
    development server, whose broker is its own, gives its `access`.
    """
    store = store_of(settings)

    async def look() -> int:
        await evaluate(database, utcnow())
        return 0  # never at once again: it looks at the same

    async def archive() -> int:
        await archive_due(database, store)
        await retain(database, settings.retention_days, partial(holds, store))
        return 0

    async def tell() -> int:
        return await deliver(database, settings, utcnow())

    async with asyncio.TaskGroup() as group:
        for seconds, name, turn in (
            (ROLL_UP_SECONDS, "roll-ups", partial(roll_up, database)),
            (LOOK_SECONDS, "alerts", look),
            (TELL_SECONDS, "notify", tell),
            (ARCHIVE_SECONDS, "archive", archive),
            (FORGET_SECONDS, "dead letters", partial(forget, database)),
        ):
            group.create_task(every(seconds, name, turn))
        group.create_task(command(settings, database, access))


async def beside(app: FastAPI) -> None:
    """Do the same in the process of the development server."""
    access = getattr(app.state, "access", None)
    await run(app.state.settings, app.state.database, access)


async def every(seconds: float, name: str, turn: Turn) -> None:
    """Do something until cancelled: at once again while it says that there is more.

    A turn that fails is logged and tried again: a database that is away comes back.
    """
    while True:
        try:
            done = await turn()
        except Exception:
            log.exception("turn failed", job=name)
            done = 0
        if not done:
            await asyncio.sleep(seconds)


async def command(
    settings: Settings, database: Database, access: Access | None = None
) -> None:
    """Tell the broker: commands that wait, credentials that ended."""
    async with administered(settings) as (link, own):
        slow_at = 0.0

        async def turn() -> int:
            nonlocal slow_at
            await dispatch(database, link)
            if time.monotonic() >= slow_at:
                slow_at = time.monotonic() + CREDENTIAL_SECONDS
                await end(database, link, access or own)
            return 0

        await every(COMMAND_SECONDS, "commands", turn)


async def end(database: Database, link: Publisher, access: Access) -> None:
    """Expire commands; where the broker is there, tell it which credentials ended."""
    await expire(database)
    if link.connected.is_set():
        await withdraw(database, access)


async def forget(database: Database) -> int:
    """Delete some dead letters of which nobody mends a device now; return how many."""
    before = utcnow() - DEAD_LETTERS_KEPT
    old = sa.select(DeadLetter.id).where(DeadLetter.received_at < before)
    async with database.begin() as session:
        gone = await session.execute(
            sa.delete(DeadLetter)
            .where(DeadLetter.id.in_(old.limit(AT_ONCE)))
            .returning(DeadLetter.id)
            .execution_options(synchronize_session=False)
        )
        return len(gone.all())
