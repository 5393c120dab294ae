"""Group commit: messages that arrive during a transaction share the next one.

A commit costs the same for one message and for a hundred, so the busier it gets, the
less each costs. Rooms are spread over some lanes, which work at the same time; within
a room the order is that of arrival.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.core.database import Database
from app.core.errors import Problem
from app.messages.sending import Draft, Outcome, Sent, send_all

LANES = 2
GROUP = 200
MOST_WAITING = 5_000
AWAY = "The message could not be stored: send it again, it will be there once."
BUSY = "Too much is being written just now: send it again soon."
log = structlog.get_logger("writer")

type Told = Callable[[Outcome], None]
type Limit = Callable[[Sequence[Draft]], Awaitable[Sequence[float]]]
type Announce = Callable[[Sequence[Sent]], None]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A draft, and who wants to know what became of it."""

    draft: Draft
    told: Told


class Writer:
    """Writes what sockets send; tells the sender, and whoever listens."""

    def __init__(self, database: Database, limit: Limit, announce: Announce) -> None:
        """Write to `database`; `limit` says who has to wait, how long."""
        self._database, self._limit, self._announce = database, limit, announce
        # SQLite has one writer at a time: more lanes would only wait for each other.
        count = 1 if database.dialect == "sqlite" else LANES
        self._lanes = [Lane(self) for _ in range(count)]

    def put(self, draft: Draft, told: Told) -> None:
        """Have a draft written; `told` is called with what became of it."""
        lane = self._lanes[draft.room_id.int % len(self._lanes)]
        lane.put(Waiting(draft, told))

    async def stop(self) -> None:
        """Return once everything that waits is written."""
        await asyncio.gather(*(lane.stop() for lane in self._lanes))

    async def write(self, group: Sequence[Waiting]) -> None:
        """Write a group and tell everybody; never raises."""
        waits = await self._limit([one.draft for one in group])
        allowed = []
        for one, wait in zip(group, waits, strict=True):
            if wait:
                headers = {"Retry-After": f"{wait:.3f}"}
                one.told(Problem(429, "You write too fast.", headers=headers))
            else:
                allowed.append(one)
        if allowed:
            await self._commit(allowed)

    async def _commit(self, group: Sequence[Waiting]) -> None:
        try:
            async with self._database.begin() as session:
                outcomes = await send_all(session, [one.draft for one in group])
        except (SQLAlchemyError, OSError) as error:
            if len(group) > 1:
                # One that the database does not take must not take others with it.
                for one in group:
                    await self._commit([one])
                return
            log.warning("message not written", error=type(error).__name__)
            group[0].told(Problem(503, AWAY, headers={"Retry-After": "1"}))
            return
        except Exception:
            log.exception("failed")
            outcomes = [Problem(500, AWAY)] * len(group)
        self._announce([one for one in outcomes if isinstance(one, Sent)])
        for one, outcome in zip(group, outcomes, strict=True):
            one.told(outcome)


class Lane:
    """What is written one group after the other."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting: deque[Waiting] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, waiting: Waiting) -> None:
        """Have it written in the next group that has room."""
        if len(self._waiting) >= MOST_WAITING:
            waiting.told(Problem(503, BUSY, headers={"Retry-After": "2"}))
            return
        self._waiting.append(waiting)
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                count = min(GROUP, len(self._waiting))
                group = [self._waiting.popleft() for _ in range(count)]
                await self._writer.write(group)
        finally:
            self._task = None

    async def stop(self) -> None:
        """Return once nothing waits."""
        if self._task is not None:
            await asyncio.wait([self._task])
