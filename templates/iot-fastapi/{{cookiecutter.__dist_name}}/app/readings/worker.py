"""The part of the worker that keeps roll-ups current."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog

from app.readings.rollups import roll_up

if TYPE_CHECKING:
    from app.core.database import Database
    from app.settings import Settings

TURN_SECONDS = 0.5
log = structlog.get_logger("worker")


async def run(database: Database, settings: Settings) -> None:  # noqa: ARG001 (as all)
    """Roll up what changed; pause when nothing did."""
    await every(TURN_SECONDS, "roll-ups", lambda: roll_up(database))


async def every(seconds: float, name: str, turn: Callable[[], Awaitable[int]]) -> None:
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
