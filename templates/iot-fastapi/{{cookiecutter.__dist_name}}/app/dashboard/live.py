"""`GET /live`: what changes, as server-sent events to a page that is open.

A browser that lost the connection says with Last-Event-ID how far it was, and gets what
it has missed; if that is too much it is told to load the page again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.accounts import sessions
from app.accounts.access import Human, Person
from app.core.database import Database, utcnow
from app.core.errors import Problem
from app.core.serving import until
from app.dashboard.feed import Update, Watcher, feed_of
from app.dashboard.schemas import Watching
from app.dashboard.watched import snapshot
from app.readings.services import LatestValue, find_metric, range_of

BEAT_SECONDS = 5.0
MOST_STREAMS = 8  # of one person, in one process
OLDEST = timedelta(minutes=10)
MARGIN = timedelta(seconds=5)  # a reading is stored a moment after its time
MOST_MISSED = 500
router = APIRouter(include_in_schema=False)


async def seat(person: Human, request: Request) -> AsyncIterator[None]:
    """Hold one of a person's streams; refuse one too many with 429."""
    app: FastAPI = request.app
    if not hasattr(app.state, "streams"):
        app.state.streams = Counter()
    held: Counter[Any] = app.state.streams
    if held[person.id] >= MOST_STREAMS:
        detail = "Close one of the pages that you have open."
        raise Problem(429, detail, headers={"Retry-After": "60"})
    held[person.id] += 1
    try:
        yield
    finally:
        held[person.id] -= 1
        held += Counter()  # forgets who has none any more


@router.get("/live", response_class=EventSourceResponse)
async def live(
    person: Human,
    _: Annotated[None, Depends(seat)],
    request: Request,
    watching: Annotated[Watching, Query()],
    last_event_id: Annotated[str, Header(max_length=40)] = "",
) -> AsyncIterator[ServerSentEvent]:
    """Send what changes, until the session ends or the server does."""
    app: FastAPI = request.app
    since = moment(last_event_id or watching.since)
    async with (
        aclosing(stream(app, person, watching.device, since)) as source,
        aclosing(until(app.state.stopping, source)) as events,
    ):
        async for event in events:
            yield event


async def stream(
    app: FastAPI, person: Person, device: str | None, since: datetime | None
) -> AsyncGenerator[ServerSentEvent]:
    """Give the events of one who watches a device, or all of them."""
    database: Database = app.state.database
    async with feed_of(app).watching() as watcher:
        yield ServerSentEvent(event="hello", data={}, retry=2000)
        if since is not None:
            yield await missed(database, device, since)
        async for update in updates(database, person, watcher):
            if update is None:
                yield ServerSentEvent(event="beat", data={})
            else:
                yield written(update if device is None else update.of(device))
        reason = "reload" if watcher.late else "end"
        yield ServerSentEvent(event=reason, data={})


async def updates(
    database: Database, person: Person, watcher: Watcher
) -> AsyncIterator[Update | None]:
    """Give updates, None for a while without; end with the session, or when late."""
    loop = asyncio.get_running_loop()
    checked = loop.time()
    while not watcher.late:
        yield await watcher.take(BEAT_SECONDS)
        if loop.time() - checked >= BEAT_SECONDS:
            checked = loop.time()
            async with database.session(write=False) as session:
                if await sessions.find(session, person.session) is None:
                    return


async def missed(
    database: Database, device: str | None, since: datetime
) -> ServerSentEvent:
    """Return what came since a moment; or that there was too much of it."""
    now = utcnow()
    if now - since > OLDEST:
        return ServerSentEvent(event="reload", data={})
    async with database.session(write=False) as session:
        state = await snapshot(session)
        recent = [one for one in state.values if one.time > since - MARGIN]
        if device is not None:
            recent = [
                LatestValue(device, one.metric, one.unit, point.time, point.mean)
                for one in recent
                if one.device_id == device
                for point in (
                    await range_of(
                        session,
                        device,
                        await find_metric(session, one.metric),
                        since - MARGIN,
                        now + MARGIN,
                        MOST_MISSED,
                    )
                ).points
            ]
    update = Update(
        now,
        sorted(recent, key=lambda one: one.time),
        list(state.devices),
        list(state.commands),
        open_alerts=state.open_alerts,
        counts=state.counts(),
    )
    return written(update if device is None else update.of(device))


def written(update: Update) -> ServerSentEvent:
    """Return an update as it is sent; its id says until when it goes."""
    data = {
        "values": update.values,
        "devices": update.devices,
        "commands": update.commands,
        "alerts": update.alerts,
        "open": update.open_alerts,
        "counts": update.counts,
    }
    return ServerSentEvent(event="update", data=data, id=update.time.isoformat())


def moment(given: str) -> datetime | None:
    """Return the moment that an id names; None for what names none."""
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None
