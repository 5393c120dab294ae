"""A09 Security Logging and Alerting Failures: the log has events, not secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from app.core.logs import formatter
from tests.conftest import AsRole

pytestmark = pytest.mark.milestone(8)
type Lines = Callable[[], list[dict[str, Any]]]
WRONG = {"username": "eve@example.com", "password": "hunter2-hunter2"}


@pytest.fixture
def lines(app: FastAPI) -> Iterator[Lines]:
    """Return what gives the lines that production would have written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter(production=True))
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


async def test_failures_of_security_are_logged(
    client: httpx2.AsyncClient, as_role: AsRole, lines: Lines
) -> None:
    """A failed login, refusals and a bad link, each with the request's id."""
    failed = await client.post("/api/v1/auth/token", data=WRONG)
    headers = await as_role("person")
    me = (await client.get("/api/v1/me", headers=headers)).json()
    await client.get("/api/v1/reports", headers=headers)
    await client.post("/api/v1/auth/verify", json={"token": "hunter2-hunter2"})
    found = {line["event"]: line for line in lines()}
    assert found["login failed"]["request_id"] == failed.headers["X-Request-ID"]
    assert found["permission refused"]["user_id"] == me["id"]
    assert found["confirmation refused"]["path"] == "/api/v1/auth/verify"


async def test_no_secret_is_logged(
    client: httpx2.AsyncClient, as_role: AsRole, lines: Lines
) -> None:
    """Not a password, a token or a link, whatever is logged with them."""
    headers = await as_role("person")
    token = headers["Authorization"].partition(" ")[2]
    await client.post("/api/v1/auth/token", data=WRONG, headers=headers)
    await client.post("/api/v1/auth/verify", json={"token": "hunter2-hunter2"})
    ticket = (await client.post("/api/v1/tickets", headers=headers)).json()["ticket"]
    log = logging.getLogger("tests")
    log.warning("Authorization: Bearer %s", token)
    log.warning("password=hunter2-hunter2")
    log.warning("cannot reach redis://:hunter2@redis:6379/0")
    log.warning("form", extra={"password": "hunter2"})
    written = json.dumps(lines())
    assert token not in written
    assert ticket not in written
    assert "hunter2" not in written
    assert "[hidden]" in written


async def test_every_request_has_its_line(
    client: httpx2.AsyncClient, lines: Lines
) -> None:
    """What was asked, how it was answered, how long it took; never the query."""
    await client.get("/api/v1/me?q=private")
    line = next(line for line in lines() if line["event"] == "served")
    assert (line["path"], line["status"]) == ("/api/v1/me", 401)
    assert line["milliseconds"] >= 0
    assert "private" not in json.dumps(line)


async def test_a_line_belongs_to_its_request(
    client: httpx2.AsyncClient, as_role: AsRole, lines: Lines
) -> None:
    """Who was logged in before is not who comes next."""
    await client.get("/api/v1/me", headers=await as_role("person"))
    await client.get("/api/v1/me")
    first, second = [line for line in lines() if line["event"] == "served"]
    assert first["user_id"]
    assert "user_id" not in second
