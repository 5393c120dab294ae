"""Writing days into the archive: each whole, and again when late readings came."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from app.core.database import utcnow
from app.readings.export import all_series, csv_lines
from app.readings.locks import alone
from app.readings.models import Day

if TYPE_CHECKING:
    from app.archive.stores import Store
    from app.core.database import Database

log = structlog.get_logger("archive")


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it was written."""

    rows: int
    size: int
    sha256: str


def key_of(day: date) -> str:
    """Return where a day is: partitioned as Athena and Spark know it."""
    return f"readings/date={day.isoformat()}/readings.csv.gz"


async def archive_due(
    database: Database, store: Store, now: datetime | None = None
) -> int:
    """Write each day that is over and not in the archive as it is; return how many.

    A day that fails is logged and due again the next time; the others are written.
    """
    today = (now or utcnow()).astimezone(UTC).date()
    async with alone(database, "archive") as mine:
        if not mine:
            return 0
        async with database.session(write=False) as session:
            found = await session.execute(
                sa.select(Day.day, Day.touched)
                .where(Day.day < today, Day.purged_at.is_(None))
                .where(Day.archived.is_(None) | (Day.archived < Day.touched))
                .order_by(Day.day)
            )
            due = found.all()
        count = 0
        for day, touched in due:
            try:
                await archive_day(database, store, day, touched)
            except Exception:
                log.exception("day not archived", day=str(day))
            else:
                count += 1
    return count


async def archive_day(
    database: Database, store: Store, day: date, touched: int
) -> None:
    """Write a day as it is now: at least what it was when `touched` was read.

    What changes meanwhile makes the day due again.
    """
    with tempfile.TemporaryDirectory(prefix="archive-") as folder:
        path = Path(folder, "readings.csv.gz")
        written = await write(database, day, path)
        await store.put(key_of(day), path)
    values = {"rows": written.rows, "size": written.size, "sha256": written.sha256}
    async with database.begin() as session:
        await session.execute(
            sa.update(Day)
            .where(Day.day == day)
            .values(archived=touched, archived_at=utcnow(), key=key_of(day), **values)
        )
    log.info("archived", day=str(day), **values)


async def write(database: Database, day: date, path: Path) -> Written:
    """Write the readings of a day into a file: the same ones make the same bytes."""
    start = datetime.combine(day, time(), UTC)
    async with database.session(write=False) as session:
        series = await all_series(session)
    lines = -1  # the first one is the heading
    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
    ):
        async for text in csv_lines(database, series, start, start + timedelta(days=1)):
            lines += text.count("\n")
            await asyncio.to_thread(packed.write, text.encode())
    return await asyncio.to_thread(_described, path, lines)


def _described(path: Path, rows: int) -> Written:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Written(rows, path.stat().st_size, digest)


async def holds(store: Store, day: Day) -> bool:
    """Whether the archive has the day as it is; the store itself is asked."""
    if day.archived is None or day.archived < day.touched or day.key is None:
        return False
    return any(one.size == day.size for one in await store.list(day.key))
