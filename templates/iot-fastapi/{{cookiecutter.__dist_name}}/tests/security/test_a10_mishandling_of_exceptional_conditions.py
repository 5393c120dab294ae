"""A10 Mishandling of Exceptional Conditions: a failure is told, logged and harmless."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx2
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from app import main
from app.accounts.models import ApiKey
from app.core.database import Database
from tests.conftest import AsRole, connected
from tests.test_core import NOWHERE

pytestmark = pytest.mark.milestone(8)


async def boom(*_: object, **__: object) -> None:
    """Fail as no one expects."""
    raise RuntimeError("the secret inside")


async def test_a_failure_of_ours_tells_nothing(
    client: httpx2.AsyncClient,
    as_role: AsRole,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The client gets an id, the log the traceback under the same id."""
    monkeypatch.setattr("app.accounts.routes.keyset", boom)
    answer = await client.get("/api/v1/users", headers=await as_role("admin"))
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["request_id"] in caplog.text
    assert "the secret inside" in caplog.text


async def test_what_fails_half_way_never_was(
    client: httpx2.AsyncClient,
    database: Database,
    as_role: AsRole,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A key that could not be shown was not made."""
    monkeypatch.setattr(
        "app.accounts.schemas.KeyAnswer.model_validate", lambda _: 1 / 0
    )
    body = {"name": "Robot", "scopes": ["read"]}
    answer = await client.post(
        "/api/v1/api-keys", json=body, headers=await as_role("admin")
    )
    assert answer.status_code == 500
    async with database.session(write=False) as session:
        assert (await session.scalars(sa.select(ApiKey))).all() == []


async def test_a_commit_that_fails_is_no_success(
    client: httpx2.AsyncClient, as_role: AsRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit comes before the answer: nothing is promised that is not kept."""

    async def fail(_session: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("disk full"))

    headers = await as_role("viewer")
    monkeypatch.setattr("sqlalchemy.ext.asyncio.AsyncSession.commit", fail)
    answer = await client.patch("/api/v1/me", json={"name": "N"}, headers=headers)
    assert (answer.status_code, "disk" in answer.text) == (503, False)


@pytest.mark.parametrize("url", [NOWHERE, "sqlite:////dev/null/none"])
async def test_a_database_that_is_away_is_503(
    make_app: Callable[..., FastAPI], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """In time, with when to come again, and without a word on where it is."""
    monkeypatch.setattr("pathlib.Path.mkdir", lambda *_, **__: None)
    form = {"username": "ann@example.com", "password": "x"}
    async with connected(make_app(database_url=url)) as client:
        answer = await client.post("/api/v1/auth/token", data=form)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    for word in ("127.0.0.1", "null", "sqlite", "nobody"):
        assert word not in answer.text


async def test_a_service_that_fails_is_logged_and_started_again(
    app: FastAPI, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that runs beside the server ends without a word, or for good."""
    monkeypatch.setattr(main, "RESTART_SECONDS", 0)
    starts, again = 0, asyncio.Event()

    async def fails() -> None:
        nonlocal starts
        starts += 1
        if starts == 3:
            again.set()
            await asyncio.Event().wait()
        if starts == 1:
            await boom()

    async with main.running(fails), asyncio.timeout(10):
        await again.wait()
    assert "the secret inside" in caplog.text
    assert "service ended" in caplog.text
