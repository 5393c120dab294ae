"""What processes tell each other: in one process and over Redis it is the same."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from app.live import redis as redis_module
from app.live.hub import ALL, Buckets, Hub, Listener, MemoryHub
from app.live.limits import Bucket, Rate
from app.live.redis import RedisHub
from tests.live import (
    KINDS,
    free_port,
    own_redis,
    until,
    with_own_redis,
    with_redis,
)

pytestmark = pytest.mark.milestone(6)


@dataclass
class Ears:
    """Who hears what a hub says."""

    heard: list[tuple[str, bytes]] = field(default_factory=list)
    back: int = 0
    alive: frozenset[str] = frozenset()
    strange: bytes = b"\n"  # what is not understood

    def listener(self) -> Listener:
        """Return what the hub calls."""

        def hear(channel: str, _instance: str, data: bytes) -> None:
            if data == self.strange:
                raise ValueError(data)
            self.heard.append((channel, data))

        def again() -> None:
            self.back += 1

        def living(instances: frozenset[str]) -> None:
            self.alive = instances

        return Listener(hear, again, living)


@contextlib.asynccontextmanager
async def started(hub: Hub, ears: Ears | None = None) -> AsyncIterator[Hub]:
    """Have a hub at work while the block lasts."""
    await hub.start((ears or Ears()).listener())
    try:
        yield hub
    finally:
        await hub.stop()


def make(url: str) -> Hub:
    """Return a hub of the kind that the address asks for."""
    return RedisHub(url) if url else MemoryHub()


any_hub = pytest.mark.parametrize("redis", KINDS, indirect=True)


@any_hub
async def test_a_bucket_is_empty_after_its_burst(redis: str) -> None:
    """Then each has to wait about as long as one token takes."""
    rate, key = Rate(10, 3), secrets.token_hex(4)
    async with started(make(redis)) as hub:
        waits = await hub.take(rate, [key, key, key, key, f"{key}-other"])
    assert waits[:3] == [0, 0, 0]
    assert 0 < waits[3] <= 0.1
    assert waits[4] == 0


@any_hub
async def test_who_enters_is_present_until_they_leave(redis: str) -> None:
    """In that group, with what is said about them."""
    group, who = secrets.token_hex(4), secrets.token_hex(4)
    async with started(make(redis)) as hub:
        hub.enter(group, who, "about")
        hub.enter(ALL, who, "")
        assert (await hub.present(group))[hub.instance] == {who: "about"}
        assert await hub.among(ALL, [who, "nobody"]) == {who}
        hub.leave(group, who)
        assert not (await hub.present(group))[hub.instance]
        assert await hub.among(group, [who]) == set()
        assert await hub.ready()


@with_redis
async def test_what_is_published_is_heard_by_the_others(redis: str) -> None:
    """In order, on the channels that they have subscribed to, and not by oneself."""
    here, there, channel = Ears(), Ears(), secrets.token_hex(4)
    async with (
        started(RedisHub(redis), here) as one,
        started(RedisHub(redis), there) as two,
    ):
        for hub in (one, two):
            await hub.subscribe(channel)
        one.publish(f"{channel}-other", b"unheard")
        for number in range(3):
            one.publish(channel, b"%d" % number)
        await until(lambda: len(there.heard) == 3)
        two.unsubscribe(channel)
        await two.subscribe(f"{channel}-last")
        one.publish(channel, b"unheard")
        one.publish(f"{channel}-last", b"last")
        await until(lambda: len(there.heard) == 4)
    assert there.heard[:3] == [(channel, b"0"), (channel, b"1"), (channel, b"2")]
    assert there.heard[3] == (f"{channel}-last", b"last")
    assert not here.heard


@with_redis
async def test_instances_share_buckets_and_presence(redis: str) -> None:
    """What one took the other has not, and who is at one is seen at the other."""
    key, ears, rate = secrets.token_hex(4), Ears(), Rate(0.01, 2)
    async with started(RedisHub(redis)) as one, started(RedisHub(redis), ears) as other:
        await other.subscribe(key)
        assert await one.take(rate, [key, key]) == [0, 0]
        assert (await other.take(rate, [key]))[0] > 0
        one.enter(key, "ada", "Ada")
        one.publish(key, b"")
        await until(lambda: ears.heard)  # Redis has noted what came before
        assert (await other.present(key))[one.instance] == {"ada": "Ada"}
        assert await other.among(key, ["ada", "ben"]) == {"ada"}


@with_redis
async def test_who_ends_is_known_to_be_gone(
    redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once after a good end; what it left is taken away."""
    monkeypatch.setattr(redis_module, "BEAT_SECONDS", 0.05)
    ears = Ears()
    async with started(RedisHub(redis), ears) as one:
        async with started(RedisHub(redis)) as other:
            other.enter("room", "ben", "")
            await until(lambda: other.instance in ears.alive)
        await until(lambda: other.instance not in ears.alive)
        assert other.instance not in await one.present("room")


@with_redis
async def test_what_is_not_understood_is_passed_over(redis: str) -> None:
    """Another version of the code may say it: what comes after is heard."""
    ears, channel = Ears(strange=b"strange"), secrets.token_hex(4)
    async with started(RedisHub(redis)) as one, started(RedisHub(redis), ears) as other:
        await other.subscribe(channel)
        one.publish(channel, b"strange")
        one.publish(channel, b"plain")
        await until(lambda: ears.heard == [(channel, b"plain")])


@with_own_redis
async def test_a_redis_that_falls_silent_is_left_and_found_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where its machine is gone, and the connection to it never ends."""
    monkeypatch.setattr(redis_module, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(redis_module, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(redis_module, "DEAF_SECONDS", 0.5)
    ears = Ears()
    with own_redis() as redis:
        hub = RedisHub(redis.url)
        async with started(hub, ears):
            redis.pause()
            await until(lambda: hub._pubsub is None)
            assert not ears.back
            redis.go_on()
            await until(lambda: ears.back)


async def test_without_redis_a_process_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It starts, limits by itself, knows who is here, and says that it is not ready."""
    monkeypatch.setattr(redis_module, "TIMEOUT_SECONDS", 0.1)
    key = secrets.token_hex(4)
    async with started(RedisHub(f"redis://127.0.0.1:{free_port()}")) as hub:
        await hub.subscribe("room")
        hub.publish("room", b"unheard")
        hub.enter("room", "ada", "")
        assert await hub.take(Rate(0.01, 1), [key]) == [0]
        assert (await hub.take(Rate(0.01, 1), [key]))[0] > 0
        assert (await hub.present("room"))[hub.instance] == {"ada": ""}
        assert await hub.among("room", ["ada"]) == {"ada"}
        with pytest.raises(redis_module.FAILURES):
            await hub.ready()


def test_what_waits_for_redis_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that stays away does not fill the memory."""
    monkeypatch.setattr(redis_module, "MOST_WAITING", 3)
    hub = RedisHub("redis://127.0.0.1:1")
    for _ in range(10):
        hub.publish("room", b"")
    assert len(hub._outgoing) <= 3


def test_a_bucket_fills_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """With time, up to its burst and no further; who goes on in debt waits longer."""
    now = 100.0
    monkeypatch.setattr("app.live.limits.time.monotonic", lambda: now)
    bucket = Bucket(Rate(2, 2))
    assert [bucket.take(floor=-2), bucket.take(floor=-2)] == [0, 0]
    waits = [bucket.take(floor=-2) for _ in range(4)]
    assert waits == [1.0, 1.5, 1.5, 1.5]
    now += 60
    assert [bucket.take(), bucket.take()] == [0, 0]
    assert bucket.take() == 0.5


def test_buckets_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many people come, there are not more of them than that."""
    monkeypatch.setattr("app.live.hub.MOST_BUCKETS", 10)
    buckets = Buckets()
    for number in range(100):
        buckets.take(Rate(1, 1), [str(number)])
    assert len(buckets._buckets) <= 12


def test_who_waits_as_told_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking too early costs nothing: else the polite would wait for ever."""
    now = 0.0
    monkeypatch.setattr("app.live.limits.time", SimpleNamespace(monotonic=lambda: now))
    bucket = Bucket(Rate(4, 1))
    assert bucket.take() == 0
    for _ in range(3):
        now += 0.125
        assert bucket.take() == 0.125
        now += bucket.take()
        assert bucket.take() == 0
