"""Readers and talkers under load.

Start the chat (`uv run poe dev`), then `uv run --group load locust -f load`, and give
its page the address http://127.0.0.1:8000. A limit that answers 429 does its job: that
is no failure. Numbers of a development server say little; use the stack.
"""  # noqa: INP001 (a script, not a package)

import random
import uuid

from locust import HttpUser, between, task
from locust.clients import ResponseContextManager

API = "/api/v1"
WORDS = ("hello", "lunch", "release", "question", "thanks")
TOO_MANY = 429


class Person(HttpUser):
    """Ada of the demo, in one of many windows: reads, looks for words, and writes."""

    wait_time = between(1, 5)

    def on_start(self) -> None:
        """Log in once; the token lasts a quarter of an hour."""
        login = {"username": "ada@example.com", "password": "first-of-the-programmers"}
        with self.client.post(
            f"{API}/auth/token", data=login, name="/auth/token", catch_response=True
        ) as answer:
            token = answer.json()["access_token"] if accepted(answer) else ""
        self.client.headers["Authorization"] = f"Bearer {token}"
        with self.client.get(
            f"{API}/rooms", name="/rooms", catch_response=True
        ) as answer:
            found = answer.json()["items"] if accepted(answer) else []
        self.rooms = [one["id"] for one in found]

    @task(5)
    def read(self) -> None:
        """Read a room's newest messages."""
        if self.rooms:
            room = random.choice(self.rooms)  # noqa: S311
            path = f"{API}/rooms/{room}/messages"
            with self.client.get(
                path, name="/rooms/[id]/messages", catch_response=True
            ) as answer:
                accepted(answer)

    @task(3)
    def write(self) -> None:
        """Say something, with an id of one's own making."""
        if self.rooms:
            room = random.choice(self.rooms)  # noqa: S311
            said = {"client_id": str(uuid.uuid4()), "text": random.choice(WORDS)}  # noqa: S311
            with self.client.post(
                f"{API}/rooms/{room}/messages",
                json=said,
                name="/rooms/[id]/messages",
                catch_response=True,
            ) as answer:
                accepted(answer)

    @task(1)
    def search(self) -> None:
        """Look for a word."""
        words = {"q": random.choice(WORDS)}  # noqa: S311
        with self.client.get(
            f"{API}/search", params=words, name="/search", catch_response=True
        ) as answer:
            accepted(answer)


def accepted(answer: ResponseContextManager) -> bool:
    """Whether there is something to read; 429 counts as a success without it."""
    if answer.status_code == TOO_MANY:
        answer.success()
    return answer.ok
