"""How often one may ask: counters in the database, shared and kept over a restart.

Each window of time has a row of its own, so counting is one statement. It runs in a
transaction of its own: a request that is refused has to count too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Database, upsert
from app.core.errors import Problem

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
log = structlog.get_logger("security")


class Counter(Base):
    """How often `key` did something in the window that ends at `ends`."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(sa.String(400), primary_key=True)
    ends: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    count: Mapped[int]


def clock() -> int:
    """Return the time of now, in seconds."""
    return int(time.time())


@dataclass(frozen=True)
class Throttle:
    """A limit like "5/minute" on one kind of thing; each key counts by itself."""

    name: str
    rate: str

    async def hit(self, database: Database, key: str) -> None:
        """Count once more; raise Problem 429 when that is too often."""
        limit, _, unit = self.rate.partition("/")
        window, now = UNITS[unit], clock()
        ends = now - now % window + window
        row = {"key": f"{self.name}:{unit}:{key}"[:400], "ends": ends, "count": 1}
        async with database.begin() as session:
            # Windows that are over go as new ones come: nothing else has to clean up.
            over = sa.delete(Counter).where(
                Counter.key == row["key"], Counter.ends <= now
            )
            await session.execute(over)
            more = upsert(session, Counter).values(row)
            counted = more.on_conflict_do_update(
                index_elements=["key", "ends"], set_={"count": Counter.count + 1}
            ).returning(Counter.count)
            count = (await session.execute(counted)).scalar_one()
        if count > int(limit):
            log.warning("throttled", limit=self.name)
            headers = {"Retry-After": str(ends - now)}
            raise Problem(429, "Too often; try again later.", headers=headers)
