"""Roll-ups: each minute that changed is worked out again, then its hour and its day.

Nothing is added to what is there, so late, double and lost turns do no harm: a bucket
is what its readings come to when it is written. One worker at a time writes, so that
none overwrites what another worked out of newer readings. A bucket that the database
refuses is logged, counted and left out, so that it does not stop the others.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from prometheus_client import Counter
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import aliased

from app.core.database import UtcDateTime, upsert
from app.readings.buckets import DAY, HOUR, LEVELS, MINUTE, floor
from app.readings.locks import attempt
from app.readings.models import Day, DirtyBucket, Reading, Rollup, table_of
from app.readings.store import is_refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.core.database import Database

type Bucket = tuple[str, int, datetime]  # device, metric, start

BATCH = 5000
FIGURES = ("count", "sum", "min", "max", "last", "last_time")
ROLLED = Counter("rollup_buckets", "Roll-ups worked out", ["level"])
REFUSED = Counter("rollup_refused", "Minutes whose roll-ups the database refuses")
log = structlog.get_logger(__name__)


async def roll_up(database: Database, batch: int = BATCH) -> int:
    """Bring the roll-ups of some changed minutes up to date; return how many.

    Zero means that nothing is left, or that another worker is at it.
    """
    async with database.begin() as session:
        if not await attempt(session, "rollups"):
            return 0
        some = sa.select(DirtyBucket.id).order_by(DirtyBucket.id).limit(batch)
        # With the rows go the readings that they came with: both are seen, or neither.
        found = await session.execute(
            sa.delete(DirtyBucket)
            .where(DirtyBucket.id.in_(some))
            .returning(DirtyBucket.device_id, DirtyBucket.metric_id, DirtyBucket.start)
        )
        minutes = sorted({(device, metric, at) for device, metric, at in found})
        if minutes:
            await _isolate(session, minutes)
    return len(minutes)


async def roll_up_all(database: Database) -> int:
    """Bring every roll-up up to date; return how many minutes had changed."""
    done = 0
    while some := await roll_up(database):
        done += some
    return done


async def _isolate(session: AsyncSession, minutes: Sequence[Bucket]) -> None:
    """Compute the roll-ups of these minutes, except those that the database refuses."""
    try:
        async with session.begin_nested():
            await _recompute(session, minutes)
    except DBAPIError as error:
        if not is_refusal(error):
            raise
        if len(minutes) > 1:
            middle = len(minutes) // 2
            await _isolate(session, minutes[:middle])
            await _isolate(session, minutes[middle:])
            return
        ((device, metric, start),) = minutes
        REFUSED.inc()
        log.error(
            "rollup.refused",
            device=device,
            metric=metric,
            start=start.isoformat(),
            error=str(error.orig)[:200],
        )


async def _recompute(session: AsyncSession, minutes: Sequence[Bucket]) -> None:
    for level in LEVELS:
        buckets = sorted({(d, m, floor(start, level)) for d, m, start in minutes})
        source = _of_readings if level == MINUTE else _of_rollups
        await _write(session, level, buckets, source)
        ROLLED.labels(str(level)).inc(len(buckets))
    days = sorted({floor(start, DAY).date() for _, _, start in minutes})
    insert = upsert(session, table_of(Day))
    changed = insert.on_conflict_do_update(
        index_elements=["day"], set_={"touched": table_of(Day).c.touched + 1}
    )
    await session.execute(changed, [{"day": day, "touched": 1} for day in days])


async def _write(
    session: AsyncSession, level: int, buckets: list[Bucket], source: Any
) -> None:
    """Work out buckets of a level: on PostgreSQL all at once, on SQLite one by one."""
    span = timedelta(seconds=level)
    rows = [(d, m, start, start + span) for d, m, start in buckets]
    names = ("device", "metric", "start", "until")
    types: tuple[Any, ...] = (
        sa.Text(),
        sa.SmallInteger(),
        UtcDateTime(),
        UtcDateTime(),
    )
    values: Any
    if session.get_bind().dialect.name == "postgresql":
        arrays: list[Any] = [
            sa.bindparam(f"{name}s", type_=sa.ARRAY(kind))
            for name, kind in zip(names, types, strict=True)
        ]
        columns: list[Any] = [
            sa.column(n, t) for n, t in zip(names, types, strict=True)
        ]
        given = sa.func.unnest(*arrays).table_valued(*columns).render_derived("given")
        keys = [given.c[name] for name in names]
        figures = source(level, *keys).lateral("figures")
        origin: Any = given.join(figures, sa.true())
        values = {
            f"{name}s": list(column)
            for name, column in zip(names, zip(*rows, strict=True), strict=True)
        }
    else:
        keys = [sa.bindparam(n, type_=t) for n, t in zip(names, types, strict=True)]
        figures = source(level, *keys).subquery("figures")
        origin = figures
        values = [dict(zip(names, row, strict=True)) for row in rows]
    selected = (
        sa.select(sa.literal(level), *keys[:3], *(figures.c[name] for name in FIGURES))
        .select_from(origin)
        .where(figures.c.count > 0)
    )
    insert = upsert(session, table_of(Rollup))
    into = ["level", "device_id", "metric_id", "start", *FIGURES]
    statement = insert.from_select(into, selected)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["level", "device_id", "metric_id", "start"],
            set_={name: statement.excluded[name] for name in FIGURES},
        ),
        values,
    )


def _of_readings(
    _level: int, device: Any, metric: Any, start: Any, until: Any
) -> sa.Select[Any]:
    """Return the figures of the readings between two times."""
    row, other = aliased(Reading), aliased(Reading)

    def inside(one: Any) -> sa.ColumnElement[bool]:
        series = sa.and_(one.device_id == device, one.metric_id == metric)
        return sa.and_(series, one.time >= start, one.time < until)

    newest = sa.select(other.value).where(inside(other)).order_by(other.time.desc())
    return sa.select(
        sa.func.count().label("count"),
        sa.func.sum(row.value).label("sum"),
        sa.func.min(row.value).label("min"),
        sa.func.max(row.value).label("max"),
        newest.limit(1).correlate_except(other).scalar_subquery().label("last"),
        sa.func.max(row.time).label("last_time"),
    ).where(inside(row))


def _of_rollups(
    level: int, device: Any, metric: Any, start: Any, until: Any
) -> sa.Select[Any]:
    """Return the figures of the roll-ups one level below, between two times."""
    row, other = aliased(Rollup), aliased(Rollup)
    below = {HOUR: MINUTE, DAY: HOUR}[level]

    def inside(one: Any) -> sa.ColumnElement[bool]:
        series = sa.and_(one.device_id == device, one.metric_id == metric)
        span = sa.and_(one.start >= start, one.start < until)
        return sa.and_(one.level == below, series, span)

    newest = sa.select(other.last).where(inside(other)).order_by(other.start.desc())
    return sa.select(
        sa.func.sum(row.count).label("count"),
        sa.func.sum(row.sum).label("sum"),
        sa.func.min(row.min).label("min"),
        sa.func.max(row.max).label("max"),
        newest.limit(1).correlate_except(other).scalar_subquery().label("last"),
        sa.func.max(row.last_time).label("last_time"),
    ).where(inside(row))
