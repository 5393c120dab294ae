"""Store a batch: each reading once, the latest values, and which roll-ups change.

The latest values are written in the same transaction as the readings, so that pages
are up to date even when the worker that computes the roll-ups has stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

from app.core.database import UtcDateTime, upsert
from app.readings.buckets import MINUTE, floor
from app.readings.locks import shared
from app.readings import models
from app.readings.models import DirtyBucket, Horizon, Latest, Metric, table_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

REFUSALS = ("22", "23")  # SQLSTATE: data exception, integrity constraint violation


@dataclass(frozen=True, slots=True)
class Reading:
    """What a device measured."""

    device_id: str
    metric: str
    time: datetime
    value: float


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
        RETURNING device_id, metric_id, time, value
    ), newest AS (
        -- Rows are locked in one order, so that two workers never deadlock.
        INSERT INTO latest (device_id, metric_id, time, value)
        SELECT DISTINCT ON (device_id, metric_id) device_id, metric_id, time, value
        FROM new ORDER BY device_id, metric_id, time DESC
        ON CONFLICT (device_id, metric_id) DO UPDATE
        SET time = excluded.time, value = excluded.value
        WHERE latest.time < excluded.time
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


async def store(session: AsyncSession, rows: Sequence[Reading]) -> int:
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
    session: AsyncSession, rows: Sequence[Reading], metrics: dict[str, int]
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
    row = models.Reading
    insert = upsert(session, row).on_conflict_do_nothing()
    returned = insert.returning(row.device_id, row.metric_id, row.time, row.value)
    new = (await session.execute(returned, values)).all()
    keys = [(device, metric, floor(time, MINUTE)) for device, metric, time, _ in new]
    if keys:
        names = ("device_id", "metric_id", "start")
        dirty = [dict(zip(names, key, strict=True)) for key in dict.fromkeys(keys)]
        await session.execute(sa.insert(DirtyBucket), dirty)
        newest = upsert(session, table_of(Latest))
        await session.execute(
            newest.on_conflict_do_update(
                index_elements=["device_id", "metric_id"],
                set_={name: newest.excluded[name] for name in ("time", "value")},
                where=Latest.time < newest.excluded.time,
            ),
            [one._asdict() for one in new],
        )
    return len(keys)


def is_refusal(error: Exception) -> bool:
    """Return whether the database will refuse the same values every time."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None) or ""
    return state[:2] in REFUSALS or isinstance(
        error, DataError | IntegrityError | ValueError | TypeError | OverflowError
    )


def is_lost(error: Exception) -> bool:
    """Return whether there is no connection to the database."""
    # asyncpg lets through what the server says while it connects.
    return (
        isinstance(error, OSError | InterfaceError | NoFreeConnection)
        or (isinstance(error, DBAPIError) and error.connection_invalidated)
        or (not isinstance(error, DBAPIError) and hasattr(error, "sqlstate"))
    )
