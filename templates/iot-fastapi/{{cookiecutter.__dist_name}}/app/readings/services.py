"""What others may ask of the readings: store them, read a range, the latest ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from app.core.database import upsert
from app.core.errors import Problem, invalid
from app.readings.buckets import DAY, Resolution, floor, resolution
from app.readings.models import Latest, Metric, Rollup
from app.readings.models import Reading as Row
from app.readings.store import Reading, store

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

__all__ = ["Reading", "Series", "find_metric", "latest", "range_of", "store"]
MOST_POINTS, LONGEST = 2000, timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Point:
    """What a span of the range came to: of one reading, or of many."""

    time: datetime
    min: float
    mean: float
    max: float
    count: int


@dataclass(frozen=True, slots=True)
class Series:
    """Points in the order of time of `resolution` seconds each; 0: as they came."""

    device_id: str
    metric: str
    unit: str
    resolution: int
    points: list[Point]


@dataclass(frozen=True, slots=True)
class LatestValue:
    """The newest reading of a device and a metric."""

    device_id: str
    metric: str
    unit: str
    time: datetime
    value: float


async def find_metric(session: AsyncSession, name: str) -> Metric:
    """Return the metric with this name, or answer that there is none."""
    found = await session.scalar(sa.select(Metric).where(Metric.name == name))
    if found is None:
        raise Problem(404, "There is no such metric.")
    return found


async def add_metrics(session: AsyncSession, units: Mapping[str, str]) -> None:
    """Have these metrics with their units; those that are there stay as they are."""
    if units:
        rows = [{"name": name, "unit": unit} for name, unit in units.items()]
        await session.execute(
            upsert(session, Metric).on_conflict_do_nothing(index_elements=["name"]),
            rows,
        )


async def latest(
    session: AsyncSession, devices: Collection[str] | None = None
) -> list[LatestValue]:
    """Return the newest values of these devices, or of all of them."""
    query = (
        sa.select(Latest.device_id, Metric.name, Metric.unit, Latest.time, Latest.value)
        .join(Metric, Metric.id == Latest.metric_id)
        .order_by(Latest.device_id, Metric.name)
    )
    if devices is not None:
        query = query.where(Latest.device_id.in_(devices))
    return [LatestValue(*row) for row in await session.execute(query)]


async def range_of(
    session: AsyncSession,
    device_id: str,
    metric: Metric,
    start: datetime,
    end: datetime,
    points: int = 500,
) -> Series:
    """Return a range of a series with at most so many points.

    Readings as they are if they fit, else roll-ups: then the first point may begin
    before `start`. Raises Problem 422 for a range that is empty or too long.
    """
    if not timedelta(0) < end - start <= LONGEST:
        raise invalid("end", f"comes after `start`, at most {LONGEST.days} days")
    key = (device_id, metric.id)
    found = await session.execute(
        sa.select(Row.time, Row.value)
        .where(Row.device_id == key[0], Row.metric_id == key[1])
        .where(Row.time >= start, Row.time < end)
        .order_by(Row.time)
        .limit(points + 1)
    )
    raw = [Point(time, value, value, value, 1) for time, value in found]
    whole = len(raw) <= points and not await _older(session, key, start, end)
    if whole:
        return Series(device_id, metric.name, metric.unit, 0, raw)
    chosen = resolution(start, end, points)
    rolled = await _rolled(session, key, start, end, chosen)
    return Series(device_id, metric.name, metric.unit, chosen.step, rolled)


async def _older(
    session: AsyncSession, key: tuple[str, int], start: datetime, end: datetime
) -> bool:
    """Whether readings of the range are gone, of which there still are roll-ups."""
    first = await session.scalar(
        sa.select(sa.func.min(Row.time)).where(
            Row.device_id == key[0], Row.metric_id == key[1]
        )
    )
    days = sa.select(Rollup.start).where(
        Rollup.level == DAY, Rollup.device_id == key[0], Rollup.metric_id == key[1]
    )
    if first is not None:
        days = days.where(Rollup.start < floor(first, DAY))
    gone = days.where(Rollup.start >= floor(start, DAY), Rollup.start < end)
    return await session.scalar(gone.limit(1)) is not None


async def _rolled(
    session: AsyncSession,
    key: tuple[str, int],
    start: datetime,
    end: datetime,
    chosen: Resolution,
) -> list[Point]:
    found = await session.execute(
        sa.select(Rollup.start, Rollup.min, Rollup.sum, Rollup.max, Rollup.count)
        .where(Rollup.level == chosen.level)
        .where(Rollup.device_id == key[0], Rollup.metric_id == key[1])
        .where(Rollup.start >= floor(start, chosen.step), Rollup.start < end)
        .order_by(Rollup.start)
    )
    merged: dict[datetime, tuple[float, float, float, int]] = {}
    for time, low, total, high, count in found:
        place = floor(time, chosen.step)
        if place in merged:
            a_low, a_total, a_high, a_count = merged[place]
            low, high = min(low, a_low), max(high, a_high)
            total, count = total + a_total, count + a_count
        merged[place] = (low, total, high, count)
    return [
        Point(time, low, total / count, high, count)
        for time, (low, total, high, count) in merged.items()
    ]
