"""What each frame of a client does; who may do it is asked every time.

What is quick is done on the way. Messages go to the writer, which answers when they are
committed; until then the next frames are read.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem
from app.live.connection import Connection
from app.live.feed import Feed
from app.live.live import Live
from app.live.protocol import dump, error
from app.messages import services
from app.messages.models import Event
from app.messages.sending import Draft, Outcome
from app.rooms.access import Action, standing_of

MOST_MISSED = 1_000  # events that are told one by one; more is for the history
MOST_ROOMS = 200  # that one socket hears of
TYPING_SECONDS = 2  # so often at most the others hear of it

type Frame = dict[str, Any]
type Handler = Callable[[Live, Connection, Frame], Awaitable[None]]


async def subscribe(live: Live, connection: Connection, frame: Frame) -> None:
    """Have a socket hear of a room: first what it missed, then what happens."""
    room_id = uuid.UUID(frame["room"])
    live.forget(connection, room_id)
    if len(connection.rooms) >= MOST_ROOMS:
        raise Problem(409, f"One connection hears of {MOST_ROOMS} rooms at most.")
    # Noted first and asked then: a ban that comes in between finds it here.
    connection.rooms.add(room_id)
    try:
        async with live.asking() as session:
            here = await standing_of(session, connection.person, room_id)
        here.require(Action.READ)
        await _enter(live, connection, frame, room_id)
    except Exception:
        connection.rooms.discard(room_id)
        raise


async def _enter(
    live: Live, connection: Connection, frame: Frame, room_id: uuid.UUID
) -> None:
    after = frame.get("after")
    async with live.entering(room_id) as feed:
        if after is not None and after > feed.last:
            await feed.read()  # another process has told more than this one
        # Who has seen what does not exist has seen another database.
        seen = feed.last if after is None else after
        reset = seen > feed.last or feed.last - seen > MOST_MISSED
        connection.push(
            dump(
                "subscribed",
                frame.get("ref"),
                room=str(room_id),
                sequence=feed.last,
                reset=reset,
                present=list(feed.who()),
            )
        )
        if not reset:
            await _resume(connection, feed, seen)
        if room_id in connection.rooms and not connection.closing:
            live.listen(connection, feed)


async def _resume(connection: Connection, feed: Feed, seen: int) -> None:
    """Send what was missed, until it is all that was told here, or one must go."""
    while seen < feed.last:
        found = await feed.missed(seen)
        if not found:
            await asyncio.sleep(0.1)
        for sequence, missed in found:
            if feed.room_id not in connection.rooms or connection.closing:
                return
            await connection.send(missed)
            seen = sequence


async def unsubscribe(live: Live, connection: Connection, frame: Frame) -> None:
    """Have a socket hear no more of a room."""
    live.forget(connection, uuid.UUID(frame["room"]))
    connection.push(dump("ack", frame.get("ref"), room=frame["room"]))


async def send(live: Live, connection: Connection, frame: Frame) -> None:
    """Write a message; the answer comes when it is committed."""
    ref, client_id = frame.get("ref"), frame["client_id"]
    reply_to, image_id = frame.get("reply_to"), frame.get("image_id")
    draft = Draft(
        room_id=uuid.UUID(frame["room"]),
        author_id=connection.person.id,
        author=connection.user,
        client_id=uuid.UUID(client_id),
        text=frame["text"],
        reply_to=uuid.UUID(reply_to) if reply_to else None,
        image_id=uuid.UUID(image_id) if image_id else None,
    )

    def told(outcome: Outcome) -> None:
        if isinstance(outcome, Problem):
            connection.push(error(ref, outcome))
            return
        connection.push(
            dump(
                "ack",
                ref,
                room=frame["room"],
                client_id=client_id,
                sequence=outcome.sequence,
                message_id=str(outcome.message_id),
                duplicate=outcome.duplicate,
            )
        )

    live.writer.put(draft, told)


async def edit(live: Live, connection: Connection, frame: Frame) -> None:
    """Have a message of one's own say something else."""
    found, text = uuid.UUID(frame["id"]), frame["text"]
    await _change(
        live,
        connection,
        frame,
        lambda session: services.edit(session, connection.person, found, text),
    )


async def delete(live: Live, connection: Connection, frame: Frame) -> None:
    """Take a message's text away."""
    found = uuid.UUID(frame["id"])
    await _change(
        live,
        connection,
        frame,
        lambda session: services.delete(session, connection.person, found),
    )


async def react(live: Live, connection: Connection, frame: Frame) -> None:
    """Put an emoji to a message, or take it away."""
    found, emoji, on = uuid.UUID(frame["id"]), frame["emoji"], frame["on"]
    await _change(
        live,
        connection,
        frame,
        lambda session: services.react(session, connection.person, found, emoji, on=on),
    )


async def _change(
    live: Live,
    connection: Connection,
    frame: Frame,
    change: Callable[[AsyncSession], Awaitable[Event | None]],
) -> None:
    await live.allow(connection.person.id)
    async with live.database.begin() as session:
        event = await change(session)
    fields: Frame = {"message_id": frame["id"]}
    if event is not None:
        fields |= {"room": str(event.room_id), "sequence": event.sequence}
    connection.push(dump("ack", frame.get("ref"), **fields))


async def typing(live: Live, connection: Connection, frame: Frame) -> None:
    """Tell the others in a room that one is typing."""
    feed = _feed(live, connection, frame)
    now = time.monotonic()
    if connection.typed is None:
        connection.typed = {}
    if now - connection.typed.get(feed.room_id, 0) < TYPING_SECONDS:
        return
    connection.typed[feed.room_id] = now
    async with live.asking() as session:
        here = await standing_of(session, connection.person, feed.room_id)
    here.require(Action.WRITE)
    live.whisper(feed, dump("typing", room=frame["room"], user=connection.user))


async def read(live: Live, connection: Connection, frame: Frame) -> None:
    """Have read all, up to an event."""
    live.has_read(connection, _feed(live, connection, frame), frame["sequence"])


def _feed(live: Live, connection: Connection, frame: Frame) -> Feed:
    room_id = uuid.UUID(frame["room"])
    if room_id not in connection.rooms:
        raise Problem(409, "Subscribe to the room first.")
    return live.feeds[room_id]


async def ping(_live: Live, connection: Connection, frame: Frame) -> None:
    """Give a sign of life."""
    connection.push(dump("pong", frame.get("ref")))


HANDLERS: dict[str, Handler] = {
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
    "send": send,
    "edit": edit,
    "delete": delete,
    "react": react,
    "typing": typing,
    "read": read,
    "ping": ping,
}
