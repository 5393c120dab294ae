"""Exports stream: their memory does not grow with what they hold."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import httpx2
import pytest
import sqlalchemy as sa

from app.core.database import Database
from app.readings.export import BATCH, Named, all_series, csv_lines, json_lines, safe
from app.readings.models import Metric, Reading, table_of
from tests.conftest import AsRole
from tests.measuring import START, make_device, reading, store

pytestmark = pytest.mark.milestone(5)
MANY = 20_000
LAST = START + timedelta(days=1)


async def series_of(database: Database, device_id: str) -> list[Named]:
    """Return the series of a device."""
    async with database.session(write=False) as session:
        return await all_series(session, device_id)


async def test_readings_as_csv(
    database: Database, client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """A row for each reading of the span, with exact values and times."""
    device_id = await make_device(database)
    rows = [reading(device_id, n, 0.1 + n) for n in range(BATCH + 1)]
    await store(database, [*rows, reading(device_id, 5, 50.0, "humidity")])
    query = {"start": START.isoformat(), "end": LAST.isoformat()}
    answer = await client.get(
        f"/api/v1/devices/{device_id}/readings.csv",
        params=query,
        headers=await as_role("viewer"),
    )
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert f'filename="{device_id}.csv"' in answer.headers["Content-Disposition"]
    found = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(found) == BATCH + 2
    assert found[0]["metric"] == "humidity"
    exact = [(row["time"], row["value"]) for row in found[1:]]
    assert exact == [(one.time.isoformat(), repr(one.value)) for one in rows]


async def test_readings_as_json(
    database: Database, client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """It is one document, also of two batches and of nothing."""
    device_id = await make_device(database)
    await store(database, [reading(device_id, n) for n in range(BATCH + 1)])
    headers = await as_role("viewer")
    for start, count in ((START, BATCH + 1), (LAST, 0)):
        query = {
            "metric": "temperature",
            "start": start.isoformat(),
            "end": (start + timedelta(days=1)).isoformat(),
        }
        answer = await client.get(
            f"/api/v1/devices/{device_id}/readings.json", params=query, headers=headers
        )
        assert len(answer.json()["items"]) == count


@pytest.mark.parametrize("form", [csv_lines, json_lines])
async def test_memory_does_not_grow(
    database: Database, form: Callable[..., AsyncIterator[str]]
) -> None:
    """Twenty thousand readings pass through less memory than they would take."""
    device_id = await make_device(database)
    await store(database, [reading(device_id, 0)])
    async with database.begin() as session:
        metric = await session.scalar(
            sa.select(Metric.id).where(Metric.name == "temperature")
        )
        for first in range(1, MANY, 5000):
            rows = [
                {
                    "device_id": device_id,
                    "metric_id": metric,
                    "time": START + timedelta(seconds=n),
                    "value": float(n),
                }
                for n in range(first, min(first + 5000, MANY))
            ]
            await session.execute(sa.insert(table_of(Reading)), rows)
    series = await series_of(database, device_id)
    assert await length(database, series, START + timedelta(seconds=1)) > 0  # warm
    tracemalloc.start()
    try:
        lines = 0
        async for text in form(database, series, START, LAST):
            lines += text.count("\n")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lines >= MANY
    assert peak < 2_500_000, peak


async def length(database: Database, series: list[Named], end: datetime) -> int:
    """Return how much an export is."""
    return sum([len(one) async for one in csv_lines(database, series, START, end)])


async def test_a_name_is_no_formula(database: Database) -> None:
    """What a spreadsheet would work out is text there; numbers stay numbers."""
    device_id = await make_device(database)
    await store(database, [reading(device_id, 0, -1.5)])
    named = Named(
        device_id, (await series_of(database, device_id))[0].metric_id, "m", ""
    )
    evil = Named(named.device_id, named.metric_id, "=cmd|' /C calc'!A0", "@SUM(A1)")
    text = "".join([one async for one in csv_lines(database, [evil], START, LAST)])
    row = list(csv.reader(io.StringIO(text)))[1]
    assert row[1:3] == ["'=cmd|' /C calc'!A0", "'@SUM(A1)"]
    assert row[4] == "-1.5"
    assert safe("temperature") == "temperature"
    found = [one async for one in json_lines(database, [evil], START, LAST)]
    assert json.loads("".join(found))["items"][0]["value"] == -1.5
