"""Readings go when they are old; what is made of them stays right, and stays."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.core.database import Database
from app.readings import retention, services
from app.readings.buckets import DAY, HOUR, LEVELS, MINUTE
from app.readings.locks import alone
from app.readings.models import Day, Reading, Rollup
from app.readings.retention import raise_horizon, retain
from tests.measuring import START, make_device, reading, store

pytestmark = pytest.mark.milestone(5)
NOW = START + timedelta(days=10, hours=5)


async def count(database: Database, *conditions: sa.ColumnElement[bool]) -> int:
    """Return how many readings there are."""
    query = sa.select(sa.func.count(Reading.value)).where(*conditions)
    async with database.session(write=False) as session:
        return await session.scalar(query) or 0


async def rolled(database: Database) -> dict[int, int]:
    """Return how many roll-ups there are of each level."""
    query = sa.select(Rollup.level, sa.func.count()).group_by(Rollup.level)
    async with database.session(write=False) as session:
        return {row[0]: row[1] for row in await session.execute(query)}


async def filled(database: Database) -> str:
    """Have four readings on each of ten days, and return the device."""
    device_id = await make_device(database)
    rows = [
        reading(device_id, day * DAY + hour * 6 * HOUR)
        for day in range(10)
        for hour in range(4)
    ]
    await store(database, rows, rolled=False)
    return device_id


async def test_old_readings_go_and_their_roll_ups_stay(database: Database) -> None:
    """Whole days go, after their roll-ups were made; a second run finds nothing."""
    await filled(database)
    assert await retain(database, 5, now=NOW) == 20
    assert await count(database, Reading.time < START + timedelta(days=5)) == 0
    assert await count(database) == 20
    assert await rolled(database) == {MINUTE: 40, HOUR: 40, DAY: 10}
    assert await retain(database, 5, now=NOW) == 0


async def test_roll_ups_of_minutes_go_later(database: Database) -> None:
    """They stay four times as long; those of hours and days stay for good."""
    await filled(database)
    assert await retain(database, 2, now=NOW) == 32
    assert (await rolled(database))[MINUTE] == 40 - 2 * 4 - 1
    assert (await rolled(database))[HOUR] == 40


async def test_nothing_older_than_the_horizon_is_taken(database: Database) -> None:
    """A late reading of a day that is gone would make its roll-ups wrong."""
    device_id = await filled(database)
    await retain(database, 5, now=NOW)
    late = [reading(device_id, 60), reading(device_id, 9 * DAY + 60)]
    assert await store(database, late) == 1
    assert (await rolled(database))[DAY] == 10


async def test_the_horizon_never_goes_back(database: Database) -> None:
    """Keeping more from now on does not bring back what is gone."""
    later = await raise_horizon(database, NOW)
    assert await raise_horizon(database, START) == later == NOW


async def test_readings_wait_for_the_archive(database: Database) -> None:
    """A day that is not archived stays, and the others go."""
    await filled(database)

    async def archived(day: Day) -> bool:
        return day.day != START.date()

    assert await retain(database, 5, archived, now=NOW) == 16
    assert await count(database, Reading.time < START + timedelta(days=1)) == 4


async def test_one_worker_deletes(database: Database) -> None:
    """Where another is at it, there is nothing to do; SQLite has no other."""
    await filled(database)
    async with alone(database, "retention"):
        found = await retain(database, 5, now=NOW)
    assert found == (20 if database.dialect == "sqlite" else 0)


async def test_a_batch_that_is_being_stored_is_not_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was stored before the horizon rose is in the roll-ups before it goes."""
    device_id = await filled(database)
    order: list[str] = []
    raising = retention.raise_horizon

    async def noted(database: Database, time: datetime) -> datetime:
        found = await raising(database, time)
        order.append("raised")
        return found

    monkeypatch.setattr(retention, "raise_horizon", noted)
    async with database.begin() as session:
        rows = [reading(device_id, n * 60 + 7) for n in range(10)]
        assert await services.store(session, rows) == 10
        task = asyncio.create_task(retain(database, 5, now=NOW))
        await asyncio.sleep(0)
        order.append("stored")
    assert await task == 30
    assert order == ["stored", "raised"]
    async with database.session(write=False) as session:
        first = await session.scalar(
            sa.select(Rollup.count).where(
                Rollup.level == DAY,
                Rollup.start == START,
                Rollup.device_id == device_id,
            )
        )
    assert first == 14
    assert set(await rolled(database)) == set(LEVELS)
