"""Readings are stored once, and a range costs what its points cost."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app import worker
from app.core.database import Database
from app.readings import services
from app.readings.buckets import DAY, HOUR, MINUTE
from app.readings.models import Reading, Rollup, table_of
from app.readings.rollups import roll_up
from app.readings.services import Series
from app.settings import Settings
from tests.conftest import AsRole
from tests.measuring import START, make_device, reading, store

pytestmark = pytest.mark.milestone(5)
V1 = "/api/v1"
POINTS = 100


async def asked(
    database: Database, device_id: str, seconds: float, points: int
) -> Series:
    """Return a range that begins at START."""
    async with database.session(write=False) as session:
        metric = await services.find_metric(session, "temperature")
        end = START + timedelta(seconds=seconds)
        return await services.range_of(
            session, device_id, metric, START, end, points=points
        )


async def test_a_reading_is_stored_once(database: Database) -> None:
    """The same device, metric and time again is not new, and changes nothing."""
    device_id = await make_device(database)
    rows = [reading(device_id, 1, 20.0), reading(device_id, 2, 21.0)]
    again = [*rows, reading(device_id, 1, 99.0), reading(device_id, 3), *rows]
    assert [await store(database, some) for some in (rows, again, [])] == [2, 1, 0]
    found = await asked(database, device_id, 10, 10)
    assert [point.mean for point in found.points] == [20.0, 21.0, 1.0]


async def test_what_is_unknown_is_refused(database: Database) -> None:
    """A metric or a device that there is not costs the batch; ingest divides it."""
    device_id = await make_device(database)
    with pytest.raises(ValueError, match="no metric colour"):
        await store(database, [reading(device_id, 1, metric="colour")])
    with pytest.raises(IntegrityError):
        await store(database, [reading("nobody", 1)])
    with pytest.raises(IntegrityError):
        await store(database, [reading(device_id, 1, float("inf"))])
    assert await store(database, [reading(device_id, 1)]) == 1


async def test_a_range_is_as_fine_as_its_points(database: Database) -> None:
    """Readings if they fit, else roll-ups, of which a point is made of a few."""
    device_id = await make_device(database)
    rows = [reading(device_id, n * 20, float(n)) for n in range(2 * 180)]
    await store(database, rows)
    steps = {
        points: (await asked(database, device_id, 2 * HOUR, points)).resolution
        for points in (2000, 360, 200, 100, 31, 20, 2)
    }
    assert steps == {
        2000: 0,
        360: 0,
        200: MINUTE,
        100: 2 * MINUTE,
        31: 4 * MINUTE,
        20: HOUR,
        2: 2 * HOUR,
    }
    found = await asked(database, device_id, 2 * HOUR, 100)
    assert [point.count for point in found.points] == [6] * 60
    assert found.points[1].mean == pytest.approx(8.5)
    assert (found.points[1].min, found.points[1].max) == (6.0, 11.0)


async def test_a_range_costs_its_points_however_long(database: Database) -> None:
    """At most four rows for a point, and one try of readings: all by the key."""
    device_id = await make_device(database)
    level_rows = [
        {
            "level": level,
            "device_id": device_id,
            "metric_id": await metric_number(database),
            "start": START + timedelta(seconds=n * level),
            "count": 1,
            "sum": 1.0,
            "min": 1.0,
            "max": 1.0,
            "last": 1.0,
            "last_time": START + timedelta(seconds=n * level),
        }
        for level, count in ((MINUTE, 400), (HOUR, 400), (DAY, 365))
        for n in range(count)
    ]
    async with database.begin() as session:
        await session.execute(sa.insert(table_of(Rollup)), level_rows)
        # Enough readings that a range cannot be answered from them.
        raw = [reading(device_id, n) for n in range(200)]
        await services.store(session, raw)
    spans = (0.25, 1, 10, 90, 365)
    counted = [await rows_read(database, device_id, days) for days in spans]
    assert max(counted) <= 4 * POINTS + POINTS + 10


async def rows_read(database: Database, device_id: str, days: float) -> int:
    """Return how many rows the statements of a range gave, and check their plans."""
    rows = 0
    statements: list[tuple[str, Any]] = []

    def note(
        _connection: Any, _cursor: Any, text: str, values: Any, *_more: object
    ) -> None:
        statements.append((text, values))

    engine = database.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        found = await asked(database, device_id, days * DAY, POINTS)
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    assert 2 <= len(found.points) <= POINTS
    for text, values in statements:
        if not text.startswith("SELECT"):
            continue
        async with database.engine.connect() as connection:
            rows += len((await connection.exec_driver_sql(text, values)).all())
            if database.dialect == "sqlite":
                plan = await connection.exec_driver_sql(
                    f"EXPLAIN QUERY PLAN {text}", values
                )
                assert all("SEARCH" in str(step) for step in plan.all())
            else:
                # A table this small is read whole where nothing forbids it.
                await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
                plan = await connection.exec_driver_sql(f"EXPLAIN {text}", values)
                assert "Seq Scan on r" not in str(plan.all())  # readings, rollups
    return rows


async def metric_number(database: Database) -> int:
    """Return the number of the metric that tests use."""
    async with database.session(write=False) as session:
        return (await services.find_metric(session, "temperature")).id


async def test_what_is_not_kept_is_shown_by_roll_ups(database: Database) -> None:
    """When the readings of a range are gone, few roll-ups do not look like all."""
    device_id = await make_device(database)
    await store(database, [reading(device_id, n * HOUR) for n in range(48)])
    async with database.begin() as session:
        gone = sa.delete(Reading).where(Reading.time < START + timedelta(days=1))
        await session.execute(gone)
    found = await asked(database, device_id, 2 * DAY, 100)
    assert found.resolution == HOUR
    assert len(found.points) == 48


async def test_a_range_over_the_api(
    database: Database, client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """A range comes with its resolution; a client that has it gets 304."""
    device_id = await make_device(database)
    await store(database, [reading(device_id, n, 20.0 + n) for n in range(3)])
    headers = await as_role("viewer")
    query = {"metric": "temperature", "start": START.isoformat()}
    query["end"] = (START + timedelta(hours=1)).isoformat()
    path = f"{V1}/devices/{device_id}/readings"
    answer = await client.get(path, params=query, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["resolution"] == 0
    assert [point["mean"] for point in answer.json()["points"]] == [20.0, 21.0, 22.0]
    again = headers | {"If-None-Match": answer.headers["ETag"]}
    answer = await client.get(path, params=query, headers=again)
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"metric": "temperature"}, 200),
        ({"metric": "nothing"}, 404),
        ({"metric": "../etc"}, 422),
        ({"metric": "temperature", "points": 2001}, 422),
        ({"metric": "temperature", "start": "2026-01-02T00:00:00"}, 422),
        ({"metric": "temperature", "start": "0001-01-01T00:00:00Z"}, 422),
        ({"metric": "temperature", "start": "9998-01-01T00:00:00Z"}, 422),
        ({"metric": "temperature", "start": "1980-01-01T00:00:00Z"}, 422),
        ({"metric": "temperature", "more": "1"}, 422),
    ],
)
async def test_a_range_that_is_refused(
    database: Database,
    client: httpx2.AsyncClient,
    as_role: AsRole,
    query: dict[str, Any],
    status: int,
) -> None:
    """What does not make sense is refused, and says why."""
    device_id = await make_device(database)
    answer = await client.get(
        f"{V1}/devices/{device_id}/readings",
        params=query,
        headers=await as_role("viewer"),
    )
    assert answer.status_code == status
    assert status == 200 or answer.json()["detail"]


async def test_the_latest_values_over_the_api(
    database: Database, client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """Each metric of a device is there once, with its unit."""
    device_id = await make_device(database)
    rows = [reading(device_id, 1), reading(device_id, 2, 5.0, "humidity")]
    await store(database, [*rows, reading(device_id, 9, 7.0)])
    headers = await as_role("viewer")
    answer = await client.get(f"{V1}/devices/{device_id}/latest", headers=headers)
    found = [
        (one["metric"], one["unit"], one["value"]) for one in answer.json()["items"]
    ]
    assert found == [("humidity", "%", 5.0), ("temperature", "°C", 7.0)]
    answer = await client.get(f"{V1}/devices/no-such/latest", headers=headers)
    assert answer.status_code == 404


async def test_a_metric_has_one_unit(
    client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """Making it again is harmless, with another unit it is refused."""
    headers = await as_role("admin")
    path = f"{V1}/metrics/pressure"
    statuses = [
        (await client.put(path, json={"unit": unit}, headers=headers)).status_code
        for unit in ("hPa", "hPa", "bar")
    ]
    assert statuses == [200, 200, 409]
    answer = await client.get(f"{V1}/metrics", headers=headers)
    assert answer.json()["items"] == [{"name": "pressure", "unit": "hPa"}]


async def test_a_device_that_has_measured_something_stays(
    database: Database, client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """Whoever would delete it is told what to do instead; its readings are there."""
    device_id = await make_device(database)
    await store(database, [reading(device_id, 1)])
    url, headers = f"{V1}/devices/{device_id}", await as_role("admin")
    answer = await client.delete(url, headers=headers)
    assert answer.status_code == 409
    assert answer.json()["detail"] == (
        "There are readings of this device: make it inactive instead."
    )
    assert (await client.get(url, headers=headers)).status_code == 200
    async with database.session(write=False) as session:
        assert len(await services.latest(session)) == 1


async def test_the_worker_goes_on(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn that fails is tried again, and then what changed is rolled up."""
    device_id = await make_device(database)
    await store(database, [reading(device_id, 1)], rolled=False)
    turns: list[int] = []
    idle = asyncio.Event()

    async def turn(given: Database) -> int:
        turns.append(len(turns))
        if len(turns) == 1:
            raise ConnectionError
        done = await roll_up(given)
        if not done:
            idle.set()
        return done

    monkeypatch.setattr(worker, "roll_up", turn)
    monkeypatch.setattr(worker, "ROLL_UP_SECONDS", 0.0)
    task = asyncio.create_task(worker.run(settings, database))
    async with asyncio.timeout(60):
        await idle.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.session(write=False) as session:
        assert len(await services.latest(session)) == 1
    assert len(turns) >= 3
