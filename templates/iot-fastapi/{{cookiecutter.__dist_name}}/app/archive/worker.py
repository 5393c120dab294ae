"""The part of the worker that archives days that are over, and deletes what is old."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from app.archive.services import archive_due, holds
from app.archive.stores import store_of
from app.readings.retention import retain
from app.readings.worker import every

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.core.database import Database
    from app.settings import Settings

    type Turn = Callable[[], Awaitable[int]]

TURN_SECONDS = 900.0


async def run(database: Database, settings: Settings) -> None:
    """Archive and delete, until cancelled."""
    store = store_of(settings)

    async def turn() -> int:
        await archive_due(database, store)
        await retain(database, settings.retention_days, partial(holds, store))
        return 0

    await every(TURN_SECONDS, "archive", turn)
