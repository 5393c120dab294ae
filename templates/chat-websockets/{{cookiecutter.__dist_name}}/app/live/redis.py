"""The hub of many processes: Redis carries what they say and knows who is present.

It holds nothing that has to last. While it is away each process goes on alone, with
buckets of its own; when it is back, the process says again who is here, and whoever
listens is told that something may be missing. A Redis that pauses is away too: as soon
as one command had no answer, everything is said again, and the others look again.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.live.hub import Buckets, Listener
from app.live.limits import Rate

BEAT_SECONDS, DEAD_SECONDS = 2, 8
DEAF_SECONDS = 7  # without even one's own signs of life the connection is no good
KEPT_SECONDS = 60  # what an instance that died has left is gone after this
REFRESH_BEATS = 10
TIMEOUT_SECONDS = 2
FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0  # before the next try to connect
MOST_WAITING = 20_000  # commands for a Redis that is away
BATCH = 500
ALIVE, HELLO = "chat:instances", "hello"  # where instances are known, and made known
AGAIN = b"again"  # with a hello: what this instance said before may be lost
FAILURES = (RedisError, OSError)

# Both take the time from Redis: the clocks of instances differ.
BEAT = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""
TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local waits = {}
for i, key in ipairs(KEYS) do
  local had = redis.call('HMGET', key, 'tokens', 'at')
  local tokens = tonumber(had[1] or burst)
  local passed = math.max(0, now - tonumber(had[2] or now))
  tokens = math.min(burst, tokens + passed * rate)
  if tokens >= 1 then
    tokens = tokens - 1
    waits[i] = '0'
  else
    waits[i] = tostring((1 - tokens) / rate)
  end
  local at = string.format('%.6f', now)
  redis.call('HSET', key, 'tokens', tostring(tokens), 'at', at)
  redis.call('EXPIRE', key, math.ceil(burst / rate) + 1)
end
return waits
"""
# Who is here, as a whole: nobody finds it half written.
HERE = """
redis.call('DEL', KEYS[1])
for i = 2, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""
log = structlog.get_logger("hub")

type Command = tuple[str, tuple[str | bytes | int, ...]]  # its group, if any; its words


def is_error(answer: object) -> bool:
    """Whether it is Redis's refusal of one command."""
    return isinstance(answer, RedisError)


class RedisHub:
    """One process among those that share a Redis."""

    def __init__(self, url: str) -> None:
        """Connect to nothing yet."""
        self.instance = secrets.token_hex(6)
        # No tries behind our back: a connection that broke has to be noticed.
        self._redis = Redis.from_url(
            url,
            socket_connect_timeout=TIMEOUT_SECONDS,
            socket_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._beat_script = self._redis.register_script(BEAT)
        self._take_script = self._redis.register_script(TAKE)
        self._buckets = Buckets()
        self._groups: dict[str, dict[str, str]] = defaultdict(dict)
        self._alive = frozenset({self.instance})
        self._channels: dict[str, asyncio.Event] = {}
        self._pubsub: PubSub | None = None
        self._outgoing: deque[Command] = deque()
        self._wake = asyncio.Event()
        self._up = False
        self._lost = False  # something that was said, or asked, had no answer
        self._doubtful: set[str] = set()  # the groups of which something was lost
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, listener: Listener) -> None:
        """Begin to listen, to speak and to give signs of life."""
        self._listener = listener
        with contextlib.suppress(*FAILURES):
            await self._beat()
        self.publish(HELLO, b"")
        connected = asyncio.Event()
        for work in (self._listen(connected), self._speak(), self._live()):
            task = asyncio.create_task(work)
            task.add_done_callback(self._ended)
            self._tasks.append(task)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(connected.wait(), TIMEOUT_SECONDS)

    @staticmethod
    def _ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            log.error("hub stopped", exc_info=task.exception())

    async def stop(self) -> None:
        """Take this instance's traces away, if Redis is there to do it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._up:
            with contextlib.suppress(*FAILURES):
                await self._redis.zrem(ALIVE, self.instance)
                keys = [self._key(self.instance, group) for group in self._groups]
                if keys:
                    await self._redis.delete(*keys)
        await self._redis.aclose()

    # What is said, and heard.

    def publish(self, channel: str, data: bytes) -> None:
        """Have the others hear it; in the order of the calls."""
        head = self.instance.encode() + b" "
        self._say("PUBLISH", f"chat:{channel}", head + data)

    async def subscribe(self, channel: str) -> None:
        """Return once Redis has noted it, or soon if it is away."""
        confirmed = self._channels.setdefault(channel, asyncio.Event())
        if self._pubsub is None:
            return
        with contextlib.suppress(TimeoutError, *FAILURES):
            await self._pubsub.subscribe(f"chat:{channel}")
            await asyncio.wait_for(confirmed.wait(), TIMEOUT_SECONDS)

    def unsubscribe(self, channel: str) -> None:
        """Hear no more."""
        if self._channels.pop(channel, None) and self._pubsub is not None:
            task = asyncio.ensure_future(self._unsubscribe(self._pubsub, channel))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _unsubscribe(self, pubsub: PubSub, channel: str) -> None:
        if channel not in self._channels:  # nobody came back meanwhile
            await pubsub.unsubscribe(f"chat:{channel}")

    async def _listen(self, connected: asyncio.Event) -> None:
        wait = FIRST_WAIT
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    names = [f"chat:{channel}" for channel in self._channels]
                    await pubsub.subscribe(f"chat:{HELLO}", *names)
                    self._pubsub = pubsub
                    if connected.is_set():
                        log.info("redis back")
                        self._again()
                    connected.set()
                    wait = FIRST_WAIT
                    while True:
                        message = await pubsub.get_message(timeout=DEAF_SECONDS)
                        if message is None:
                            raise TimeoutError
                        self._hear(message)
            except FAILURES as error:
                if wait == FIRST_WAIT:  # once, however long it lasts
                    log.warning("redis away", error=type(error).__name__)
            finally:
                self._pubsub = None
                for confirmed in self._channels.values():
                    confirmed.clear()
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    def _hear(self, message: Mapping[str, Any]) -> None:
        channel = message["channel"].decode().removeprefix("chat:")
        if message["type"] == "message":
            instance, _, data = message["data"].partition(b" ")
            name = instance.decode()
            self._alive |= {name}
            if name != self.instance and channel == HELLO and data == AGAIN:
                self._listener.back()
            elif name != self.instance and channel != HELLO:
                try:
                    self._listener.heard(channel, name, data)
                except Exception:  # other versions of the code may say other things
                    log.exception("not understood", channel=channel)
        elif message["type"] == "subscribe" and channel in self._channels:
            self._channels[channel].set()

    def _again(self) -> None:
        self._lost = False
        doubtful, self._doubtful = self._doubtful, set()
        for group in self._groups.keys() | doubtful:
            people = self._groups.get(group, {}).items()
            pairs = [word for pair in people for word in pair]
            key = self._key(self.instance, group)
            self._say("EVAL", HERE, 1, key, KEPT_SECONDS, *pairs, group=group)
        self.publish(HELLO, AGAIN)
        self._listener.back()

    def _say(self, *words: str | bytes | int, group: str = "") -> None:
        if len(self._outgoing) >= MOST_WAITING:
            self._lose(self._outgoing)
            self._outgoing.clear()
        self._outgoing.append((group, words))
        self._wake.set()

    def _lose(self, commands: Iterable[Command]) -> None:
        self._lost = True
        self._doubtful |= {group for group, _ in commands if group}

    async def _speak(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._outgoing:
                count = min(BATCH, len(self._outgoing))
                commands = [self._outgoing.popleft() for _ in range(count)]
                try:
                    async with self._redis.pipeline(transaction=False) as pipe:
                        for _, words in commands:
                            pipe.execute_command(*words)
                        answers = await pipe.execute(raise_on_error=False)
                    pairs = zip(commands, answers, strict=True)
                    refused = [one for one, answer in pairs if is_error(answer)]
                    if refused:  # as by one that is loading, or full
                        self._lose(refused)
                except FAILURES:  # it is in the database: the others will find it
                    self._lose(commands)
                    await asyncio.sleep(0.1)

    # Who is present, and which instances live.

    def enter(self, group: str, who: str, about: str) -> None:
        """Note that somebody is here."""
        self._groups[group][who] = about
        key = self._key(self.instance, group)
        self._say("HSET", key, who, about, group=group)
        self._say("EXPIRE", key, KEPT_SECONDS, group=group)

    def leave(self, group: str, who: str) -> None:
        """Note that somebody is no longer here."""
        there = self._groups[group]
        there.pop(who, None)
        if not there:
            del self._groups[group]
        self._say("HDEL", self._key(self.instance, group), who, group=group)

    async def present(self, group: str) -> Mapping[str, Mapping[str, str]]:
        """Return who is there; of an instance that died recently, nobody."""
        found = {self.instance: dict(self._groups.get(group, {}))}
        others = [each for each in self._alive if each != self.instance]
        with self._noticing():
            async with self._redis.pipeline(transaction=False) as pipe:
                for each in others:
                    pipe.hgetall(self._key(each, group))
                answers = await pipe.execute() if others else []
            for each, people in zip(others, answers, strict=True):
                found[each] = {
                    who.decode(): about.decode() for who, about in people.items()
                }
        return found

    async def among(self, group: str, who: Collection[str]) -> set[str]:
        """Return which of these are there, on any instance that lives."""
        asked = list(who)
        found = self._groups.get(group, {}).keys() & asked
        others = [each for each in self._alive if each != self.instance]
        if asked and others:
            with contextlib.suppress(*FAILURES):
                async with self._redis.pipeline(transaction=False) as pipe:
                    for each in others:
                        pipe.hmget(self._key(each, group), asked)
                    answers = await pipe.execute()
                for values in answers:
                    pairs = zip(asked, values, strict=True)
                    found |= {one for one, value in pairs if value is not None}
        return set(found)

    @contextlib.contextmanager
    def _noticing(self) -> Iterator[None]:
        """Go on without an answer of Redis, and look again once it is back."""
        try:
            yield
        except FAILURES:
            self._lost = True

    async def _live(self) -> None:
        beats = 0
        while True:
            try:
                await self._beat()
                if self._lost:
                    self._again()
                self.publish(HELLO, b"")
                self._listener.alive(self._alive)
            except FAILURES:
                self._up, self._lost = False, True
            beats += 1
            if beats % REFRESH_BEATS == 0:
                for group in self._groups:
                    self._say("EXPIRE", self._key(self.instance, group), KEPT_SECONDS)
            await asyncio.sleep(BEAT_SECONDS)

    async def _beat(self) -> None:
        alive = await self._beat_script(
            keys=[ALIVE], args=[self.instance, DEAD_SECONDS]
        )
        self._up = True
        self._alive = frozenset(each.decode() for each in alive)

    @staticmethod
    def _key(instance: str, group: str) -> str:
        return f"chat:here:{instance}:{group}"

    # How much.

    async def take(self, rate: Rate, keys: Sequence[str]) -> list[float]:
        """Take from the buckets that all instances share."""
        if self._up and keys:
            try:
                waits = await self._take_script(
                    keys=[f"chat:bucket:{key}" for key in keys],
                    args=[rate.per_second, rate.burst],
                )
                return [float(wait) for wait in waits]
            except FAILURES:
                self._up = False
        return self._buckets.take(rate, keys)

    async def ready(self) -> bool:
        """Whether Redis answers, and this process goes on talking to it."""
        running = not any(task.done() for task in self._tasks)
        return running and bool(await cast("Any", self._redis.ping()))
