"""Retention: raw readings go after some days, when all that is made of them is made.

The order is what makes it safe: first no reading of those days is taken any more, then
the roll-ups are brought up to date, then the archive, and only then are rows deleted.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from app.core.database import upsert, utcnow
from app.readings.buckets import DAY, HOUR, MINUTE, floor
from app.readings.locks import alone, exclusive
from app.readings.models import Day, DirtyBucket, Horizon, Latest, Reading, Rollup
from app.readings.rollups import roll_up_all

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.core.database import Database

    # Whether all readings of a day can be read elsewhere: the archive's promise.
    type Archived = Callable[[Day], Awaitable[bool]]

MINUTES_FACTOR = 4  # roll-ups of minutes stay so many times as long as readings
log = structlog.get_logger("retention")


async def retain(
    database: Database,
    days: int,
    archived: Archived | None = None,
    now: datetime | None = None,
) -> int:
    """Delete the readings that are older than `days`; return how many.

    A day that is not `archived` waits for the next time.
    """
    now = now or utcnow()
    horizon = floor(now - timedelta(days=days), DAY)
    async with alone(database, "retention") as mine:
        if not mine:
            return 0
        horizon = await raise_horizon(database, horizon)
        await roll_up_all(database)
        async with database.session(write=False) as session:
            behind = await session.scalar(
                sa.select(DirtyBucket.id).where(DirtyBucket.start < horizon).limit(1)
            )
            due = await session.scalars(
                sa.select(Day)
                .where(Day.day < horizon.date(), Day.purged_at.is_(None))
                .order_by(Day.day)
            )
            waiting = list(due)
        if behind is not None:
            return 0  # another worker is still rolling up
        deleted = 0
        for one in waiting:
            if archived is not None and not await archived(one):
                log.warning("retention waits for the archive", day=str(one.day))
                continue
            deleted += await purge(database, one.day)
        await purge_minutes(database, now - MINUTES_FACTOR * timedelta(days=days))
    return deleted


async def raise_horizon(database: Database, time: datetime) -> datetime:
    """Take no reading from before `time` any more, and return from when on they are.

    It waits for the batches that are being stored, and never goes back.
    """
    async with database.begin() as session:
        await exclusive(session, "horizon")
        found: datetime | None = await session.scalar(sa.select(Horizon.time))
        if found is None or found < time:
            insert = upsert(session, Horizon).values(id=1, time=time)
            await session.execute(
                insert.on_conflict_do_update(index_elements=["id"], set_={"time": time})
            )
            return time
        return found


async def purge(database: Database, day: date) -> int:
    """Delete the readings of a day: an hour of a series with each transaction."""
    start = datetime.combine(day, time(), UTC)
    async with database.session(write=False) as session:
        series = (
            await session.execute(sa.select(Latest.device_id, Latest.metric_id))
        ).all()
    deleted = 0
    for device_id, metric_id in series:
        hours = (
            sa.select(Rollup.start)
            .where(Rollup.level == HOUR)
            .where(Rollup.device_id == device_id, Rollup.metric_id == metric_id)
            .where(Rollup.start >= start, Rollup.start < start + timedelta(days=1))
        )
        async with database.session(write=False) as session:
            starts = list(await session.scalars(hours))
        for hour in starts:
            gone = (
                sa.delete(Reading)
                .where(Reading.device_id == device_id, Reading.metric_id == metric_id)
                .where(Reading.time >= hour, Reading.time < hour + timedelta(hours=1))
            )
            async with database.begin() as session:
                result = await session.execute(gone)
            deleted += getattr(result, "rowcount", 0)
    async with database.begin() as session:
        await session.execute(
            sa.update(Day).where(Day.day == day).values(purged_at=utcnow())
        )
    log.info("readings deleted", day=str(day), rows=deleted)
    return deleted


async def purge_minutes(database: Database, before: datetime) -> None:
    """Delete the roll-ups of minutes before a time; those of hours and days stay."""
    async with database.session(write=False) as session:
        series = (
            await session.execute(sa.select(Latest.device_id, Latest.metric_id))
        ).all()
    for device_id, metric_id in series:
        async with database.begin() as session:
            await session.execute(
                sa.delete(Rollup)
                .where(Rollup.level == MINUTE, Rollup.start < before)
                .where(Rollup.device_id == device_id, Rollup.metric_id == metric_id)
            )
