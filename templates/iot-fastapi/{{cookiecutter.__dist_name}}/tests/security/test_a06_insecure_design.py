"""OWASP A06:2025, insecure design: limits that were planned, each of them tried.

Whoever asks too often, for too much or for too long is refused, whoever they are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from app.commands import services as commands
from app.commands.models import Command
from app.core.database import Database, utcnow
from app.core.pagination import MAX_LIMIT
from app.dashboard.live import MOST_STREAMS
from app.devices.credentials import hash_of, may_connect
from app.devices.models import DeviceCredential
from app.ingest.queue import BatchQueue
from app.mqtt.messages import MAX_READINGS, READINGS
from tests.conftest import AsRole, connected
from tests.pages import Open, opened, pump

pytestmark = pytest.mark.milestone(8)
__all__ = ["opened"]
V1 = "/api/v1"


async def test_passwords_are_not_tried_one_after_another(
    client: httpx2.AsyncClient, one_window: None
) -> None:
    """The sixth within a minute is refused, and told when to come again."""
    page = await client.get("/login")
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "email": "a@example.com", "password": "guess"}
    found = [await client.post("/login", data=form) for _ in range(6)]
    assert [one.status_code for one in found][-1] == 429
    assert int(found[-1].headers["Retry-After"]) > 0
    assert "Too often" in found[-1].text


@pytest.mark.parametrize(
    "path", ["/", "/alerts", "/sites", f"{V1}/devices", f"{V1}/alerts", f"{V1}/sites"]
)
async def test_a_page_has_an_end(
    client: httpx2.AsyncClient, as_role: AsRole, path: str
) -> None:
    """Nobody gets everything at once."""
    params = {"limit": MAX_LIMIT + 1}
    answer = await client.get(path, params=params, headers=await as_role("admin"))
    assert answer.status_code == 422


async def test_a_chart_has_only_the_ranges_that_there_are(
    opened: Open, database: Database
) -> None:
    """Ten years are no choice."""
    device = await pump(database)
    viewer = await opened("viewer")
    assert (await viewer.get(f"/devices/{device}?range=10y")).status_code == 422


async def test_a_range_has_an_end(
    client: httpx2.AsyncClient, as_role: AsRole, database: Database
) -> None:
    """Neither a thousand years nor a million points."""
    device = await pump(database)
    headers = await as_role("viewer")
    for params in (
        {"metric": "a", "start": "1980-01-01T00:00:00Z", "end": "2200-01-01T00:00:00Z"},
        {"metric": "a", "points": "1000000"},
    ):
        path = f"{V1}/devices/{device}/readings"
        answer = await client.get(path, params=params, headers=headers)
        assert answer.status_code == 422


async def test_a_body_has_an_end(make_app: Callable[..., FastAPI]) -> None:
    """More than the limit is refused unread."""
    async with connected(make_app(max_body_bytes=100)) as client:
        answer = await client.post("/login", content=b"a" * 101)
        assert answer.status_code == 413


def test_a_message_has_so_many_readings_at_most() -> None:
    """One more is refused as a whole."""
    one = {"metric": "a", "unit": "", "time": "2026-01-01T00:00:00Z", "value": 1.0}
    READINGS.validate_json(json.dumps([one] * MAX_READINGS))
    with pytest.raises(ValidationError):
        READINGS.validate_json(json.dumps([one] * (MAX_READINGS + 1)))


def test_what_waits_to_be_stored_is_bounded() -> None:
    """A full queue asks for no more: the broker keeps what is not acknowledged."""
    queue = BatchQueue[int](3)
    assert [queue.offer(number) for number in range(3)] == [True, True, False]
    assert not queue.roomy


async def test_one_person_has_so_many_streams(app: FastAPI, opened: Open) -> None:
    """Another page that is open is refused one, and told so."""
    viewer = await opened("viewer")
    app.state.streams = Counter({viewer.user.id: MOST_STREAMS})
    answer = await viewer.get("/live")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"]


async def test_a_command_that_nobody_answers_expires(database: Database) -> None:
    """It is given up on, and never done late."""
    device = await pump(database)
    async with database.begin() as session:
        over = utcnow() - timedelta(seconds=1)
        session.add(
            command := Command(
                device_id=device, name="go", arguments={}, expires_at=over
            )
        )
    await commands.expire(database)
    async with database.session(write=False) as session:
        found = await session.get(Command, command.id)
    assert found
    assert found.status == "expired"


@pytest.mark.parametrize("seconds", ["0", "86401"])
async def test_a_command_is_not_asked_for_for_ever(
    opened: Open, database: Database, seconds: str
) -> None:
    """A day at most."""
    device = await pump(database)
    operator = await opened("operator")
    answer = await operator.post(
        f"/devices/{device}/commands", name="go", arguments="{}", expires_in=seconds
    )
    assert "expires in: " in await operator.say(answer)


async def test_a_credential_ends_when_it_says(database: Database) -> None:
    """From that moment on the broker lets nobody in with it."""
    device = await pump(database)
    async with database.begin() as session:
        soon = utcnow() + timedelta(minutes=1)
        credential = DeviceCredential(
            device_id=device, hash=hash_of("secret"), expires_at=soon
        )
        session.add(credential)
    assert await may_connect(database, device, "secret")
    async with database.begin() as session:
        session.add(credential)
        credential.expires_at = utcnow()
    assert not await may_connect(database, device, "secret")


async def test_a_refused_form_leaves_nothing_behind(
    opened: Open, database: Database
) -> None:
    """What was written before the refusal is rolled back: no device without a site."""
    admin = await opened("admin")
    no_site = "00000000-0000-7000-8000-000000000000"
    answer = await admin.post("/devices", id="valve", name="Valve", site=no_site)
    assert "site id: " in (await admin.say(answer)).replace("_", " ")
    assert (await admin.get("/devices/valve")).status_code == 404
