"""What changes goes to everybody who watches: one reader of the database per process.

It works only while somebody watches, and costs the same however many do. What it gives
is what is stored, so it fits what a page shows when it is loaded again; and it makes no
difference which process took a reading, or from which broker or queue.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from fastapi import FastAPI

from app.core.database import Database, utcnow
from app.dashboard.watched import (
    AlertState,
    CommandState,
    DeviceState,
    Snapshot,
    snapshot,
)
from app.readings.services import LatestValue

TURN_SECONDS = 1.0
MOST_WAITING = 30  # updates; who is behind by more is told to load again
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Update:
    """What has changed from one turn to the next."""

    time: datetime
    values: list[LatestValue] = field(default_factory=list)
    devices: list[DeviceState] = field(default_factory=list)
    commands: list[CommandState] = field(default_factory=list)
    alerts: list[AlertState] = field(default_factory=list)
    open_alerts: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def of(self, device: str) -> Update:
        """Return what of it is about one device; alerts are of interest everywhere."""
        return Update(
            self.time,
            [one for one in self.values if one.device_id == device],
            [one for one in self.devices if one.id == device],
            [one for one in self.commands if one.device_id == device],
            self.alerts,
            self.open_alerts,
            self.counts,
        )


class Watcher:
    """One who watches: a bounded queue, and whether it was too slow."""

    def __init__(self) -> None:
        """Wait for the first update."""
        self.late = False
        self._queue = asyncio.Queue[Update](MOST_WAITING)

    def offer(self, update: Update) -> None:
        """Take an update; never wait for whoever reads them."""
        if self._queue.full():
            self.late = True
        if not self.late:
            self._queue.put_nowait(update)

    async def take(self, seconds: float) -> Update | None:
        """Return the next update, or None if there is none for so long."""
        try:
            async with asyncio.timeout(seconds):
                return await self._queue.get()
        except TimeoutError:
            return None


class Feed:
    """Compares the database with what it was, and tells whoever watches."""

    def __init__(self, database: Database) -> None:
        """Read from this database, as soon as somebody watches."""
        self.database = database
        self.watchers: set[Watcher] = set()
        self.before: Snapshot | None = None
        self.task: asyncio.Task[None] | None = None
        self._left = asyncio.Event()

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[Watcher]:
        """Give somebody the updates while the block lasts."""
        watcher = Watcher()
        self.watchers.add(watcher)
        self._left.clear()
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self.run())
        try:
            yield watcher
        finally:
            self.watchers.discard(watcher)
            if not self.watchers:
                self.before = None
                self._left.set()

    async def run(self) -> None:
        """Take a turn each second; a database that is away comes back.

        It ends when nobody watches, between two turns: one that is cancelled would cost
        its connection.
        """
        while self.watchers:
            try:
                await self.turn()
            except Exception as error:
                log.warning("dashboard.feed_failed", error=str(error)[:200])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TURN_SECONDS):
                    await self._left.wait()

    async def turn(self) -> None:
        """Look once, and tell what is new since the last look."""
        async with self.database.session(write=False) as session:
            now = await snapshot(session)
        if not self.watchers:
            return
        before, self.before = self.before, now
        if before is None:
            return
        update = Update(
            utcnow(),
            sorted(now.values - before.values, key=lambda one: one.time),
            list(now.devices - before.devices),
            list(now.commands - before.commands),
            list(now.alerts - before.alerts),
            now.open_alerts,
            now.counts(),
        )
        if now != before:
            for watcher in self.watchers:
                watcher.offer(update)


def feed_of(app: FastAPI) -> Feed:
    """Return the feed of this process."""
    if not hasattr(app.state, "feed"):
        app.state.feed = Feed(app.state.database)
    feed: Feed = app.state.feed
    return feed
