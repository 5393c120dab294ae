"""Readings as they came, and what is worked out of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, cast

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base

# SQLite numbers rows by itself only in a column that is called INTEGER.
Small = sa.SmallInteger().with_variant(sa.Integer, "sqlite")
Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
# What a device has measured stays, whatever becomes of the device.
type OfDevice = Annotated[
    str,
    mapped_column(sa.ForeignKey("devices.id", ondelete="RESTRICT"), primary_key=True),
]
type OfMetric = Annotated[
    int, mapped_column(sa.ForeignKey("metrics.id"), primary_key=True)
]


class Metric(Base):
    """Something that is measured, in its one unit."""

    __tablename__ = "metrics"

    id: Mapped[int] = mapped_column(Small, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(63), unique=True)
    unit: Mapped[str] = mapped_column(sa.String(16))


class Reading(Base):
    """One value. The key makes a message that comes again harmless.

    It is also the only index: everything is read for a device, a metric and a span.
    """

    __tablename__ = "readings"
    __table_args__ = (
        # Bounded, so that no sum and no mean overflows: see app/mqtt/messages.py.
        sa.CheckConstraint("abs(value) <= 1e100", name="bounded"),
        {"sqlite_with_rowid": False},
    )

    device_id: Mapped[OfDevice]
    metric_id: Mapped[OfMetric]
    time: Mapped[datetime] = mapped_column(primary_key=True)
    value: Mapped[float]


class Rollup(Base):
    """What the readings of one minute, hour or day come to."""

    __tablename__ = "rollups"
    __table_args__ = (
        sa.CheckConstraint("level IN (60, 3600, 86400)", name="level"),
        sa.CheckConstraint("count > 0 AND min <= max", name="figures"),
        {"sqlite_with_rowid": False},
    )

    level: Mapped[int] = mapped_column(sa.Integer, primary_key=True)  # seconds
    device_id: Mapped[OfDevice]
    metric_id: Mapped[OfMetric]
    start: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(sa.BigInteger)
    sum: Mapped[float]
    min: Mapped[float]
    max: Mapped[float]
    last: Mapped[float]
    last_time: Mapped[datetime]


class DirtyBucket(Base):
    """A minute of which the roll-ups are not right any more.

    Each batch adds rows of its own, also for a minute that has one. A shared row would
    make batches wait for each other, and one that is not seen yet could be lost: its
    reading and its row become visible together, or not at all.
    """

    __tablename__ = "dirty_buckets"

    id: Mapped[int] = mapped_column(Big, primary_key=True)
    device_id: Mapped[str] = mapped_column(sa.String(63))
    metric_id: Mapped[int] = mapped_column(sa.SmallInteger)
    start: Mapped[datetime]


class Latest(Base):
    """The newest reading of each device and metric: also the list of all series."""

    __tablename__ = "latest"

    device_id: Mapped[OfDevice]
    metric_id: Mapped[OfMetric]
    time: Mapped[datetime]
    value: Mapped[float]


class Day(Base):
    """A day (UTC) with readings: how often it changed, and what became of it.

    The archive has written the state number `archived`; it is behind while that is less
    than `touched`. What is `purged_at` has only its roll-ups left.
    """

    __tablename__ = "days"

    day: Mapped[date] = mapped_column(primary_key=True)
    touched: Mapped[int] = mapped_column(Big)
    archived: Mapped[int | None] = mapped_column(Big)
    archived_at: Mapped[datetime | None]
    key: Mapped[str | None] = mapped_column(sa.String(200))
    rows: Mapped[int | None] = mapped_column(Big)
    size: Mapped[int | None] = mapped_column(Big)
    sha256: Mapped[str | None] = mapped_column(sa.String(64))
    purged_at: Mapped[datetime | None]


class Horizon(Base):
    """One row at most: no reading from before this time is taken any more."""

    __tablename__ = "horizon"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[datetime]


def table_of(model: type[Base]) -> sa.Table:
    """Return the table itself, for statements in which no objects are made of rows."""
    return cast("sa.Table", model.__table__)
