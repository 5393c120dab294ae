"""The part of the worker that watches and tells."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.alerts.notify import deliver
from app.alerts.services import evaluate
from app.core.database import utcnow
from app.readings.worker import every

if TYPE_CHECKING:
    from app.core.database import Database
    from app.settings import Settings

LOOK_SECONDS = 5.0
TELL_SECONDS = 1.0


async def run(database: Database, settings: Settings) -> None:
    """Evaluate rules and deliver notifications, until cancelled."""

    async def look() -> int:
        await evaluate(database, utcnow())
        return 0  # never at once again: it looks at the same

    async with asyncio.TaskGroup() as group:
        group.create_task(every(LOOK_SECONDS, "alerts", look))
        tell = every(
            TELL_SECONDS, "notify", lambda: deliver(database, settings, utcnow())
        )
        group.create_task(tell)
