"""The process of ingest: messages from the broker, or on AWS from a queue of SQS."""

from __future__ import annotations

import asyncio

import structlog
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from app.core.database import Database
from app.ingest.consumer import Consumer
from app.ingest.slots import slot
from app.settings import Settings

log = structlog.get_logger(__name__)
AGAIN_SECONDS = 1.0


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
