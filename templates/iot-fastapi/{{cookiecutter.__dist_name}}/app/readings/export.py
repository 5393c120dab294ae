"""Readings as a stream of CSV or JSON: so many rows at a time, however many there are.

Each batch is a transaction of its own that begins where the last one ended, so a slow
reader holds no connection, and nothing but one batch is in memory.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from app.readings.models import Latest, Metric, Reading

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.core.database import Database

BATCH = 2000
COLUMNS = ("device_id", "metric", "unit", "time", "value")
# What a spreadsheet takes for the beginning of a formula.
# Source: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Named:
    """A series, and what its metric is called."""

    device_id: str
    metric_id: int
    metric: str
    unit: str


async def all_series(
    session: AsyncSession, device_id: str | None = None, metric: str | None = None
) -> list[Named]:
    """Return the series that there are, of a device and a metric if one is named."""
    query = (
        sa.select(Latest.device_id, Latest.metric_id, Metric.name, Metric.unit)
        .join(Metric, Metric.id == Latest.metric_id)
        .order_by(Latest.device_id, Metric.name)
    )
    if device_id is not None:
        query = query.where(Latest.device_id == device_id)
    if metric is not None:
        query = query.where(Metric.name == metric)
    return [Named(*row) for row in await session.execute(query)]


async def batches(
    database: Database, series: Named, start: datetime, end: datetime
) -> AsyncIterator[list[tuple[datetime, float]]]:
    """Give the readings of a series in a range, some at a time."""
    after = None
    while True:
        query = (
            sa.select(Reading.time, Reading.value)
            .where(Reading.device_id == series.device_id)
            .where(Reading.metric_id == series.metric_id)
            .where(Reading.time >= start if after is None else Reading.time > after)
            .where(Reading.time < end)
            .order_by(Reading.time)
            .limit(BATCH)
        )
        async with database.session(write=False) as session:
            rows = [(time, value) for time, value in await session.execute(query)]
        if rows:
            yield rows
        if len(rows) < BATCH:
            return
        after = rows[-1][0]


async def csv_lines(
    database: Database, some: Iterable[Named], start: datetime, end: datetime
) -> AsyncIterator[str]:
    """Give a CSV file piece by piece."""
    yield ",".join(COLUMNS) + "\r\n"
    for series in some:
        names = [safe(series.device_id), safe(series.metric), safe(series.unit)]
        async for rows in batches(database, series, start, end):
            text = io.StringIO()
            csv.writer(text).writerows(
                [*names, time.isoformat(), repr(value)] for time, value in rows
            )
            yield text.getvalue()


async def json_lines(
    database: Database, some: Iterable[Named], start: datetime, end: datetime
) -> AsyncIterator[str]:
    """Give a JSON document piece by piece: `{"items": […]}`."""
    comma = ""
    yield '{"items": ['
    for series in some:
        names = {"device_id": series.device_id, "metric": series.metric}
        names["unit"] = series.unit
        async for rows in batches(database, series, start, end):
            items = (
                json.dumps(names | {"time": time.isoformat(), "value": value})
                for time, value in rows
            )
            yield comma + ",\n".join(items)
            comma = ",\n"
    yield "]}\n"


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
