"""Visitors and API clients under load: `uv run --group load locust -f load/locustfile.py`.

Start the site first (`uv run poe dev`), then open locust's page and give it the address
http://127.0.0.1:8000. Numbers of a development server say little: use the stack.
"""

import random
import re

from locust import HttpUser, between, task

WORDS = ("django", "python", "test", "first", "markdown")
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
            self.client.get(random.choice(self.posts), name="/posts/[slug]/")  # noqa: S311

    @task(1)
    def search(self) -> None:
        """Look for a word."""
        word = random.choice(WORDS)  # noqa: S311
        self.client.get("/search/", params={"q": word}, name="/search/")

    @task(1)
    def feed(self) -> None:
        """Ask for the feed, as feed readers do all day."""
        self.client.get("/feeds/rss.xml")


class ApiClient(HttpUser):
    """A program that lists posts and opens the first."""

    weight = 1
    wait_time = between(1, 3)

    @task
    def posts(self) -> None:
        """Go from the list to one post."""
        found = self.client.get("/api/v1/posts").json()["results"]
        if found:
            slug = found[0]["slug"]
            self.client.get(f"/api/v1/posts/{slug}", name="/api/v1/posts/[slug]")
