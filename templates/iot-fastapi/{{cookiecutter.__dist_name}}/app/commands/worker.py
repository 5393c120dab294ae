"""The part of the worker that talks to the broker: commands, credentials that ended."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI

from app.commands.services import dispatch, expire
from app.devices.services import withdraw
from app.mqtt.runtime import administered

if TYPE_CHECKING:
    from app.core.database import Database
    from app.mqtt.access import Access, Publisher
    from app.settings import Settings

log = structlog.get_logger(__name__)

TURN_SECONDS = 0.5  # how long a command waits at most
SLOW_SECONDS = 5.0  # how long a credential outlives its end at most


async def run(
    database: Database, settings: Settings, access: Access | None = None
) -> None:
    """Work until cancelled; a turn that fails is tried again in the next.

    The development server, whose broker is its own, gives its `access`.
    """
    async with administered(settings) as (link, own):
        slow_at = 0.0
        while True:
            slow = time.monotonic() >= slow_at
            try:
                await turn(database, link, access or own, slow=slow)
            except Exception:
                log.exception("commands.turn_failed")
            if slow:
                slow_at = time.monotonic() + SLOW_SECONDS
            await asyncio.sleep(TURN_SECONDS)


async def turn(
    database: Database, link: Publisher, access: Access, *, slow: bool = True
) -> None:
    """Send what waits; now and then also look at what has ended."""
    await dispatch(database, link)
    if slow:
        await expire(database)
        if link.connected.is_set():
            await withdraw(database, access)


async def beside(app: FastAPI) -> None:
    """Do the same in the process of the development server."""
    access = getattr(app.state, "access", None)
    await run(app.state.database, app.state.settings, access)
