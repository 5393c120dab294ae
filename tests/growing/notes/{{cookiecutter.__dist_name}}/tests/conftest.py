"""What the tests share: a database of their own, and a client."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app import database, server
from app.http import Request, Response

Get = Callable[..., Response]
Post = Callable[..., Response]


@pytest.fixture(autouse=True)
def _own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test an empty database."""
    monkeypatch.setenv("DATABASE", str(tmp_path / "test.sqlite3"))
    database.migrate()


@pytest.fixture
def get() -> Get:
    """Return a function that asks for a page: `get("/search", q="word")`."""

    def ask(path: str, **query: str) -> Response:
        return server.respond(Request("GET", path, query=query))

    return ask


@pytest.fixture
def post() -> Post:
    """Return a function that sends a form: `post("/notes", title="Milk")`."""

    def send(path: str, **form: str) -> Response:
        return server.respond(Request("POST", path, form=form))

    return send
