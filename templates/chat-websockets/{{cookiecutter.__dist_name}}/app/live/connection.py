"""One socket from inside: what is sent to it, and how it ends.

Most frames are written at once, without a task or a queue: an eager task runs until it
would wait, which it does only if the reader is slower than we are. Then frames wait
here, up to a bound; beyond it the reader is sent away, and resumes when it is back.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from typing import cast

from starlette.types import Send

from app.accounts.access import Person
from app.live.limits import Bucket, Rate
from app.live.protocol import Close, dump

MOST_FRAMES, MOST_BYTES = 1_000, 1_000_000
GOODBYE_SECONDS = 5  # for a close frame that does not get through


class Connection:
    """A socket that was accepted, and whose it is.

    There may be thousands that say nothing: what they do not need, they do not have.
    """

    __slots__ = (
        "_bytes",
        "_goodbye",
        "_loop",
        "_queue",
        "_reader",
        "_send",
        "_writing",
        "bucket",
        "closing",
        "person",
        "rooms",
        "typed",
        "user",
    )

    def __init__(self, send: Send, person: Person, rate: Rate) -> None:
        """Have a connection of somebody; the task that is running reads from it."""
        self.person = person
        self.user = {"handle": person.handle, "name": person.name}
        self.bucket = Bucket(rate)
        self.rooms: set[uuid.UUID] = set()
        self.typed: dict[uuid.UUID, float] | None = None
        self.closing = False
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._queue: deque[str] | None = None
        self._bytes = 0
        self._writing: asyncio.Task[None] | None = None
        self._reader = cast("asyncio.Task[None]", asyncio.current_task())
        self._goodbye: asyncio.Task[None] | None = None

    def push(self, frame: str) -> None:
        """Send a frame, after those that wait; never waits itself."""
        if self.closing:
            return
        if self._writing is None:
            self._start(frame)
            return
        if self._queue is None:
            self._queue = deque()
        if len(self._queue) >= MOST_FRAMES or self._bytes >= MOST_BYTES:
            self.close(Close.SLOW, "You read too slowly: come back and resume.")
            return
        self._queue.append(frame)
        self._bytes += len(frame)

    async def send(self, frame: str) -> None:
        """Send a frame once nothing else waits: for what is long, as a history."""
        while self._writing is not None and not self.closing:
            await asyncio.wait([self._writing])
        self.push(frame)

    def _start(self, frame: str) -> None:
        task = asyncio.Task(self._write(frame), loop=self._loop, eager_start=True)
        if not task.done():
            self._writing = task

    async def _write(self, frame: str) -> None:
        try:
            await self._send({"type": "websocket.send", "text": frame})
            while self._queue:
                following = self._queue.popleft()
                self._bytes -= len(following)
                await self._send({"type": "websocket.send", "text": following})
        except (OSError, RuntimeError):  # it is gone; whoever receives is told so
            self._queue = None
        finally:
            self._writing = None

    def close(self, code: Close, reason: str) -> None:
        """Say why, and end; what still waits is not sent."""
        if self.closing:
            return
        self.closing = True
        self._queue = None
        self._bytes = 0
        self._goodbye = self._loop.create_task(self._leave(code, reason))

    async def _leave(self, code: Close, reason: str) -> None:
        """Say goodbye; to a reader that does not read not even that can be said."""
        goodbye = {"type": "websocket.close", "code": int(code), "reason": reason}
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._send(goodbye)
        except TimeoutError:
            self._reader.cancel()
        except (OSError, RuntimeError):  # it is gone already
            return

    def refuse(self, ref: str | None, code: str, detail: str, wait: float = 0) -> None:
        """Say that a frame was not done."""
        extra = {"retry_after": round(wait, 3)} if wait else {}
        self.push(dump("error", ref, code=code, detail=detail, **extra))
