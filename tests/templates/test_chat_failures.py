"""One thing that fails in the chat takes no other with it: a message, pictures, the database, Redis."""

import contextlib
import json
import re
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from .harness import servers
from .harness.chat import Chat
from .harness.devserver import dev
from .harness.projects import Project
from .harness.servers import Database
from .harness.tools import Needs
from .harness.waiting import answers, until
from .harness.web import Answer, Browser

OK, CREATED = 200, 201
PATIENCE = 90
# What markdown-it's search for bare links fails on, as one of its versions does.
POISON = "ww.xn--0[http://~://"
# One session after the other has to wait so long for a lock, and no longer.
IMPATIENT = """
import asyncio, sys, asyncpg
async def main():
    connection = await asyncpg.connect(sys.argv[1])
    await connection.execute("ALTER DATABASE postgres SET lock_timeout = '1s'")
    await connection.close()
asyncio.run(main())
"""
LOCK = """
import asyncio, sys, asyncpg
async def main():
    connection = await asyncpg.connect(sys.argv[1])
    async with connection.transaction():
        await connection.execute("LOCK TABLE rooms IN ROW EXCLUSIVE MODE; SELECT id FROM rooms FOR UPDATE")
        print("locked", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


@dataclass(frozen=True, slots=True)
class World:
    """A chat of two processes, some people and the room in which they are."""

    chat: Chat
    ports: tuple[int, int]
    tokens: list[str]
    room: str

    def browser(self) -> Browser:
        """Return a browser at the first process."""
        return Browser(f"http://127.0.0.1:{self.ports[0]}/")

    def api(self, who: int, path: str, value: object = None) -> Answer:
        """Ask the API as one of them."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}", "Content-Type": "application/json"}
        data = None if value is None else json.dumps(value).encode()
        return self.browser().open(f"/api/v1{path}", data, headers)

    def speak(self, who: int, texts: list[str]) -> list[dict[str, Any]]:
        """Send these messages at once; return the answers."""
        return self.chat.speak(self.ports[0], self.tokens[who], self.room, texts, PATIENCE)

    def messages(self) -> list[dict[str, Any]]:
        """Return the newest messages of the room, as the first of them reads them."""
        page = self.api(0, f"/rooms/{self.room}/messages?limit=100").json()
        assert isinstance(page, dict)
        items: list[dict[str, Any]] = page["items"]
        return items


@pytest.fixture(scope="module")
def world(project: Callable[..., Project], need: Needs) -> Iterator[World]:
    """The chat on a PostgreSQL and a Redis of its own."""
    made = project(template="chat-websockets")
    with (
        servers.postgresql(need("postgresql")) as database,
        servers.redis(need("redis")) as redis,
    ):
        chat = Chat.of(made, database, redis)
        people = chat.prepare(4, 1, 1)
        chat.call("-c", IMPATIENT, database.url)
        with chat.serve() as (one, first), chat.serve() as (two, second):
            until(
                lambda: answers(first) and answers(second),
                within=60,
                what=lambda: one.text[-3000:] + two.text[-3000:],
            )
            (room,) = people[0]["rooms"]
            yield World(chat, (first, second), [one["token"] for one in people], room)


def test_message_that_breaks_markdown_is_stored_as_typed(world: World) -> None:
    """It is a message like any other, over the socket and over HTTP, and those beside it are not held up."""
    texts = ["Good morning", POISON, "Is there *tea*?", f"Look: {POISON}", "Bye"]
    assert [one["type"] for one in world.speak(1, texts)] == ["ack"] * len(texts)
    given = {"client_id": "0195cbb4-9a1e-7f7c-8d3e-000000000001", "text": POISON}
    assert world.api(2, f"/rooms/{world.room}/messages", given).status == CREATED
    said = {one["text"]: one["html"] for one in world.messages()}
    assert set(said) >= set(texts)
    assert said[POISON] == f"<p>{POISON}</p>\n"
    assert said["Is there *tea*?"] == "<p>Is there <em>tea</em>?</p>\n"


def test_database_that_fails_is_asked_once_for_all_that_wait(world: World) -> None:
    """Everybody who waits is told at once to send again, and what they send again is there once."""
    texts = [f"In vain {number}" for number in range(60)]
    log = world.chat.database.log

    def tries() -> int:
        return log.read_text(errors="replace").count("FOR NO KEY UPDATE")

    before = tries()
    with world.chat.program("-c", LOCK, world.chat.database.url) as lock:
        lock.says("locked")
        refused = world.speak(1, texts)
    assert {(one["type"], one.get("code"), one.get("retry_after")) for one in refused} == {
        ("error", "unavailable", 1.0)
    }
    assert 0 < tries() - before <= 3  # the first few, then all the others
    assert {one["type"] for one in world.speak(1, texts)} == {"ack"}
    said = [one["text"] for one in world.messages() if one["text"] in texts]
    assert said == texts


def pause(redis: Database, milliseconds: int) -> None:
    """Have Redis answer nobody for a while."""
    parts = urlsplit(redis.url)
    assert parts.port
    with socket.create_connection(("127.0.0.1", parts.port), timeout=30) as opened:
        opened.sendall(f"AUTH {parts.password}\r\nCLIENT PAUSE {milliseconds} ALL\r\n".encode())
        said = b""
        while said.count(b"+OK") < 2:
            more = opened.recv(100)
            assert more, said
            said += more


def test_presence_is_right_after_a_pause_of_redis(world: World) -> None:
    """Who left and who came while Redis paused is known on the other process soon after."""
    first, second = world.ports
    with world.chat.listener(second, world.tokens[0], world.room) as ears:
        with world.chat.listener(first, world.tokens[1], world.room):
            until(lambda: ears.present >= {"p0001"}, within=PATIENCE, what=lambda: str(ears.present))
        # Somebody counts as gone after four seconds, a command as lost after two more.
        pause(world.chat.redis, 6600)
        with world.chat.listener(first, world.tokens[2], world.room):
            until(
                lambda: ears.present == {"oneself", "p0000", "p0002"},
                within=40,
                what=lambda: f"p0002 instead of p0001, not {ears.present}",
            )


def large_picture() -> bytes:
    """Return a picture of one colour: few bytes, and twenty million pixels to draw."""
    width, height = 5000, 3999

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\0" + b"\3\4\5" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_many_large_pictures_keep_nobody_from_reading(world: World) -> None:
    """While forty are drawn one after the other, somebody else reads and writes."""
    mark, content = "a-boundary-of-forms", large_picture()
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
    begun = threading.Barrier(41)

    def upload(who: int) -> int:
        headers = {
            "Authorization": f"Bearer {world.tokens[who]}",
            "Content-Type": f"multipart/form-data; boundary={mark}",
        }
        begun.wait(30)
        with contextlib.closing(HTTPConnection("127.0.0.1", world.ports[0], timeout=PATIENCE)) as opened:
            opened.request("POST", f"/api/v1/rooms/{world.room}/images", body, headers)
            return opened.getresponse().status

    with ThreadPoolExecutor(40) as pool:
        uploads = [pool.submit(upload, who) for who in (1, 2) for _ in range(20)]
        begun.wait(30)
        wait(uploads, 60, FIRST_COMPLETED)
        read = world.api(3, f"/rooms/{world.room}").status
        given = {"client_id": "0195cbb4-9a1e-7f7c-8d3e-000000000002", "text": "Nice pictures"}
        wrote = world.api(3, f"/rooms/{world.room}/messages", given).status
    assert (read, wrote) == (OK, CREATED)
    assert {one.result() for one in uploads} == {CREATED}


def test_bot_answers_after_a_restart_of_the_database(project: Callable[..., Project], need: Needs) -> None:
    """The bot of the demo outlives an error of the database, and answers what is said after it."""
    chat = project(template="chat-websockets")
    with (
        servers.postgresql(need("postgresql")) as database,
        dev(chat, DATABASE_URL=database.url) as server,
    ):
        email, password = server.account("ada")
        browser = server.browser()
        login = browser.open("/api/v1/auth/token", f"username={email}&password={password}".encode()).json()
        assert isinstance(login, dict)
        headers = {"Authorization": f"Bearer {login['access_token']}"}
        rooms = json.loads(browser.open("/api/v1/rooms", headers=headers).body)
        room = f"/api/v1/rooms/{rooms['items'][0]['id']}/messages"
        database.server.stop()
        trouble = re.compile("database away|service failed")
        until(lambda: trouble.search(server.program.text), within=60, what="trouble in the log")
        database.server.start()
        given = {"client_id": "0195cbb4-9a1e-7f7c-8d3e-000000000003", "text": "dice"}

        def wrote() -> bool:
            return browser.post_json(room, given, **headers).status == CREATED

        until(wrote, within=60, what=lambda: server.program.text[-3000:])

        def answered() -> bool:
            return "🎲" in browser.open(room, headers=headers).text

        until(answered, within=30, what=lambda: server.program.text[-3000:])
