"""Pure arithmetic of time: buckets, and how fine an answer may be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3600, 86400
LEVELS = (MINUTE, HOUR, DAY)
MERGED = 4  # roll-ups that one point is made of, at most


def floor(time: datetime, seconds: int) -> datetime:
    """Return the beginning of the bucket that a time is in; buckets begin at 1970."""
    whole = (time - EPOCH) // timedelta(seconds=seconds)
    return EPOCH + timedelta(seconds=whole * seconds)


@dataclass(frozen=True, slots=True)
class Resolution:
    """Points of `step` seconds, made of roll-ups of `level` seconds."""

    level: int
    step: int


def resolution(start: datetime, end: datetime, points: int) -> Resolution:
    """Return the finest resolution that answers a range with so many points at most.

    A point is made of at most four roll-ups, so what is read grows with the points and
    not with the range. Beyond that many days it takes more of them: some thousands, for
    the longest range that the API takes.
    """
    seconds = (end - start).total_seconds()
    for level in LEVELS:
        # Both ends may lie within a bucket, which makes one more than fits.
        merged = max(1, _ceil_div(seconds, level * max(points - 1, 1)))
        if merged <= MERGED or level == DAY:
            break
    return Resolution(level, level * merged)


def _ceil_div(a: float, b: float) -> int:
    return int(-(-a // b))
