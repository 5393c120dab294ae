"""People on sockets, programs at the API and readers of pages, under load.

Start the chat (`uv run poe dev`), then `uv run --group load locust -f load`, and give
its page the address http://127.0.0.1:8000. A limit that answers 429 does its job: that
is no failure. Numbers of a development server say little; use the stack.
"""

import itertools
import json
import random
import re
import time
import uuid
from queue import Empty, Queue
from threading import Lock, Thread
from typing import Any, ClassVar

from locust import HttpUser, between, task
from locust.clients import ResponseContextManager
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

API = "/api/v1"
WORDS = ("hello", "lunch", "release", "question", "thanks")
SECONDS = 10
TOO_MANY = 429
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
ROOM = re.compile(r'href="(/rooms/[^"/?]+)"')
# Those who share an account share a login.
LOGIN = Lock()
PEOPLE = itertools.cycle(
    [
        {"username": "ada@example.com", "password": "first-of-the-programmers"},
        {"username": "ben@example.com", "password": "likes-to-be-mentioned"},
        {"username": "cleo@example.com", "password": "never-without-an-emoji"},
    ]
)


class Person(HttpUser):
    """Somebody of the demo, in one of many places, with a token and some rooms."""

    abstract = True
    tokens: ClassVar[dict[str, str]] = {}

    def on_start(self) -> None:
        """Have a token, which lasts a quarter of an hour, and know one's rooms."""
        login = next(PEOPLE)
        with LOGIN:
            if login["username"] not in self.tokens:
                answer = self.client.post(
                    f"{API}/auth/token", data=login, name="/auth/token"
                )
                self.tokens[login["username"]] = answer.json()["access_token"]
        token = self.tokens[login["username"]]
        self.client.headers["Authorization"] = f"Bearer {token}"
        mine = self.client.get(f"{API}/rooms", name="/rooms")
        self.rooms = [one["id"] for one in mine.json()["items"]]

    def message(self) -> dict[str, str]:
        """Return what is said next, with an id of one's own making."""
        return {"client_id": str(uuid.uuid4()), "text": random.choice(WORDS)}  # noqa: S311


class Talker(Person):
    """Somebody whose page is open: hears everything, says something now and then."""

    weight = 6
    wait_time = between(2, 8)

    def on_start(self) -> None:
        """Open a socket, and listen in every room."""
        super().on_start()
        self.open()

    def on_stop(self) -> None:
        """Go away."""
        self.socket.close()

    def open(self) -> None:
        """Open a socket as programs do, with the token in a header."""
        address = str(self.host).rstrip("/").replace("http", "ws", 1)
        token = str(self.client.headers["Authorization"])
        self.answers: Queue[dict[str, Any]] = Queue()
        self.socket = connect(
            f"{address}/ws", additional_headers={"Authorization": token}, proxy=None
        )
        Thread(target=self.listen, daemon=True).start()
        self.ask("hello", protocol=1)
        for room in self.rooms:
            self.ask("subscribe", room=room)

    def listen(self) -> None:
        """Read all that comes, so that the server has nobody to wait for."""
        for text in self.socket:
            frame = json.loads(text)
            if "ref" in frame:
                self.answers.put(frame)

    @task
    def talk(self) -> None:
        """Say something; come back first if the server has sent us away."""
        if self.socket.close_code is not None:
            self.open()
        self.ask("send", room=random.choice(self.rooms), **self.message())  # noqa: S311

    def ask(self, kind: str, **fields: Any) -> None:
        """Send a frame, and tell locust how long its answer takes."""
        failure: Exception | None = None
        started = time.perf_counter()
        try:
            self.socket.send(json.dumps({"type": kind, "ref": kind, **fields}))
            answer = self.answers.get(timeout=SECONDS)
            if answer["type"] == "error" and answer["code"] != "rate":
                failure = ValueError(answer["detail"])
        except (ConnectionClosed, Empty) as error:
            failure = error
        self.environment.events.request.fire(
            request_type="WS",
            name=kind,
            response_time=(time.perf_counter() - started) * 1000,
            response_length=0,
            exception=failure,
            context=self.context(),
        )


class Program(Person):
    """A program that needs no socket: reads, looks for words, and writes."""

    weight = 2
    wait_time = between(1, 5)

    @task(5)
    def read(self) -> None:
        """Read a room's newest messages."""
        self.client.get(self.path(), name="/rooms/[id]/messages")

    @task(2)
    def write(self) -> None:
        """Say something."""
        name = "/rooms/[id]/messages"
        with self.client.post(
            self.path(), json=self.message(), name=name, catch_response=True
        ) as answer:
            accepted(answer)

    @task(1)
    def search(self) -> None:
        """Look for a word."""
        words = {"q": random.choice(WORDS)}  # noqa: S311
        self.client.get(f"{API}/search", params=words, name="/search")

    def path(self) -> str:
        """Return where the messages of one of the rooms are."""
        return f"{API}/rooms/{random.choice(self.rooms)}/messages"  # noqa: S311


class Reader(HttpUser):
    """Somebody who reads the pages, and whose browser runs no script."""

    weight = 1
    wait_time = between(2, 10)
    cookies: ClassVar[dict[str, str]] = {}

    def on_start(self) -> None:
        """Log in as people do, with the form and its token."""
        with LOGIN:
            if not self.cookies:
                self.log_in()
        self.client.cookies.update(self.cookies)
        self.rooms = ROOM.findall(self.client.get("/").text or "")

    def log_in(self) -> None:
        """Fill the form in, and keep the cookie for all readers."""
        form = TOKEN.search(self.client.get("/login").text or "")
        data = {
            "csrf_token": form[1] if form else "",
            "email": "ada@example.com",
            "password": "first-of-the-programmers",
        }
        with self.client.post("/login", data=data, catch_response=True) as answer:
            if accepted(answer):
                self.cookies.update(self.client.cookies.get_dict())

    @task
    def look(self) -> None:
        """Look into one of the rooms."""
        if self.rooms:
            self.client.get(random.choice(self.rooms), name="/rooms/[slug]")  # noqa: S311


def accepted(answer: ResponseContextManager) -> bool:
    """Whether there is something to read; 429 counts as a success without it."""
    if answer.status_code == TOO_MANY:
        answer.success()
    return answer.ok
