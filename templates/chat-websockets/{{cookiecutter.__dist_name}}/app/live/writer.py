"""Group commit: messages that arrive during a transaction share the next one.

A commit costs the same for one message and for a hundred, so the busier it gets, the
less each costs. Rooms are spread over some lanes, which work at the same time; within
a room the order is that of arrival.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.database import Database
from app.core.errors import Problem
from app.messages.sending import Draft, Outcome, Sent, send_all

LANES = 2
GROUP = 200
MOST_WAITING = 5_000
AWAY = "The message could not be stored: send it again, it will be there once."
BUSY = "Too much is being written just now: send it again soon."
FAILED = "The message cannot be stored."
REFUSED_DATA = ("22", "23")  # classes of SQLSTATE: data and constraints
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

    async def write(self, group: Sequence[Waiting]) -> bool:
        """Write a group and tell everybody; return whether the database took part."""
        waits = await self._limit([one.draft for one in group])
        allowed = []
        for one, wait in zip(group, waits, strict=True):
            if wait:
                headers = {"Retry-After": f"{wait:.3f}"}
                one.told(Problem(429, "You write too fast.", headers=headers))
            else:
                allowed.append(one)
        return not allowed or await self._commit(allowed)

    async def _commit(self, group: Sequence[Waiting]) -> bool:
        try:
            async with self._database.begin() as session:
                outcomes = await send_all(session, [one.draft for one in group])
        except Exception as error:
            if database_failed(error):
                log.warning("messages not written", error=type(error).__name__)
                refuse(group)
                return False
            if len(group) > 1:
                # One draft that cannot be written must not take others with it.
                half = len(group) // 2
                if await self._commit(group[:half]):
                    return await self._commit(group[half:])
                refuse(group[half:])
                return False
            log.exception("message not written")
            group[0].told(Problem(500, FAILED))
            return True
        self._announce([one for one in outcomes if isinstance(one, Sent)])
        for one, outcome in zip(group, outcomes, strict=True):
            one.told(outcome)
        return True


def database_failed(error: Exception) -> bool:
    """Whether every draft would fail like this: the database is away, full, locked.

    Otherwise it is about a draft: a row that the database refuses, or a bug of ours.
    """
    if isinstance(error, IntegrityError | DataError):
        return False
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        return not state.startswith(REFUSED_DATA)
    return isinstance(error, PoolTimeout | OSError)


def refuse(group: Iterable[Waiting]) -> None:
    """Tell everybody that their message is not stored, and worth sending again."""
    for one in group:
        one.told(Problem(503, AWAY, headers={"Retry-After": "1"}))


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
                if not await self._writer.write(group):
                    # Who came meanwhile has waited as long: not once more for each.
                    waiting, self._waiting = self._waiting, deque()
                    refuse(waiting)
        finally:
            self._task = None

    async def stop(self) -> None:
        """Return once nothing waits."""
        if self._task is not None:
            await asyncio.wait([self._task])
