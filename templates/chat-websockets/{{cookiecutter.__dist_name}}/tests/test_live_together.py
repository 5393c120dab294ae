"""Several processes: what is said to one is heard at all, whatever Redis does."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from app.accounts.sessions import open_tokens
from app.live import live
from app.live import redis as hub
from app.settings import Settings
from tests.client import heard
from tests.conftest import connected
from tests.factories import make_room
from tests.live import (
    Redis,
    Server,
    own_redis,
    serving,
    until,
    with_own_redis,
    with_redis,
)

pytestmark = pytest.mark.milestone(6)
type Servers = tuple[Server, Server]


@with_redis
async def test_a_message_goes_from_process_to_process(servers: Servers) -> None:
    """Both ways, each once, with the same numbers."""
    one, other = servers
    ada, ben = await one.user(), await one.user()
    room = str((await make_room(one.database, ada, ben)).id)
    async with one.client(ada) as here, other.client(ben) as there:
        await here.follow(room)
        await there.follow(room)
        for number in range(10):
            await (there if number % 2 else here).send(room, f"{number}")
        for client in (here, there):
            await client.until(partial(heard, client, 10))
            assert client.texts(room) == [str(number) for number in range(10)]


@with_redis
async def test_a_revoked_login_is_closed_on_every_process(servers: Servers) -> None:
    """At once: the process that knows tells the others."""
    one, other = servers
    user = await one.user()
    async with other.line(user) as line:
        one.live.end_login(other.connection(user).person.session)
        assert await line.closed() == 4401


@with_redis
async def test_a_ban_is_closed_on_every_process(servers: Servers) -> None:
    """At once, too."""
    one, other = servers
    user = await one.user()
    room = await make_room(one.database, user)
    async with other.line(user) as line:
        await line.ask(type="subscribe", room=str(room.id))
        one.live.ban(room.id, user.id)
        assert await line.closed() == 4403


@with_redis
async def test_a_stolen_refresh_token_closes_the_sockets_of_its_login(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Used again it ends the login, on every process at once."""
    monkeypatch.setattr(live, "POLL_SECONDS", 1000)
    one, other = servers
    user = await one.user()
    async with one.database.begin() as session:
        made = await open_tokens(session, one.settings, user.id, "tests")
    headers = {"Authorization": f"Bearer {made.access_token}"}
    used = {"refresh_token": made.refresh_token}
    async with other.line(user, headers=headers) as line, connected(one.app) as client:
        for status in (200, 401):
            answer = await client.post("/api/v1/auth/refresh", json=used)
            assert answer.status_code == status
        assert await line.closed() == 4401


@with_redis
async def test_presence_and_typing_cross_processes(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes, types and goes on one is seen on the other."""
    monkeypatch.setattr(live, "AWAY_SECONDS", 0.01)
    one, other = servers
    ada, ben = await one.user(handle="ada"), await one.user(handle="ben")
    room = str((await make_room(one.database, ada, ben)).id)
    async with one.line(ada) as line:
        await line.ask(type="subscribe", room=room)
        await line.get("presence")  # oneself
        async with other.line(ben) as there:
            answer = await there.ask(type="subscribe", room=room)
            assert "ada" in {who["handle"] for who in answer["present"]}
            came = await line.get("presence")
            await there.send(type="typing", room=room)
            assert (await line.get("typing"))["user"]["handle"] == "ben"
            assert await one.live.online([ada.id, ben.id]) == {ada.id, ben.id}
        went = await line.get("presence")
    assert [came["online"], went["online"]] == [True, False]
    assert came["user"]["handle"] == went["user"]["handle"] == "ben"


@with_redis
async def test_a_process_that_dies_takes_its_people_with_it(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing: those who live miss its signs of life."""
    monkeypatch.setattr(hub, "BEAT_SECONDS", 0.1)
    one, other = servers
    ada, ben = await one.user(handle="ada"), await one.user(handle="ben")
    room = str((await make_room(one.database, ada, ben)).id)
    async with one.line(ada) as line, other.line(ben) as there:
        await line.ask(type="subscribe", room=room)
        await there.ask(type="subscribe", room=room)
        frame = await line.get("presence")
        while frame["user"]["handle"] != "ben":
            frame = await line.get("presence")
        monkeypatch.setattr(hub, "DEAD_SECONDS", 0)
        for task in other.live.hub._tasks:  # type: ignore[attr-defined]
            task.cancel()
        went = await line.get("presence")
    assert (went["online"], went["user"]["handle"]) == (False, "ben")


@with_own_redis
async def test_redis_may_be_restarted(settings: Settings, app: object) -> None:
    """Meanwhile each process goes on; afterwards everything is there, once."""
    with own_redis() as redis:
        async with (
            serving(settings, redis_url=redis.url) as one,
            serving(settings, redis_url=redis.url) as other,
        ):
            await talk_on(redis, one, other)


async def talk_on(redis: Redis, one: Server, other: Server) -> None:
    """Write before, during and after; everybody gets all, in one order."""
    ada, ben = await one.user(), await one.user()
    room = str((await make_room(one.database, ada, ben)).id)
    async with one.client(ada) as here, other.client(ben) as there:
        await here.follow(room)
        await there.follow(room)
        await here.send(room, "before")
        redis.stop()
        await asyncio.gather(here.send(room, "during"), there.send(room, "during"))
        await here.until(lambda: len(here.events) == 3)
        await there.until(lambda: len(there.events) == 3)
        redis.start()
        await until(lambda: one.live.hub._pubsub and other.live.hub._pubsub)  # type: ignore[attr-defined]
        await there.send(room, "after")
        for client in (here, there):
            await client.until(partial(heard, client, 4))
        assert here.texts(room) == there.texts(room)
        assert await one.live.hub.ready()
