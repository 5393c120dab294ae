"""A09 Security Logging and Alerting Failures: the log has events, not secrets."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from shop.core.logs import formatter
from tests.buying import API, Buyer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

pytestmark = pytest.mark.milestone(8)


@pytest.fixture
def lines(app: Flask) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return what gives the lines that production would have written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    made = formatter(production=True)
    handler.setFormatter(made.pop("()")(**made))
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


def test_failures_of_security_are_logged(
    app: Flask, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """A failed login, a refusal and a forged webhook, each with the request's id."""
    body = {"email": "eve@example.com", "password": "hunter2-hunter2"}
    failed = app.test_client().post(f"{API}/auth/login", json=body)
    someone = Buyer(app)
    someone.client.get(f"{API}/users", headers=someone.headers)
    forged = someone.tell({}, secret="another")
    found = {line["event"]: line for line in lines()}
    assert found["login failed"]["request_id"] == failed.headers["X-Request-ID"]
    assert found["webhook refused"]["request_id"] == forged.headers["X-Request-ID"]
    assert found["permission refused"]["user_id"] == str(someone.id)


def test_no_secret_is_logged(
    app: Flask, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """Not a password, not a token, whatever is logged with them."""
    someone = Buyer(app)
    token = someone.headers["Authorization"].partition(" ")[2]
    body = {"email": "eve@example.com", "password": "hunter2-hunter2"}
    someone.client.post(f"{API}/auth/login", json=body, headers=someone.headers)
    logging.getLogger("tests").warning("Authorization: Bearer %s", token)
    logging.getLogger("tests").warning("password=hunter2-hunter2")
    written = json.dumps(lines())
    assert token not in written
    assert "hunter2" not in written
    assert "[hidden]" in written


def test_every_request_has_its_line(
    app: Flask, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """What was asked, how it was answered, how long it took; never the query."""
    app.test_client().get(f"{API}/products?q=private")
    line = next(line for line in lines() if line["event"] == "served")
    assert (line["path"], line["status"]) == (f"{API}/products", 200)
    assert "private" not in json.dumps(line)
