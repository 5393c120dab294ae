"""A crowd of WebSocket clients for `chat.py`: raw sockets and few words, so that they cost less than servers.

One process holds many connections in one `epoll` loop. It hops from frame to frame without decoding JSON; a
message carries the moment of its sending, which is read where it arrives. The mask that the protocol wants
of clients is zero, which spares the masking.
"""

import array
import gc
import os
import re
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from multiprocessing.connection import Connection
from pathlib import Path

PING, CLOSE, TEXT = 0x89, 0x88, 0x81
SHORT, LONG = 126, 127  # what stands for a length of two bytes, of eight
AT_ONCE = 1 << 16  # bytes of one read
DRAIN_SECONDS = 10.0  # that messages may take to arrive after the end
FILLER = "The quick brown fox jumps over the lazy dog."


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one of the servers is spoken to."""

    path: str  # with the room in braces
    message: str  # a text frame; `room`, `key` and `text` in %(…)s
    mark: str  # what comes right before a text in the frame that delivers it
    hello: tuple[str, ...] = ()  # frames after the handshake
    ready: str = ""  # what the frame contains after which a client is in its room
    keep: str = ""  # a frame now and then, for a server that wants to hear from its clients


@dataclass(frozen=True, slots=True)
class Seat:
    """What a client is given: a port, a room, and the headers that let it in."""

    port: int
    room: str
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run came to."""

    due: int  # deliveries of what was sent, warm-up included
    delivered: int
    in_time: int  # deliveries while the clock ran
    seconds: float
    latencies: "array.array[int]"  # microseconds, of what arrived while the clock ran
    cpu: float  # seconds of this process while the clock ran
    servers: float  # and of those that it talks to


@dataclass(slots=True)
class Client:
    """A connection and what has come of a frame so far."""

    seat: Seat
    socket: socket.socket
    tail: bytes = b""
    waiting: int = 0  # the mark of its own message that is under way


@dataclass(slots=True)
class Room:
    """The clients of a room, who take turns."""

    clients: deque[Client] = field(default_factory=deque)


class Crowd:
    """All connections of one process."""

    def __init__(self, dialect: Dialect, seats: Sequence[Seat], servers: Sequence[int]) -> None:
        gc.disable()
        self.dialect, self.seats, self.servers = dialect, seats, servers
        self.epoll = select.epoll()
        self.clients: dict[int, Client] = {}
        self.rooms: dict[str, Room] = {}
        self.find = re.compile((re.escape(dialect.mark) + r"t=(\d{1,20})").encode()).findall
        self.counted, self.keys = 0, 0
        self.latencies: array.array[int] | None = None

    def open(self) -> int:
        """Connect everybody and return how many are in their rooms."""
        for seat in self.seats:
            client = self._enter(seat)
            self.clients[client.socket.fileno()] = client
            self.epoll.register(client.socket, select.EPOLLIN)
            self.rooms.setdefault(seat.room, Room()).clients.append(client)
            self.turn(0)
        return len(self.clients)

    def close(self) -> int:
        """Close every connection without a handshake; return how many."""
        for client in self.clients.values():
            client.socket.close()
        self.epoll.close()
        return len(self.clients)

    def _enter(self, seat: Seat) -> Client:
        """Do the handshake and say what the dialect wants said first."""
        link = socket.create_connection(("127.0.0.1", seat.port), timeout=60)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = [f"GET {self.dialect.path.format(seat.room)} HTTP/1.1", f"Host: 127.0.0.1:{seat.port}"]
        lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *seat.headers, "", ""]
        link.sendall("\r\n".join(lines).encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += _some(link)
        head, _, tail = data.partition(b"\r\n\r\n")
        if int(head.split(maxsplit=2)[1]) != HTTPStatus.SWITCHING_PROTOCOLS:
            raise ConnectionError(data.decode(errors="replace"))
        for frame in self.dialect.hello:
            link.sendall(framed(frame % {"room": seat.room}))
        while self.dialect.ready.encode() not in tail:
            tail += _some(link)
        client = Client(seat, link)
        self._take(client, tail)
        link.settimeout(0)
        return client

    def turn(self, timeout: float) -> None:
        """Take what has come; wait for it so long at most."""
        for number, _event in self.epoll.poll(timeout):
            client = self.clients[number]
            data = client.socket.recv(AT_ONCE)
            if not data:
                raise ConnectionError(f"the server left, after {client.tail!r}")
            self._take(client, data)

    def _take(self, client: Client, data: bytes) -> None:
        """Hop over whole frames and read the marks in them."""
        if client.tail:
            data = client.tail + data
        at, end = 0, len(data)
        while end - at > 1:
            size, start = data[at + 1], at + 2
            if size == SHORT:
                start += 2
                size = int.from_bytes(data[at + 2 : start])
            elif size == LONG:
                start += 8
                size = int.from_bytes(data[at + 2 : start])
            if start + size > end:
                break
            if data[at] != TEXT:
                self._other(client, data[at], data[start : start + size])
            at = start + size
        client.tail = data[at:]
        marks = self.find(data, 0, at)
        if not marks:
            return
        self.counted += len(marks)
        now = time.monotonic_ns() // 1000
        if self.latencies is not None:
            self.latencies.extend([now - int(mark) for mark in marks])
        if client.waiting and any(int(mark) == client.waiting for mark in marks):
            client.waiting = 0
            self.came_back(client)

    def _other(self, client: Client, kind: int, body: bytes) -> None:
        if kind == PING:
            client.socket.send(bytes([0x8A, 0x80 + len(body), 0, 0, 0, 0]) + body)
        elif kind == CLOSE:
            raise ConnectionError(f"the server closed: {body!r}")

    def came_back(self, client: Client) -> None:
        """Do nothing: who keeps a room talking puts something else here."""

    def say(self, client: Client, moment: int) -> None:
        """Send a message that carries the moment."""
        self.keys += 1
        text = f"t={moment} {FILLER}"
        key = f"00000000-0000-4000-8000-{(moment * 64 + self.keys % 64) % (1 << 48):012x}"
        frame = framed(self.dialect.message % {"room": client.seat.room, "key": key, "text": text})
        if client.socket.send(frame) != len(frame):
            raise BlockingIOError("the server does not read")

    def saturate(self, talks: int, seconds: float, warm: float) -> Outcome:
        """Keep so many messages per room under way: the next client speaks as soon as one is back."""
        begun = time.monotonic()

        def speak(room: Room) -> None:
            client = room.clients[0]
            room.clients.rotate(-1)
            client.waiting = time.monotonic_ns() // 1000
            self.say(client, client.waiting)

        def came_back(client: Client) -> None:
            if time.monotonic() < begun + warm + seconds:
                speak(self.rooms[client.seat.room])

        def until(end: float) -> None:
            while (left := end - time.monotonic()) > 0:
                self.turn(left)

        self.came_back = came_back  # type: ignore[method-assign]  # as its words say

        def warm_up() -> None:
            for room in self.rooms.values():
                for _ in range(talks):
                    speak(room)
            until(begun + warm)

        return self._timed(warm_up, lambda: until(begun + warm + seconds))

    def offer(self, rate: float, seconds: float, warm: float) -> Outcome:
        """Send so many messages a second, whatever comes back; a moment is when one was due."""
        sent, rooms, begun = 0, list(self.rooms.values()), time.monotonic()

        def until(end: float) -> None:
            nonlocal sent
            while (now := time.monotonic()) < end:
                while begun + sent / rate <= now:
                    room = rooms[sent % len(rooms)]
                    self.say(room.clients[0], int((begun + sent / rate) * 1_000_000))
                    room.clients.rotate(-1)
                    sent += 1
                self.turn(max(0.0, min(begun + sent / rate, end) - time.monotonic()))

        return self._timed(lambda: until(begun + warm), lambda: until(begun + warm + seconds))

    def _timed(self, warm: Callable[[], object], work: Callable[[], object]) -> Outcome:
        """Warm up, measure while the work is done, and wait for what is still under way."""
        sent, counted = self.keys, self.counted
        warm()
        before, begun = self.counted, time.monotonic()
        cpu, others = time.process_time(), computed(*self.servers)
        latencies = self.latencies = array.array("q")
        work()
        seconds, in_time = time.monotonic() - begun, self.counted - before
        cpu, others = time.process_time() - cpu, computed(*self.servers) - others
        self.latencies = None
        due = (self.keys - sent) * len(next(iter(self.rooms.values())).clients)
        end = time.monotonic() + DRAIN_SECONDS
        while self.counted - counted < due and time.monotonic() < end:
            self.turn(0.1)
        return Outcome(due, self.counted - counted, in_time, seconds, latencies, cpu, others)


def computed(*pids: int) -> float:
    """Return the seconds that processes have computed."""
    texts = [Path(f"/proc/{pid}/stat").read_text(encoding="utf-8") for pid in pids]
    times = [text.rpartition(")")[2].split()[11:13] for text in texts]
    return sum(int(time) for pair in times for time in pair) / os.sysconf("SC_CLK_TCK")


def attend(pipe: Connection, dialect: Dialect, seats: Sequence[Seat], servers: Sequence[int]) -> None:
    """Run one process of a crowd: execute commands from the pipe, and answer pings."""
    try:
        crowd = Crowd(dialect, seats, servers)
        while True:
            while not pipe.poll():
                crowd.turn(0.02)
            name, arguments = pipe.recv()
            pipe.send(getattr(crowd, name)(*arguments))
    except EOFError:
        return
    except Exception as error:  # noqa: BLE001 - the parent process reports it
        pipe.send(error)


def framed(text: str) -> bytes:
    """Return a text frame as a client sends it."""
    body = text.encode()
    size = bytes([0x80 + len(body)]) if len(body) < SHORT else b"\xfe" + len(body).to_bytes(2)
    return bytes([TEXT]) + size + b"\0\0\0\0" + body


def _some(link: socket.socket) -> bytes:
    """Return what comes next; raise ConnectionError where nothing does."""
    data = link.recv(AT_ONCE)
    if not data:
        raise ConnectionError("the server left during the handshake")
    return data
