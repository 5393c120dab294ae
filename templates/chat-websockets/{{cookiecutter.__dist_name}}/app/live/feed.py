"""A room as one process sees it: who listens here, and what they have been told.

Every event passes `offer` by its number. The next one goes to all listeners as it is;
one from before was told already; one from later waits a moment for those between, which
the database has if nobody tells them. So each listener gets each event once, in order,
whatever is lost, doubled or overtaken on the way.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.live.connection import Connection
from app.live.protocol import dump

LATE_SECONDS = 0.03  # so long an event may be overtaken by another process
AWAY_SECONDS = 0.5  # before the database is asked again, if it did not answer
KEPT = 500  # events at hand for who comes back
MOST_WAITING = 2_000
MOST_PRESENT = 200
PAGE = 200

type Numbered = tuple[int, str]
type Source = Callable[[uuid.UUID, int, int], Awaitable[Sequence[Numbered]]]
log = structlog.get_logger("feed")


class Feed:
    """The events of one room, for the listeners of this process."""

    def __init__(self, room_id: uuid.UUID, last: int, source: Source) -> None:
        """Begin after event `last`; `source` reads (room, after, limit)."""
        self.room_id, self.last = room_id, last
        self.listeners: dict[Connection, None] = {}
        self.people: Counter[uuid.UUID] = Counter()  # listeners by person
        self.entering = 0  # sockets that will listen once they have what they missed
        # Who is present: of each person the instances, and what is said of them.
        self.present: dict[str, set[str]] = defaultdict(set)
        self.about: dict[str, Mapping[str, str]] = {}
        self._source = source
        self._recent: deque[Numbered] = deque(maxlen=KEPT)
        self._waiting: dict[int, str] = {}
        self._behind = 0  # there are events up to this one
        self._filling: asyncio.Task[None] | None = None

    def offer(self, sequence: int, frame: str) -> None:
        """Take an event, whoever tells it, however often, in whatever order."""
        if sequence == self.last + 1:
            self._deliver(sequence, frame)
            self._settle()
        elif sequence > self.last and len(self._waiting) < MOST_WAITING:
            self._waiting[sequence] = frame
        self.exists(sequence)

    def exists(self, sequence: int) -> None:
        """Know that there are events up to this one: those not told will be read."""
        self._behind = max(self._behind, sequence)
        if self._behind > self.last and self._filling is None:
            self._filling = asyncio.create_task(self._catch_up())

    def _deliver(self, sequence: int, frame: str) -> None:
        self.last = sequence
        if frame.startswith(('{"type":"edit"', '{"type":"delete"')):
            self._recent.clear()  # what it said before is told to nobody any more
        self._recent.append((sequence, frame))
        for listener in self.listeners:
            listener.push(frame)

    def _settle(self) -> None:
        while following := self._waiting.pop(self.last + 1, ""):
            self._deliver(self.last + 1, following)
        if self._waiting:
            later = self._waiting.items()
            self._waiting = {number: one for number, one in later if number > self.last}

    async def _catch_up(self) -> None:
        try:
            while self._behind > self.last:
                await asyncio.sleep(LATE_SECONDS)
                if self._behind > self.last:
                    await self._try_to_read()
        finally:
            self._filling = None

    async def read(self) -> None:
        """Tell what the database has and nobody told."""
        while True:
            found = await self._source(self.room_id, self.last, PAGE)
            for sequence, frame in found:
                if sequence == self.last + 1:
                    self._deliver(sequence, frame)
            self._settle()
            if len(found) < PAGE:
                return

    async def _try_to_read(self) -> None:
        try:
            await self.read()
        except (SQLAlchemyError, OSError) as error:
            log.warning("events not read", error=type(error).__name__)
            await asyncio.sleep(AWAY_SECONDS)

    def recent(self, after: int) -> list[Numbered] | None:
        """Return the events after one if they are at hand, without a question."""
        if after == self.last:
            return []
        if not self._recent or after < self._recent[0][0] - 1:
            return None
        return [one for one in self._recent if one[0] > after]

    async def missed(self, after: int) -> Sequence[Numbered]:
        """Return a page of the events after one, at most up to what was told here."""
        found = self.recent(after)
        if found is None:
            read = await self._source(self.room_id, after, PAGE)
            found = [one for one in read if one[0] <= self.last]
        return found

    # Who listens, and who is present.

    def tell(self, frame: str, user_id: uuid.UUID | None = None) -> None:
        """Tell the listeners, or those of one person, what is over in a moment."""
        for listener in self.listeners:
            if user_id is None or listener.person.id == user_id:
                listener.push(frame)

    def came(self, instance: str, who: str, about: Mapping[str, str]) -> None:
        """Note that somebody is present on an instance; the first time it is told."""
        self.about[who] = about
        instances = self.present[who]
        if not instances:
            self._tell_presence(who, online=True)
        instances.add(instance)

    def went(self, instance: str, who: str) -> None:
        """Note that somebody left an instance; the last time it is told."""
        instances = self.present.get(who)
        if not instances or instance not in instances:
            return
        instances.discard(instance)
        if not instances:
            self._tell_presence(who, online=False)
            del self.present[who], self.about[who]

    def alive(self, instances: frozenset[str]) -> None:
        """Forget who was present on instances that are gone."""
        for who in list(self.present):
            for gone in self.present[who] - instances:
                self.went(gone, who)

    def found(self, there: Mapping[str, Mapping[str, str]]) -> None:
        """Take over what the hub knows of who is present."""
        for instance, people in there.items():
            for who, about in people.items():
                self.came(instance, who, json.loads(about))
        for who in list(self.present):
            for instance in list(self.present.get(who, ())):
                if instance in there and who not in there[instance]:
                    self.went(instance, who)

    def who(self) -> Iterable[Mapping[str, str]]:
        """Return who is present, up to a number that can be shown."""
        return list(self.about.values())[:MOST_PRESENT]

    def _tell_presence(self, who: str, *, online: bool) -> None:
        room, user = str(self.room_id), self.about[who]
        self.tell(dump("presence", room=room, user=user, online=online))
