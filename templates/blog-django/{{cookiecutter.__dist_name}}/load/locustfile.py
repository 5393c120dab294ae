"""Visitors and API clients under load.

Start the site (`uv run poe dev`), then `uv run --group load locust -f load`, and give
its page the address http://127.0.0.1:8000. A limit that answers 429 does its job: it
is no failure. Numbers of a development server say little; use the stack.
"""

import random
import re

from locust import HttpUser, between, task
from locust.clients import ResponseContextManager

WORDS = ("django", "python", "test", "first", "markdown")
TOO_MANY = 429
POST = re.compile(r'href="(/posts/[^"/]+/)"')


class Reader(HttpUser):
    """Somebody who looks around, reads, and searches now and then."""

    weight = 9
    wait_time = between(1, 5)

    def on_start(self) -> None:
        """Find posts on the home page, as a visitor does."""
        with self.client.get("/", catch_response=True) as page:
            self.posts = sorted(set(POST.findall(page.text or "")))

    @task(3)
    def home(self) -> None:
        """Look at the newest posts."""
        self.client.get("/")

    @task(6)
    def post(self) -> None:
        """Read one of them."""
        if self.posts:
            self.client.get(random.choice(self.posts), name="/posts/[slug]/")

    @task(1)
    def search(self) -> None:
        """Look for a word."""
        word = random.choice(WORDS)
        self.client.get("/search/", params={"q": word}, name="/search/")

    @task(1)
    def feed(self) -> None:
        """Ask for the feed, as feed readers do all day."""
        self.client.get("/feeds/rss.xml")


class ApiUser(HttpUser):
    """A program that reads, and logs in as a demo reader to comment."""

    weight = 1
    wait_time = between(1, 3)

    def on_start(self) -> None:
        """Log in once; the token lasts a quarter of an hour."""
        login = {"email": "reader@example.com", "password": "demo-reader-2026"}
        answer = self.client.post("/api/v1/auth/token", json=login)
        token = answer.json().get("access", "")
        self.client.headers["Authorization"] = f"Bearer {token}"
        self.slugs: list[str] = []

    @task(5)
    def posts(self) -> None:
        """Go from the list to one post."""
        with self.client.get("/api/v1/posts", catch_response=True) as answer:
            if accepted(answer):
                self.slugs = [post["slug"] for post in answer.json()["results"]]
        if self.slugs:
            address = f"/api/v1/posts/{random.choice(self.slugs)}"
            name = "/api/v1/posts/[slug]"
            with self.client.get(address, name=name, catch_response=True) as answer:
                accepted(answer)

    @task(1)
    def comment(self) -> None:
        """Comment on a post, and take it back."""
        if not self.slugs:
            return
        address = f"/api/v1/posts/{self.slugs[0]}/comments"
        name, body = "/api/v1/posts/[slug]/comments", {"body": "I agree."}
        with self.client.post(
            address, json=body, name=name, catch_response=True
        ) as answer:
            written = accepted(answer)
        if written:
            address = f"/api/v1/comments/{answer.json()['id']}"
            self.client.delete(address, name="/api/v1/comments/[id]")


def accepted(answer: ResponseContextManager) -> bool:
    """Whether there is something to read; 429 counts as a success without it."""
    if answer.status_code == TOO_MANY:
        answer.success()
    return answer.ok
