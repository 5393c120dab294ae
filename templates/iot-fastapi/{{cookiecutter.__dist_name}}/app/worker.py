"""The worker: what is due by the clock, in one process, each part by itself."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI

from app.alerts import worker as alerts
from app.archive import worker as archive
from app.commands import worker as commands
from app.core.database import Database
from app.ingest import worker as ingest
from app.mqtt.access import Access
from app.readings import worker as readings
from app.settings import Settings


async def run(
    settings: Settings, database: Database, access: Access | None = None
) -> None:
    """Roll up, watch, notify, command and archive, until cancelled.

    Only one process does that at a time. A part that fails tries again by itself; one
    that ends all the same ends the process, which is then started anew.
    """
    async with asyncio.TaskGroup() as group:
        group.create_task(commands.run(database, settings, access))
        for part in (readings, alerts, archive, ingest):
            group.create_task(part.run(database, settings))


async def beside(app: FastAPI) -> None:
    """Do the same in the process of the development server."""
    await run(
        app.state.settings, app.state.database, getattr(app.state, "access", None)
    )
