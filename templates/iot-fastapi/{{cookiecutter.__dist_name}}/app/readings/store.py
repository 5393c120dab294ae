"""Storing a batch: each reading once, and a note of which roll-ups it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from app.core.database import UtcDateTime, upsert
from app.readings.buckets import MINUTE, floor
from app.readings.locks import shared
from app.readings.models import DirtyBucket, Horizon, Metric, Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.readings import services

# One statement and one plan for a batch of any size: four arrays, and not a parameter
# for each value. What is new is counted, and its minutes are noted, on the server.
FAST = sa.text("""
    WITH new AS (
        INSERT INTO readings (device_id, metric_id, time, value)
        SELECT given.device, given.metric, given.time, given.value
        FROM unnest(:devices, :metrics, :times, :values)
            AS given (device, metric, time, value)
        WHERE given.time >= coalesce((SELECT time FROM horizon), '-infinity')
        ON CONFLICT DO NOTHING
        RETURNING device_id, metric_id, time
    ), noted AS (
        INSERT INTO dirty_buckets (device_id, metric_id, start)
        SELECT DISTINCT device_id, metric_id, date_trunc('minute', time, 'UTC') FROM new
    )
    SELECT count(*) FROM new
""").bindparams(
    sa.bindparam("devices", type_=sa.ARRAY(sa.Text)),
    sa.bindparam("metrics", type_=sa.ARRAY(sa.SmallInteger)),
    sa.bindparam("times", type_=sa.ARRAY(UtcDateTime)),
    sa.bindparam("values", type_=sa.ARRAY(sa.Double)),
)


async def store(session: AsyncSession, rows: Sequence[services.Reading]) -> int:
    """Store readings in the session's transaction; return how many are new.

    What is stored already is left as it is, and what is older than the horizon (see
    `retention`) is not taken. Raises ValueError for a metric that there is not, and
    IntegrityError for a device.
    """
    if not rows:
        return 0
    # From here to the commit the horizon stays where it is.
    await shared(session, "horizon")
    metrics = await metric_ids(session, {row.metric for row in rows})
    if session.get_bind().dialect.name == "postgresql":
        values = {
            "devices": [row.device_id for row in rows],
            "metrics": [metrics[row.metric] for row in rows],
            "times": [row.time for row in rows],
            "values": [row.value for row in rows],
        }
        return int((await session.execute(FAST, values)).scalar_one())
    return await _portable(session, rows, metrics)


async def metric_ids(session: AsyncSession, names: set[str]) -> dict[str, int]:
    """Return the numbers of these metrics; raise ValueError where one is unknown."""
    query = sa.select(Metric.name, Metric.id).where(Metric.name.in_(names))
    found = {row.name: row.id for row in await session.execute(query)}
    if missing := names - found.keys():
        raise ValueError(f"There is no metric {', '.join(sorted(missing))}.")
    return found


async def _portable(
    session: AsyncSession, rows: Sequence[services.Reading], metrics: dict[str, int]
) -> int:
    horizon = await session.scalar(sa.select(Horizon.time))
    values = [
        {
            "device_id": row.device_id,
            "metric_id": metrics[row.metric],
            "time": row.time,
            "value": row.value,
        }
        for row in rows
        if horizon is None or row.time >= horizon
    ]
    if not values:
        return 0
    insert = upsert(session, Reading).on_conflict_do_nothing()
    new = await session.execute(
        insert.returning(Reading.device_id, Reading.metric_id, Reading.time), values
    )
    keys = [(device, metric, floor(time, MINUTE)) for device, metric, time in new]
    if keys:
        names = ("device_id", "metric_id", "start")
        dirty = [dict(zip(names, key, strict=True)) for key in dict.fromkeys(keys)]
        await session.execute(sa.insert(DirtyBucket), dirty)
    return len(keys)
