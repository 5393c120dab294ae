"""People who talk: a program that runs with the Python of a chat, which has websockets.

    python talkers.py WORLD MESSAGES

WORLD is a JSON file: `ports` of the servers, `people` (each with a `token` and the ids of their `rooms`), and
a `seed`. Everybody listens in their rooms and writes their share of the messages into them in turns, a few at
a time. Connections are cut at random moments. Whoever lost one connects again, to any server, asks for what
follows the last event seen, and sends again what was not acknowledged, under the same id. Somebody is done
who has seen all messages of their rooms. Printed are lines `acknowledged N`, and at the end a line of JSON:
of each room what its people saw, in short, and what was wrong.
"""

import asyncio
import hashlib
import json
import random
import sys
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

AT_ONCE = 3
CUT_EVENTS = 1000  # that a connection brings before it is cut, on average
LINGER_SECONDS = 5  # in which nothing may come twice
SAY_SECONDS = 0.2
BUSY = 503
GONE = (OSError, WebSocketException, TimeoutError)


class Crowd:
    """All clients, and their shared state."""

    def __init__(self, world: dict[str, Any], messages: int) -> None:
        self.ports: list[int] = world["ports"]
        # Randomness must be reproducible, and needs no security.
        self.random = random.Random(world["seed"])  # noqa: S311
        share = messages // len(world["people"])
        self.people = [Talker(self, one["token"], one["rooms"], share) for one in world["people"]]
        self.due = Counter(room for one in self.people for room, _ in one.unsent)
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []

    async def talk(self) -> None:
        """Run all clients until each has seen everything, and a little longer."""
        tasks = [asyncio.create_task(one.live()) for one in self.people]
        while not all(one.done for one in self.people) and not self.wrong:
            if any(task.done() for task in tasks):
                await asyncio.gather(*tasks)
            print("acknowledged", self.counts["acknowledged"], flush=True)
            await asyncio.sleep(SAY_SECONDS)
        await asyncio.sleep(LINGER_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    def told(self) -> dict[str, Any]:
        """Return the report."""
        rooms: dict[str, list[list[Any]]] = {}
        for one in self.people:
            for room, seen in one.seen.items():
                told = [seen.last, seen.messages, seen.digest.hexdigest()]
                if told not in rooms.setdefault(room, []):
                    rooms[room].append(told)
        return {"rooms": rooms, "wrong": self.wrong[:20], "counts": self.counts}


class Seen:
    """The messages of a room that a client has seen."""

    def __init__(self) -> None:
        self.last, self.messages = 0, 0
        self.digest = hashlib.sha256()


class Talker:
    """A client that sends and receives."""

    def __init__(self, crowd: Crowd, token: str, rooms: list[str], share: int) -> None:
        self.crowd, self.token = crowd, token
        self.seen = {room: Seen() for room in rooms}
        name = uuid.uuid4().hex[:8]
        self.unsent = [(rooms[n % len(rooms)], f"{name} says {n}") for n in range(share)][::-1]
        self.sent: dict[str, tuple[str, str]] = {}  # what is not acknowledged, by its id
        self.socket: ClientConnection | None = None

    @property
    def done(self) -> bool:
        """Whether everything was sent and seen."""
        everything = all(seen.messages == self.crowd.due[room] for room, seen in self.seen.items())
        return everything and not self.sent and not self.unsent

    async def live(self) -> None:
        """Connect, and reconnect after each disconnect."""
        while True:
            try:
                await self._once(self.crowd.random.choice(self.crowd.ports))
            except GONE as error:
                # Throttling is expected; any other error is not.
                if isinstance(error, InvalidStatus) and error.response.status_code != BUSY:
                    self.crowd.wrong.append(str(error))
                self.crowd.counts["reconnected"] += 1
                await asyncio.sleep(self.crowd.random.uniform(0.05, 0.3))
            finally:
                self.socket = None

    async def _once(self, port: int) -> None:
        async with connect(
            f"ws://127.0.0.1:{port}/ws",
            additional_headers={"Authorization": f"Bearer {self.token}"},
            compression=None,
            proxy=None,
            max_queue=None,
        ) as socket:
            await socket.send(json.dumps({"type": "hello", "protocol": 1}))
            self.socket = socket
            for room in self.seen:
                await self._send(room)
            for key in list(self.sent):
                await self._send(key)
            while len(self.sent) < AT_ONCE and self.unsent:
                await self._next()
            left = self.crowd.random.expovariate(1 / CUT_EVENTS)
            async for text in socket:
                await self._take(json.loads(text))
                left -= 1
                if left < 0 and not self.done:
                    self.crowd.counts["cut"] += 1
                    socket.transport.abort()
                    return
            self.crowd.counts[f"closed {socket.close_code}"] += 1

    async def _next(self) -> None:
        if self.unsent:
            key = str(uuid.uuid4())
            self.sent[key] = self.unsent.pop()
            await self._send(key)

    async def _send(self, key: str) -> None:
        """Send the message with this id, or the request to join this room."""
        if key in self.seen:
            frame = {"type": "subscribe", "ref": key, "room": key, "after": self.seen[key].last}
        elif key in self.sent:
            room, text = self.sent[key]
            frame = {"type": "send", "ref": key, "room": room, "client_id": key, "text": text}
        else:
            return
        if self.socket:
            await self.socket.send(json.dumps(frame))

    async def _take(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        if kind == "ack":
            if self.sent.pop(frame["client_id"], None):
                self.crowd.counts["acknowledged"] += 1
                self.crowd.counts["sent twice"] += frame["duplicate"]
                await self._next()
        elif kind == "error":
            if frame["code"] not in {"rate", "unavailable"}:
                self.crowd.wrong.append(json.dumps(frame))
            self.crowd.counts[frame["code"]] += 1
            self._later(frame.get("retry_after", 1), frame["ref"])
        elif kind == "subscribed":
            if frame["reset"]:
                self.crowd.wrong.append(f"too much was missed: {frame}")
        elif "sequence" in frame:
            self._see(frame)

    def _later(self, seconds: float, key: str) -> None:
        loop, socket = asyncio.get_running_loop(), self.socket

        async def again() -> None:
            await asyncio.sleep(seconds)
            if self.socket is socket:
                try:
                    await self._send(key)
                except GONE:  # and sent again on the next connection
                    return

        task = loop.create_task(again())
        task.add_done_callback(lambda done: done.result())

    def _see(self, frame: dict[str, Any]) -> None:
        seen, number = self.seen[frame["room"]], frame["sequence"]
        if number != seen.last + 1:
            self.crowd.wrong.append(f"{number} after {seen.last} in {frame['room']}")
        seen.last = number
        if frame["type"] == "new":
            seen.messages += 1
            message = frame["message"]
            seen.digest.update(f"{number} {message['id']} {message['text']}\n".encode())


def main() -> None:
    """Run all clients, and print their report."""
    crowd = Crowd(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), int(sys.argv[2]))
    asyncio.run(crowd.talk())
    print(json.dumps(crowd.told()), flush=True)


if __name__ == "__main__":
    main()
