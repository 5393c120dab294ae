"""`GET /live` on a real server: events as they come, and when they end."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI

from app.accounts import sessions
from app.alerts.models import Alert, Rule
from app.core.database import Database, utcnow
from app.dashboard import feed, live
from app.dashboard.feed import MOST_WAITING, Feed, Update, Watcher, feed_of
from app.dashboard.live import moment
from app.devices.models import Device
from tests.factories import make_device
from tests.pages import Browser, Open, opened, pump, report

pytestmark = pytest.mark.milestone(7)
__all__ = ["opened"]
SECONDS = 60


@dataclass(frozen=True)
class Said:
    """An event as a browser gets it."""

    event: str
    data: dict[str, Any]
    id: str


@pytest.fixture
async def address(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Have the application on a socket, in a hurry, and return its address."""
    monkeypatch.setattr(feed, "TURN_SECONDS", 0.02)
    monkeypatch.setattr(live, "BEAT_SECONDS", 0.05)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        app.state.stopping.set()
        server.should_exit = True
        await task
        if looking := feed_of(app).task:
            async with asyncio.timeout(SECONDS):
                await looking


@asynccontextmanager
async def watching(
    address: str, browser: Browser, path: str = "/live", **headers: str
) -> AsyncIterator[AsyncIterator[Said]]:
    """Have what a page gets, from the first event on."""
    async with (
        asyncio.timeout(SECONDS),
        httpx2.AsyncClient(base_url=address) as client,
        client.stream("GET", path, headers=browser.headers | headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        events = said(answer.aiter_lines())
        assert (await anext(events)).event == "hello"
        yield events


async def said(lines: AsyncIterator[str]) -> AsyncIterator[Said]:
    """Read events out of lines."""
    fields: dict[str, str] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if line and name:
            fields[name] = value
        elif "event" in fields:
            data = json.loads(fields["data"])
            yield Said(fields["event"], data, fields.get("id", ""))
            fields = {}


async def first(events: AsyncIterator[Said], event: str, part: str = "") -> Said:
    """Return the first event of a kind, or the first update with such a part."""
    async for one in events:
        if one.event == event and (not part or one.data[part]):
            return one
    raise AssertionError(f"the stream ended without {event}")


async def looked(app: FastAPI) -> None:
    """Wait until the feed knows what there is, so that what follows is new."""
    while feed_of(app).before is None:  # noqa: ASYNC110 (there is no event for it)
        await asyncio.sleep(0)


async def test_a_reading_reaches_the_page_of_its_device(
    app: FastAPI, database: Database, address: str, opened: Open
) -> None:
    """With unit and time; what others sent does not."""
    device = await pump(database)
    await make_device(database, "other")
    async with watching(
        address, await opened("viewer"), f"/live?device={device}"
    ) as events:
        await looked(app)
        await report(database, "other", 1.0)
        await report(database, device, 21.5)
        update = await first(events, "update", "values")
    [value] = update.data["values"]
    assert (value["device_id"], value["metric"]) == (device, "temperature")
    assert (value["value"], value["unit"]) == (21.5, "°C")
    assert moment(update.id) is not None


async def test_states_and_alerts_reach_every_page(
    app: FastAPI, database: Database, address: str, opened: Open
) -> None:
    """A device that went offline, and what that raised."""
    device = await pump(database)
    async with watching(address, await opened("viewer")) as events:
        await looked(app)
        async with database.begin() as session:
            await session.execute(sa.update(Device).values(status="offline"))
        update = await first(events, "update", "devices")
        assert update.data["devices"][0]["status"] == "offline"
        async with database.begin() as session:
            rule = Rule(name="Gone", kind="silence", window_seconds=9, channels=[])
            session.add(rule)
            await session.flush()
            session.add(Alert(rule_id=rule.id, device_id=device, value=10.0))
        update = await first(events, "update", "alerts")
    assert update.data["open"] == 1
    assert update.data["alerts"][0]["rule"] == "Gone"


async def test_what_was_missed_comes_first(
    database: Database, address: str, opened: Open
) -> None:
    """Last-Event-ID says from when on; every reading of the device since is there."""
    device = await pump(database)
    now = utcnow()
    for age, value in ((60, 1.0), (20, 2.0), (10, 3.0)):
        await report(database, device, value, time=now - timedelta(seconds=age))
    since = (now - timedelta(seconds=30)).isoformat()
    async with watching(
        address,
        await opened("viewer"),
        f"/live?device={device}",
        **{"Last-Event-ID": since},
    ) as events:
        update = await first(events, "update")
    assert [one["value"] for one in update.data["values"]] == [2.0, 3.0]


async def test_who_missed_too_much_loads_again(address: str, opened: Open) -> None:
    """After some minutes the page is taken anew."""
    since = (utcnow() - timedelta(hours=1)).isoformat()
    async with watching(
        address, await opened("viewer"), **{"Last-Event-ID": since}
    ) as events:
        assert (await anext(events)).event == "reload"


async def test_a_quiet_stream_beats(address: str, opened: Open) -> None:
    """So that a page knows a dead connection from a quiet one."""
    async with watching(address, await opened("viewer")) as events:
        assert (await first(events, "beat")).data == {}


async def test_the_end_of_a_session_ends_its_stream(
    database: Database, address: str, opened: Open
) -> None:
    """Within one beat, and with a word."""
    viewer = await opened("viewer")
    async with watching(address, viewer) as events:
        async with database.begin() as session:
            await sessions.close_all(session, viewer.user.id)
        await first(events, "end")
        with pytest.raises(StopAsyncIteration):
            await anext(events)


async def test_a_server_that_stops_ends_its_streams(
    app: FastAPI, address: str, opened: Open
) -> None:
    """A stream would hold it up for ever."""
    async with watching(address, await opened("viewer")) as events:
        app.state.stopping.set()
        async for one in events:
            assert one.event == "beat"


async def test_a_stranger_watches_nothing(client: httpx2.AsyncClient) -> None:
    """The refusal is for scripts: a problem, no page."""
    answer = await client.get("/live")
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_who_reads_too_slowly_is_late() -> None:
    """What waits is bounded; after that nothing more is kept."""
    watcher = Watcher()
    for _ in range(MOST_WAITING + 2):
        watcher.offer(Update(utcnow()))
    assert watcher.late


async def test_one_who_is_late_loads_again(
    app: FastAPI, address: str, opened: Open
) -> None:
    """The stream says so and ends."""
    async with watching(address, await opened("viewer")) as events:
        for watcher in feed_of(app).watchers:
            watcher.late = True
        await first(events, "reload")


async def test_a_database_that_was_away_is_looked_at_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One failed look is not the end of the feed; without watchers there is none."""
    monkeypatch.setattr(feed, "TURN_SECONDS", 0)
    looks = asyncio.Queue[None]()
    made = Feed(database)

    async def away() -> None:
        looks.put_nowait(None)
        raise ConnectionError

    monkeypatch.setattr(made, "turn", away)
    async with asyncio.timeout(SECONDS), made.watching():
        await looks.get()
        await looks.get()
    assert not made.watchers


@pytest.mark.parametrize("given", ["", "nonsense", "2026-01-01T00:00:00"])
def test_an_id_that_names_no_moment_is_none(given: str) -> None:
    """What a client sends is not believed to be ours."""
    assert moment(given) is None
