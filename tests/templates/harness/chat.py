"""A chat for a test: database, Redis, users in rooms, server processes and clients."""

import contextlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .processes import Running, Worker, run, running
from .projects import Project, executable
from .servers import Database
from .waiting import free_port, until

PREPARE = """
import asyncio, json, sys
from app.accounts import services as accounts, sessions
from app.accounts.access import Person
from app.core.database import Database, load_models
from app.rooms import services as rooms
from app.settings import load

async def main():
    load_models()
    settings = load()
    database, people, made, tokens = Database(settings.database_url), [], [], []
    count, width, each = map(int, sys.argv[1:])
    async with database.begin() as session:
        for n in range(count):
            user = await accounts.create(
                session, email=f"p{n}@example.com", handle=f"p{n:04}", name=f"P {n}", hashed="!"
            )
            token = await sessions.open_tokens(session, settings, user.id, "test")
            tokens.append({"token": token.access_token, "rooms": []})
            people.append(Person(user.id, user.handle, user.name, user.role, "token", ""))
    async with database.begin() as session:
        for n in range(width):
            room = await rooms.create(session, people[n], name=f"Room {n}", topic="", kind="private")
            for m in range(count):
                if (m - n) % width < each:
                    await rooms.enter(session, room, people[m].id)
                    tokens[m]["rooms"].append(str(room.id))
    await database.close()
    print(json.dumps(tokens))

asyncio.run(main())
"""

STORED = """
import asyncio, hashlib, json
import sqlalchemy as sa
from app.core.database import Database, load_models
from app.settings import load

ROOMS = "SELECT id, sequence FROM rooms"
EVENTS = "SELECT count(*), min(sequence), max(sequence) FROM events WHERE room_id = :room"
MESSAGES = "SELECT sequence, id, text FROM messages WHERE room_id = :room ORDER BY sequence"

async def main():
    load_models()
    database, stored = Database(load().database_url), {}
    async with database.session(write=False) as session:
        for room, last in list(await session.execute(sa.text(ROOMS))):
            events = (await session.execute(sa.text(EVENTS), {"room": room})).one()
            messages = list(await session.execute(sa.text(MESSAGES), {"room": room}))
            digest = hashlib.sha256()
            for number, key, text in messages:
                digest.update(f"{number} {key} {text}\\n".encode())
            texts = len({row.text for row in messages})
            stored[str(room)] = [list(events), texts, [last, len(messages), digest.hexdigest()]]
    await database.close()
    print(json.dumps(stored))

asyncio.run(main())
"""

SPEAK = """
import asyncio, json, sys, uuid
from websockets.asyncio.client import connect

async def main():
    port, token, room, texts, seconds = *sys.argv[1:4], json.loads(sys.argv[4]), float(sys.argv[5])
    headers, answers = {"Authorization": f"Bearer {token}"}, {}
    address = f"ws://127.0.0.1:{port}/ws"
    async with asyncio.timeout(seconds), connect(address, additional_headers=headers, proxy=None) as socket:
        await socket.send(json.dumps({"type": "hello", "protocol": 1}))
        for text in texts:
            key = str(uuid.uuid5(uuid.NAMESPACE_URL, text))
            frame = {"type": "send", "ref": key, "room": room, "client_id": key, "text": text}
            await socket.send(json.dumps(frame))
        while len(answers) < len(texts):
            answer = json.loads(await socket.recv())
            if answer["type"] in {"ack", "error"}:
                answers[answer["ref"]] = answer
    print(json.dumps([answers[str(uuid.uuid5(uuid.NAMESPACE_URL, text))] for text in texts]))

asyncio.run(main())
"""

LISTEN = """
import asyncio, json, sys
from websockets.asyncio.client import connect

async def main():
    port, token, room = sys.argv[1:4]
    headers = {"Authorization": f"Bearer {token}"}
    async with connect(f"ws://127.0.0.1:{port}/ws", additional_headers=headers, proxy=None) as socket:
        await socket.send(json.dumps({"type": "hello", "protocol": 1}))
        await socket.send(json.dumps({"type": "subscribe", "ref": "s", "room": room, "after": None}))
        async for text in socket:
            if json.loads(text)["type"] in {"subscribed", "presence"}:
                print(text, flush=True)

asyncio.run(main())
"""

TALKERS = Path(__file__).with_name("talkers.py")  # only the project's Python can run it


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat project with its database and Redis, as in production."""

    project: Project
    database: Database
    redis: Database
    python: Path
    keys: dict[str, str] = field(
        default_factory=lambda: {
            name: secrets.token_urlsafe(48) for name in ("SECRET_KEY", "JWT_SIGNING_KEY")
        }
    )

    @classmethod
    def of(cls, project: Project, database: Database, redis: Database) -> "Chat":
        """Return the chat of a project that is ready to run."""
        assert project.venv
        return cls(project, database, redis, executable(project.venv, "python"))

    def env(self, **extra: str) -> dict[str, str]:
        """Return the environment of its processes."""
        return self.project.env(
            APP_ENV="production",
            DATABASE_URL=self.database.url,
            REDIS_URL=self.redis.url,
            MEDIA_DIR=str(self.project.path.parent / "media"),
            PUBLIC_URL="https://localhost",
            EMAIL_URL="smtp://localhost:25",
            DEFAULT_FROM_EMAIL="app@example.com",
            MESSAGES_PER_SECOND="10000",  # nobody types as fast as these people
            FRAMES_PER_SECOND="10000",
            PYTHONUNBUFFERED="1",
            **(self.keys | extra),
        )

    def call(self, *words: str | Path) -> str:
        """Run the project's Python and return the last line of its output."""
        done = run([self.python, *words], self.project.path, self.env()).good()
        return done.out.strip().rpartition("\n")[2]

    @contextlib.contextmanager
    def program(self, *words: str | Path, **extra: str) -> Iterator[Running]:
        """Run the project's Python while the block lasts."""
        with running([self.python, *words], self.project.path, self.env(**extra)) as program:
            yield program

    def prepare(self, people: int, rooms: int, each: int) -> list[dict[str, Any]]:
        """Create tables, users and rooms. Return the token and the rooms of each user."""
        self.call("-m", "app", "setup")
        made: list[dict[str, Any]] = json.loads(self.call("-c", PREPARE, str(people), str(rooms), str(each)))
        return made

    @contextlib.contextmanager
    def serve(self) -> Iterator[tuple[Worker, int]]:
        """Run a server process with a fixed port while the block lasts."""
        port = free_port()
        with contextlib.ExitStack() as stack:
            worker = Worker(lambda: self.program("-m", "app", "serve", PORT=str(port)), stack)
            worker.start()
            yield worker, port

    @contextlib.contextmanager
    def talkers(self, world: dict[str, Any], messages: int, folder: Path) -> Iterator["Talkers"]:
        """Run clients that send this many messages in total."""
        file = folder / "talkers.json"
        file.write_text(json.dumps(world), encoding="utf-8")
        with self.program(TALKERS, file, str(messages)) as program:
            yield Talkers(program)

    def speak(
        self, port: int, token: str, room: str, texts: list[str], within: float
    ) -> list[dict[str, Any]]:
        """Send these messages over one socket at once, and return the reply to each."""
        words = (str(port), token, room, json.dumps(texts), str(within))
        answers: list[dict[str, Any]] = json.loads(self.call("-c", SPEAK, *words))
        return answers

    @contextlib.contextmanager
    def listener(self, port: int, token: str, room: str) -> Iterator["Ears"]:
        """Listen in a room while the block lasts."""
        with self.program("-c", LISTEN, str(port), token, room) as program:
            ears = Ears(program)
            until(lambda: ears.present, within=60, what=lambda: program.text[-3000:])
            yield ears

    def stored(self) -> dict[str, list[Any]]:
        """Return the events, the number of distinct texts and the expected history of each room."""
        stored: dict[str, list[Any]] = json.loads(self.call("-c", STORED))
        return stored


@dataclass(frozen=True, slots=True)
class Ears:
    """A listener in a room."""

    program: Running

    @property
    def present(self) -> set[str]:
        """The handles of the users present, as reported to this socket."""
        there: set[str] = set()
        for line in list(self.program.lines):
            frame = json.loads(line) if line.startswith("{") else {}
            if frame.get("type") == "subscribed":
                there = {one["handle"] for one in frame["present"]} | {"oneself"}
            elif frame:
                change = there.add if frame["online"] else there.discard
                change(frame["user"]["handle"])
        return there


@dataclass(frozen=True, slots=True)
class Talkers:
    """The running program of the clients."""

    program: Running

    @property
    def acknowledged(self) -> int:
        """The number of acknowledged messages."""
        words = [line.split() for line in self.program.lines[-3:]]
        return max((int(word[1]) for word in words if word[:1] == ["acknowledged"]), default=0)

    def reach(self, count: int, within: float) -> None:
        """Wait until this many messages are acknowledged or the program ends."""
        until(
            lambda: self.acknowledged >= count or self.program.process.poll() is not None,
            within=within,
            what=lambda: f"{count} messages, not {self.acknowledged}: {self.program.text[-3000:]}",
        )

    def done(self, within: float) -> dict[str, Any]:
        """Wait for the program to end, and return its report."""
        until(
            lambda: self.program.process.poll() is not None,
            within=within,
            what=lambda: self.program.text[-3000:],
        )
        assert self.program.process.returncode == 0, self.program.text[-3000:]

        def said() -> list[str]:
            return [line for line in self.program.lines if line.startswith("{")]

        (line,) = until(said, within=5, what="what the people saw")
        told: dict[str, Any] = json.loads(line)
        return told
