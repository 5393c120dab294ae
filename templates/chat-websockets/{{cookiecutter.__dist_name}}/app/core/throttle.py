"""How often one may ask: counters in the database, shared and kept over a restart.

Each window of time has a row of its own, so counting is one statement. It runs in a
transaction of its own: a request that is refused has to count too.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Database, upsert
from app.core.errors import Problem

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
PRUNE_SECONDS = 60
pruned_at: MutableMapping[Database, int] = WeakKeyDictionary()
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
        row = {"key": self.counter(key), "ends": ends, "count": 1}
        await prune(database, now)
        async with database.begin() as session:
            more = upsert(session, Counter).values(row)
            counted = more.on_conflict_do_update(
                index_elements=["key", "ends"], set_={"count": Counter.count + 1}
            ).returning(Counter.count)
            count = (await session.execute(counted)).scalar_one()
        if count > int(limit):
            log.warning("throttled", limit=self.name)
            headers = {"Retry-After": str(ends - now)}
            raise Problem(429, "Too often; try again later.", headers=headers)

    def counter(self, key: str) -> str:
        """Return the name of the key's counter."""
        return f"{self.name}:{self.rate.partition('/')[2]}:{key}"[:400]


async def give_back(
    session: AsyncSession, attempts: Iterable[tuple[Throttle, str]]
) -> None:
    """Count one less of each in the window of now: the attempt was a good one.

    Counting comes first all the same, or many at once would pass.
    """
    names = [throttle.counter(key) for throttle, key in attempts]
    await session.execute(
        sa.update(Counter)
        .where(Counter.key.in_(names), Counter.ends > clock(), Counter.count > 0)
        .values(count=Counter.count - 1)
    )


async def prune(database: Database, now: int) -> None:
    """Delete the windows that are over, of every key, at most once a minute.

    The keys of some of them never come again: addresses that somebody made up.
    """
    if abs(now - pruned_at.get(database, 0)) < PRUNE_SECONDS:
        return
    pruned_at[database] = now
    async with database.begin() as session:
        await session.execute(sa.delete(Counter).where(Counter.ends <= now))
