"""The part of the worker that forgets dead letters: they are for mending devices."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from app.core.database import utcnow
from app.ingest.models import DeadLetter
from app.readings.worker import every

if TYPE_CHECKING:
    from app.core.database import Database
    from app.settings import Settings

KEPT = timedelta(days=30)
TURN_SECONDS = 600.0
AT_ONCE = 5000


async def run(database: Database, settings: Settings) -> None:  # noqa: ARG001 (as all)
    """Forget what is old, until cancelled."""
    await every(TURN_SECONDS, "dead letters", lambda: forget(database))


async def forget(database: Database) -> int:
    """Delete some of what is older than a month; return how many."""
    old = sa.select(DeadLetter.id).where(DeadLetter.received_at < utcnow() - KEPT)
    async with database.begin() as session:
        gone = await session.execute(
            sa.delete(DeadLetter)
            .where(DeadLetter.id.in_(old.limit(AT_ONCE)))
            .returning(DeadLetter.id)
            .execution_options(synchronize_session=False)
        )
        return len(gone.all())
