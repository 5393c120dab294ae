"""A client of the socket that comes back: what a program has to do to miss nothing.

It keeps of each room the number of the last event it has seen, and asks for what comes
after it whenever it is connected again. What it sends it keeps until the answer is
there, and sends it once more after a broken connection: by its `client_id` the server
knows it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Self

import websockets
from websockets.asyncio.client import ClientConnection, connect

type Frame = dict[str, Any]
EVENTS = {"new", "edit", "delete", "reaction", "member"}
FINAL = {4401, 4409}  # coming back would not help


class RefusedError(Exception):
    """The server said no; `code` and `frame` say why."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame["detail"])
        self.code, self.frame = frame["code"], frame


class Client:
    """Somebody in some rooms. `headers` gives what proves who, anew each time."""

    def __init__(
        self, address: str, headers: Callable[[], Awaitable[dict[str, str]]]
    ) -> None:
        self.address, self.headers = address, headers
        self.rooms: dict[str, int | None] = {}  # the last event that was seen
        self.events: list[Frame] = []
        self.twice: list[
            Frame
        ] = []  # events that were told again: there should be none
        self.others: list[Frame] = []  # typing, presence and the like
        self.closed: list[int] = []  # with which codes
        self.changed = asyncio.Event()
        self._waiting: dict[str, tuple[Frame, asyncio.Future[Frame]]] = {}
        self._numbers = itertools.count(1)
        self._socket: ClientConnection | None = None
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._running:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def follow(self, room: str, after: int | None = None) -> Frame:
        """Hear of a room; return what the server says of it."""
        self.rooms[room] = after
        return await self.ask({"type": "subscribe", "room": room, "after": after})

    async def send(self, room: str, text: str, **fields: Any) -> Frame:
        """Write a message; return once it is stored, however long that takes."""
        made = {"client_id": str(uuid.uuid4())} | fields
        return await self.ask({"type": "send", "room": room, "text": text} | made)

    async def ask(self, frame: Frame) -> Frame:
        """Send a frame until it is answered; raise RefusedError for an error."""
        ref = str(next(self._numbers))
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waiting[ref] = (frame | {"ref": ref}, answer)
        try:
            if self._socket is not None:
                with contextlib.suppress(websockets.ConnectionClosed):
                    await self._socket.send(json.dumps(frame | {"ref": ref}))
            return await answer
        finally:
            del self._waiting[ref]

    async def until(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        """Return once the condition is met; raise TimeoutError if it never is."""
        async with asyncio.timeout(seconds):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    def texts(self, room: str) -> list[str]:
        """Return what was written in a room, as it came."""
        new = [one for one in self.events if one["type"] == "new"]
        return [one["message"]["text"] for one in new if one["room"] == room]

    async def cut(self) -> None:
        """Break the connection, without a goodbye."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def _run(self) -> None:
        wait = 0.05
        while True:
            try:
                async with connect(
                    self.address,
                    additional_headers=await self.headers(),
                    subprotocols=[websockets.Subprotocol("chat.v1")],
                    compression=None,
                    proxy=None,
                ) as socket:
                    wait = 0.05
                    await self._talk(socket)
            except websockets.ConnectionClosed as closed:
                self.closed.append(closed.rcvd.code if closed.rcvd else 1006)
            except (OSError, websockets.InvalidHandshake):
                pass
            self._socket = None
            self.changed.set()
            if self.closed and self.closed[-1] in FINAL:
                return
            await asyncio.sleep(wait * (0.5 + random.random()))
            wait = min(2, 2 * wait)

    async def _talk(self, socket: ClientConnection) -> None:
        await socket.send(json.dumps({"type": "hello", "protocol": 1}))
        json.loads(await socket.recv())
        for room, after in list(self.rooms.items()):
            again = {"type": "subscribe", "room": room, "after": after}
            await socket.send(json.dumps(again))
        self._socket = socket  # before these: what is asked meanwhile is sent as well
        for frame, _ in list(self._waiting.values()):
            await socket.send(json.dumps(frame))
        while True:
            self._take(json.loads(await socket.recv()))
            self.changed.set()

    def _take(self, frame: Frame) -> None:
        if frame["type"] in EVENTS:
            seen = self.rooms.get(frame["room"])
            if seen is not None and frame["sequence"] <= seen:
                self.twice.append(frame)
                return
            self.rooms[frame["room"]] = frame["sequence"]
            self.events.append(frame)
            return
        if frame["type"] == "unsubscribed":
            self.rooms.pop(frame["room"], None)
        if frame["type"] == "subscribed" and self.rooms.get(frame["room"]) is None:
            self.rooms[frame["room"]] = frame["sequence"]
        _, answer = self._waiting.get(frame.get("ref", ""), (None, None))
        if answer is None or answer.done():
            self.others.append(frame)
        elif frame["type"] != "error":
            answer.set_result(frame)
        elif frame["code"] != "unavailable":
            answer.set_exception(RefusedError(frame))


def heard(client: Client, count: int) -> bool:
    """Whether a client has got so many events."""
    return len(client.events) == count
