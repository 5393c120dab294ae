"""The sockets of this process: who is connected, who listens where, and what they hear.

It is what the rest of the application tells things to (`app/live/control.py`), and
what brings to sockets here what happens in other processes. What the hub says is a
hint: twice in `POLL_SECONDS` at most may pass until the database is asked whether it
was all, who is still logged in, and who may still listen.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Sequence
from typing import Any

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import Database
from app.core.errors import Problem
from app.live import checks
from app.live.connection import Connection
from app.live.feed import Feed, Numbered
from app.live.hub import ALL, Hub, Listener, MemoryHub
from app.live.limits import Rate
from app.live.protocol import Close, dump
from app.live.redis import RedisHub
from app.live.writer import Writer
from app.messages.frames import events_after
from app.messages.models import Event
from app.messages.sending import Draft, Sent
from app.settings import Settings

CONTROL = "control"
POLL_SECONDS = 2
AWAY_SECONDS = 4  # somebody who is back so soon was never away
MOST_READERS = 4  # questions of sockets at the same time
CONNECTIONS = Gauge("chat_connections", "Open sockets.", multiprocess_mode="livesum")
MESSAGES = Counter("chat_messages_total", "Messages written here.")
log = structlog.get_logger("live")


class Live:
    """All that is live in this process."""

    def __init__(self, settings: Settings, database: Database) -> None:
        """Have nobody connected yet."""
        self.settings, self.database = settings, database
        url = settings.redis_url
        self.hub: Hub = RedisHub(url) if url else MemoryHub()
        per_second = settings.messages_per_second
        self._rate = Rate(per_second, 4 * per_second)
        self.writer = Writer(database, self._limit, self.announce)
        self.by_login: dict[str, set[Connection]] = defaultdict(set)
        self.by_user: dict[uuid.UUID, set[Connection]] = defaultdict(set)
        self.feeds: dict[uuid.UUID, Feed] = {}
        self.read: dict[tuple[uuid.UUID, uuid.UUID], int] = {}
        self._opening: dict[uuid.UUID, asyncio.Future[Feed]] = {}
        self._reading = asyncio.Semaphore(MOST_READERS)
        self.admitting = asyncio.Semaphore(MOST_READERS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._suspect: dict[str, int] = {}

    # From the beginning to the end of the process.

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Be live while the block lasts."""
        await self.hub.start(Listener(self._heard, self._back, self._alive))
        await self.hub.subscribe(CONTROL)
        poll = asyncio.create_task(self._poll())
        try:
            yield
        finally:
            poll.cancel()
            await asyncio.wait([poll])
            await self.writer.stop()
            await self._save_read()
            for task in list(self._tasks):
                task.cancel()
            await self.hub.stop()

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something done by the way; its failure is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("failed", exc_info=error)

    # What the rest of the application tells: see Control.

    def published(self, event: Event) -> None:
        """Show an event that was committed, here and on other instances."""
        self.later(self._publish(event.room_id, event.sequence))

    async def _publish(self, room_id: uuid.UUID, sequence: int) -> None:
        try:
            found = await self._events(room_id, sequence - 1, 1)
        except (SQLAlchemyError, OSError):
            return  # the next poll finds it
        self._announce(room_id, found)

    def end_login(self, login_id: str) -> None:
        """Close the sockets of a login that ended."""
        self._tell_all({"login": login_id})

    def end_user(self, user_id: uuid.UUID) -> None:
        """Close the sockets of somebody whose logins all ended."""
        self._tell_all({"user": str(user_id)})

    def enter(self, room_id: uuid.UUID, user_id: uuid.UUID) -> None:
        """Tell the sockets of somebody that they are in one more room."""
        self._tell_all({"entered": str(room_id), "user": str(user_id)})

    def leave(self, room_id: uuid.UUID, user_id: uuid.UUID) -> None:
        """Have somebody who left a room hear no more of it."""
        self._tell_all({"room": str(room_id), "user": str(user_id)})

    def ban(self, room_id: uuid.UUID, user_id: uuid.UUID) -> None:
        """Close the sockets of somebody who is banned from a room."""
        self._tell_all({"room": str(room_id), "user": str(user_id), "banned": True})

    def _tell_all(self, what: dict[str, Any]) -> None:
        self._obey(what)
        self.hub.publish(CONTROL, json.dumps(what).encode())

    def _obey(self, what: dict[str, Any]) -> None:
        if "login" in what:
            self.end(self.by_login.get(what["login"], ()))
            return
        user_id = uuid.UUID(what["user"])
        theirs = self.by_user.get(user_id, ())
        if "room" in what:
            banned = what.get("banned", False)
            self.bar(uuid.UUID(what["room"]), user_id, banned=banned)
        elif "entered" in what:
            for connection in list(theirs):
                connection.push(dump("entered", room=what["entered"]))
        else:
            self.end(theirs)

    @staticmethod
    def end(connections: Collection[Connection]) -> None:
        """Close the sockets of a login that is over."""
        for connection in list(connections):
            connection.close(Close.ENDED, "The login has ended.")

    def bar(self, room_id: uuid.UUID, user_id: uuid.UUID, *, banned: bool) -> None:
        """Have somebody hear no more of a room; a ban closes the sockets that did."""
        for connection in list(self.by_user.get(user_id, ())):
            if room_id not in connection.rooms:
                continue
            if banned:
                connection.close(Close.BARRED, "You are banned from this room.")
            else:
                self.forget(connection, room_id)
                connection.push(dump("unsubscribed", room=str(room_id)))

    async def online(self, ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
        """Return which of these people are connected, to any instance."""
        found = await self.hub.among(ALL, {str(one) for one in ids})
        return {uuid.UUID(one) for one in found}

    # Who is connected, and who listens where.

    def connect(self, connection: Connection) -> None:
        """Have one more socket."""
        CONNECTIONS.inc()
        person = connection.person
        self.by_login[person.session].add(connection)
        self.by_user[person.id].add(connection)
        self.hub.enter(ALL, str(person.id), "")

    def disconnect(self, connection: Connection) -> None:
        """Have one less."""
        CONNECTIONS.dec()
        person = connection.person
        for room_id in list(connection.rooms):
            self.forget(connection, room_id)
        for found, key in ((self.by_login, person.session), (self.by_user, person.id)):
            connections = found[key]  # type: ignore[index]  # each has its own keys
            connections.discard(connection)
            if not connections:
                del found[key]  # type: ignore[arg-type]  # as above
        if person.id not in self.by_user:
            self._after(AWAY_SECONDS, lambda: self._gone(person.id))

    def _gone(self, user_id: uuid.UUID) -> None:
        if user_id not in self.by_user:
            self.hub.leave(ALL, str(user_id))

    @staticmethod
    def _after(seconds: float, call: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, call)

    async def feed(self, room_id: uuid.UUID) -> Feed:
        """Return the feed of a room; the first who listens here opens it."""
        while room_id not in self.feeds:  # others may leave, and close it, meanwhile
            if room_id not in self._opening:
                opening = asyncio.ensure_future(self._open(room_id))
                self._opening[room_id] = opening
                opening.add_done_callback(lambda _: self._opening.pop(room_id, None))
            await asyncio.shield(self._opening[room_id])
        return self.feeds[room_id]

    async def _open(self, room_id: uuid.UUID) -> Feed:
        # First listen, then look: what happens in between is heard twice, not missed.
        await self.hub.subscribe(f"room:{room_id}")
        last = await checks.sequence(self.database, room_id)
        feed = Feed(room_id, last, self._events)
        feed.found(await self.hub.present(f"room:{room_id}"))
        self.feeds[room_id] = feed
        return feed

    @contextlib.asynccontextmanager
    async def entering(self, room_id: uuid.UUID) -> AsyncIterator[Feed]:
        """Have the feed of a room, which stays while somebody is on the way in."""
        feed = await self.feed(room_id)
        feed.entering += 1
        try:
            yield feed
        finally:
            feed.entering -= 1
            self._close(feed)

    async def _events(
        self, room_id: uuid.UUID, after: int, limit: int
    ) -> Sequence[Numbered]:
        async with self.asking() as session:
            return await events_after(session, room_id, after, limit)

    @contextlib.asynccontextmanager
    async def asking(self) -> AsyncIterator[AsyncSession]:
        """Have a session that reads, in turn: others need the database too.

        After a restart everybody is back at once; nobody shall wait in vain for that.
        """
        async with self._reading, self.database.session(write=False) as session:
            yield session

    def listen(self, connection: Connection, feed: Feed) -> None:
        """Have a socket hear of a room from now on."""
        if connection in feed.listeners:
            return
        connection.rooms.add(feed.room_id)
        feed.listeners[connection] = None
        person = connection.person
        feed.people[person.id] += 1
        if feed.people[person.id] == 1:
            who, about = str(person.id), connection.user
            feed.came(self.hub.instance, who, about)
            self.hub.enter(f"room:{feed.room_id}", who, json.dumps(about))
            self._tell_presence(feed, {"who": who, "about": about})

    def forget(self, connection: Connection, room_id: uuid.UUID) -> None:
        """Have a socket hear no more of a room."""
        connection.rooms.discard(room_id)
        feed = self.feeds.get(room_id)
        if feed and feed.listeners.pop(connection, connection) is None:
            user_id = connection.person.id
            feed.people[user_id] -= 1
            if not feed.people[user_id]:
                self._after(AWAY_SECONDS, lambda: self._left(feed, user_id))

    def _left(self, feed: Feed, user_id: uuid.UUID) -> None:
        if feed.people[user_id]:
            return
        del feed.people[user_id]
        who = str(user_id)
        if self.hub.instance in feed.present.get(who, ()):
            feed.went(self.hub.instance, who)
            self.hub.leave(f"room:{feed.room_id}", who)
            self._tell_presence(feed, {"who": who})
        self._close(feed)

    def _close(self, feed: Feed) -> None:
        """Do without a feed that nobody listens to; there may be another one since."""
        idle = not (feed.people or feed.listeners or feed.entering)
        if idle and self.feeds.get(feed.room_id) is feed:
            del self.feeds[feed.room_id]
            self.hub.unsubscribe(f"room:{feed.room_id}")

    def _tell_presence(self, feed: Feed, what: dict[str, Any]) -> None:
        data = json.dumps(what, ensure_ascii=False).encode()
        self.hub.publish(f"room:{feed.room_id}", b"p" + data)

    # What is told in rooms.

    async def _limit(self, drafts: Sequence[Draft]) -> Sequence[float]:
        return await self.hub.take(self._rate, [str(one.author_id) for one in drafts])

    async def allow(self, user_id: uuid.UUID) -> None:
        """Have somebody write once by HTTP; raise Problem 429 if it is too often."""
        (wait,) = await self.hub.take(self._rate, [str(user_id)])
        if wait:
            headers = {"Retry-After": str(math.ceil(wait))}
            raise Problem(429, "You write too fast.", headers=headers)

    def announce(self, sent: Sequence[Sent]) -> None:
        """Show messages that were just committed, here and on other instances."""
        by_room: dict[uuid.UUID, list[Numbered]] = defaultdict(list)
        for one in sent:
            if one.frame is not None:
                by_room[one.room_id].append((one.sequence, one.frame))
        for room_id, events in by_room.items():
            MESSAGES.inc(len(events))
            self._announce(room_id, events)

    def _announce(self, room_id: uuid.UUID, events: Sequence[Numbered]) -> None:
        lines = "\n".join(f"{number} {frame}" for number, frame in events)
        self.hub.publish(f"room:{room_id}", b"e" + lines.encode())
        if feed := self.feeds.get(room_id):
            for number, frame in events:
                feed.offer(number, frame)

    def whisper(self, feed: Feed, frame: str, user_id: uuid.UUID | None = None) -> None:
        """Tell a room, or one person in it, what is over in a moment."""
        feed.tell(frame, user_id)
        head = f"w{user_id or ''} {frame}"
        self.hub.publish(f"room:{feed.room_id}", head.encode())

    def has_read(self, connection: Connection, feed: Feed, sequence: int) -> None:
        """Note how far somebody has read; their other windows hear it at once."""
        key = (feed.room_id, connection.person.id)
        sequence = min(sequence, feed.last)
        if sequence <= self.read.get(key, 0):
            return
        self.read[key] = sequence
        room = str(feed.room_id)
        frame = dump("read", room=room, user=connection.user, sequence=sequence)
        self.whisper(feed, frame, connection.person.id)

    async def _save_read(self) -> None:
        if not self.read:
            return
        read, self.read = self.read, {}
        with contextlib.suppress(SQLAlchemyError, OSError):
            await checks.save_read(self.database, read)

    # What the hub says.

    def _heard(self, channel: str, instance: str, data: bytes) -> None:
        kind, text = data[:1], data[1:].decode()
        if channel == CONTROL:
            self._obey(json.loads(data))
            return
        feed = self.feeds.get(uuid.UUID(channel.removeprefix("room:")))
        if feed is None:
            return
        if kind == b"e":
            for line in text.split("\n"):
                number, _, frame = line.partition(" ")
                feed.offer(int(number), frame)
        elif kind == b"w":
            user_id, _, frame = text.partition(" ")
            feed.tell(frame, uuid.UUID(user_id) if user_id else None)
        else:
            what = json.loads(text)
            if "about" in what:
                feed.came(instance, what["who"], what["about"])
            else:
                feed.went(instance, what["who"])

    def _back(self) -> None:
        self.later(self._look())
        for feed in self.feeds.values():
            self.later(self._look_who(feed))

    async def _look_who(self, feed: Feed) -> None:
        await asyncio.sleep(AWAY_SECONDS)  # the others say again who is there
        feed.found(await self.hub.present(f"room:{feed.room_id}"))

    def _alive(self, instances: frozenset[str]) -> None:
        # One that is missing once may have lost its place with a Redis that restarted.
        seen = {
            one
            for feed in self.feeds.values()
            for who in feed.present.values()
            for one in who
        }
        missing = seen - instances - {self.hub.instance}
        self._suspect = {one: self._suspect.get(one, 0) + 1 for one in missing}
        gone = {one for one, times in self._suspect.items() if times > 1}
        if gone:
            for feed in list(self.feeds.values()):
                feed.alive(frozenset(seen - gone))

    # What the database says, whatever was or was not heard.

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self._look()
                await self._save_read()
            except (SQLAlchemyError, OSError) as error:
                log.warning("database away", error=type(error).__name__)
            except Exception:
                log.exception("failed")

    async def _look(self) -> None:
        """Find what nobody told: events, logins that ended, people who must leave."""
        if self.feeds:
            last = await checks.sequences(self.database, list(self.feeds))
            for room_id, sequence in last.items():
                if feed := self.feeds.get(room_id):
                    feed.exists(sequence)
        if self.by_login:
            over = await checks.ended(self.database, list(self.by_login))
            for login_id in over:
                self.end(self.by_login.get(login_id, ()))
        pairs = {
            (room_id, user_id): connection.person
            for user_id, connections in self.by_user.items()
            for connection in connections
            for room_id in connection.rooms
        }
        barred = await checks.barred(self.database, pairs)
        for (room_id, user_id), banned in barred.items():
            self.bar(room_id, user_id, banned=banned)
