"""Roll-ups are what the readings come to, however and whenever those arrive."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from app.alerts.models import Rule
from app.alerts.services import observed
from app.core.database import Database
from app.ingest.store import rounded
from app.mqtt.messages import MAX_VALUE
from app.readings import rollups
from app.readings.buckets import (
    DAY,
    EPOCH,
    HOUR,
    LEVELS,
    MERGED,
    MINUTE,
    floor,
    resolution,
)
from app.readings.locks import alone
from app.readings.models import DirtyBucket, Latest, Reading, Rollup
from app.readings.rollups import roll_up, roll_up_all
from app.readings.services import find_metric
from tests.measuring import START, make_device, reading, store

pytestmark = pytest.mark.milestone(5)
times = st.datetimes(datetime(1971, 1, 1), datetime(2999, 1, 1)).map(  # noqa: DTZ001
    lambda time: EPOCH + (time - datetime(1970, 1, 1))  # noqa: DTZ001 (naive here)
)
# Few places over three days, so that many readings meet in a bucket or are double.
seconds = st.builds(
    lambda day, minute, second: day * DAY + minute * 7 * MINUTE + second * 13,
    st.integers(0, 2),
    st.integers(0, 20),
    st.integers(0, 8),
)
# Every value that ingest lets through, with those at the limits.
values = st.floats(-MAX_VALUE, MAX_VALUE).map(rounded)
batch = st.lists(st.tuples(seconds, values), max_size=12)


async def expected(database: Database, device_id: str) -> dict[Any, Any]:
    """Work out every roll-up of a device from its readings alone."""
    query = sa.select(Reading).where(Reading.device_id == device_id)
    found = defaultdict(list)
    async with database.session(write=False) as session:
        for row in await session.scalars(query.order_by(Reading.time)):
            for level in LEVELS:
                found[level, row.metric_id, floor(row.time, level)].append(row)
    return {
        key: (
            len(rows),
            pytest.approx(
                math.fsum(row.value for row in rows),
                abs=1e-9 * max(abs(row.value) for row in rows),
            ),
            min(row.value for row in rows),
            max(row.value for row in rows),
            rows[-1].value,
            rows[-1].time,
        )
        for key, rows in found.items()
    }


async def stored(database: Database, device_id: str) -> dict[Any, Any]:
    """Return every roll-up of a device."""
    query = sa.select(Rollup).where(Rollup.device_id == device_id)
    async with database.session(write=False) as session:
        return {
            (row.level, row.metric_id, row.start): (
                row.count,
                row.sum,
                row.min,
                row.max,
                row.last,
                row.last_time,
            )
            for row in await session.scalars(query)
        }


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batches=st.lists(st.tuples(batch, st.booleans()), max_size=6))
async def test_late_double_and_disordered_readings(
    database: Database, batches: list[tuple[list[tuple[int, float]], bool]]
) -> None:
    """Whatever arrives in whatever order, roll-ups equal a count of everything."""
    device_id = await make_device(database)  # each example has its own
    for rows, rolled in batches:
        given_rows = [reading(device_id, at, value) for at, value in rows]
        await store(database, given_rows, rolled=False)
        if rolled:
            await roll_up(database, batch=3)
    await roll_up_all(database)
    assert await stored(database, device_id) == await expected(database, device_id)
    for window in (60, 3600):  # of readings, and of roll-ups
        rule = Rule(kind="above", window_seconds=window, device_id=device_id)
        async with database.session(write=False) as session:
            rule.metric_id = (await find_metric(session, "temperature")).id
            await observed(session, rule, START + timedelta(minutes=30))


async def test_a_minute_that_is_refused_stops_no_other(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """It is logged and left out; the roll-ups of every other one are written."""
    good, bad = await make_device(database), await make_device(database)
    write = rollups._write

    async def refuse(*given: Any) -> None:
        if any(device == bad for device, _, _ in given[2]):
            raise IntegrityError("", {}, ValueError("no"))
        await write(*given)

    monkeypatch.setattr(rollups, "_write", refuse)
    rows = [reading(one, n * 60) for one in (good, bad) for n in range(4)]
    await store(database, rows)
    assert len(await stored(database, good)) == 6
    assert await stored(database, bad) == {}
    assert caplog.text.count("rollup.refused") == 4


async def test_concurrent_batches_and_workers(database: Database) -> None:
    """Four that store and three that roll up at once lose nothing between them."""
    devices = [await make_device(database) for _ in range(3)]
    storing = True

    async def ingest(number: int) -> None:
        for turn in range(8):
            rows = [
                reading(device, (turn * 37 + n * 11 + number) % 400, number + n)
                for device in devices
                for n in range(10)
            ]
            await store(database, rows, rolled=False)

    async def work() -> None:
        while storing:
            await roll_up(database, batch=5)
            await asyncio.sleep(0)

    workers = [asyncio.create_task(work()) for _ in range(3)]
    await asyncio.gather(*map(ingest, range(4)))
    storing = False
    await asyncio.gather(*workers)
    await roll_up_all(database)
    for device in devices:
        assert await stored(database, device) == await expected(database, device)
    async with database.session(write=False) as session:
        assert await session.scalar(sa.select(sa.func.count(DirtyBucket.id))) == 0


async def test_a_minute_that_is_right_is_left_alone(database: Database) -> None:
    """What is stored twice makes no work."""
    device_id = await make_device(database)
    assert await store(database, [reading(device_id, 1)]) == 1
    assert await store(database, [reading(device_id, 1)], rolled=False) == 0
    assert await roll_up(database) == 0


async def test_the_latest_is_the_newest(database: Database) -> None:
    """A late reading does not become the latest one by arriving last."""
    device_id = await make_device(database)
    await store(database, [reading(device_id, 2 * DAY, 5.0)])
    await store(database, [reading(device_id, 10, 4.0)])
    async with database.session(write=False) as session:
        found = (await session.scalars(sa.select(Latest))).one()
    assert (found.value, found.time) == (5.0, START + timedelta(days=2))


async def test_a_lock_is_held_by_one(database: Database) -> None:
    """A worker that finds a job taken does without; SQLite has one process anyway."""
    async with alone(database, "test") as first, alone(database, "test") as second:
        assert (first, second) == (True, database.dialect == "sqlite")
    async with alone(database, "test") as third:
        assert third


@given(time=times, level=st.sampled_from(LEVELS))
def test_buckets_cover_time(time: datetime, level: int) -> None:
    """Each time is in one bucket, which begins at a multiple of its length."""
    start = floor(time, level)
    assert start <= time < start + timedelta(seconds=level)
    assert (start - EPOCH).total_seconds() % level == 0
    assert floor(start, level) == start


@given(
    time=times,
    span=st.timedeltas(timedelta(microseconds=1), timedelta(days=3660)),
    points=st.integers(2, 2000),
)
def test_a_range_has_so_many_points_at_most(
    time: datetime, span: timedelta, points: int
) -> None:
    """A range never has more points than asked for, nor reads many for one."""
    end = time + span
    found = resolution(time, end, points)
    last = floor(end - timedelta(microseconds=1), found.step)
    buckets = last - floor(time, found.step) + timedelta(seconds=found.step)
    assert buckets <= points * timedelta(seconds=found.step)
    assert found.step // found.level <= MERGED or found.level == DAY
    assert found.level in {MINUTE, HOUR, DAY}
