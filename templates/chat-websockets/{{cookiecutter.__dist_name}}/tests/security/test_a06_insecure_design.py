"""OWASP A06:2025, insecure design: limits that were planned, each of them tried.

Whoever asks too often or for too much is refused, whoever they are. Those of a socket
are in tests/test_live_doors.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

import httpx2
import pytest
from fastapi import FastAPI

from app.core.database import Database
from app.core.pagination import MAX_LIMIT
from app.settings import Settings
from tests.conftest import AsRole, connected
from tests.factories import log_in, make_room, make_user
from tests.security.access import picture

pytestmark = [pytest.mark.milestone(8), pytest.mark.usefixtures("one_window")]
V1 = "/api/v1"


async def test_passwords_are_not_tried_one_after_another(
    client: httpx2.AsyncClient,
) -> None:
    """The sixth within a minute is refused, and told when to come again."""
    page = await client.get("/login")
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "email": "a@example.com", "password": "guess"}
    found = [await client.post("/login", data=form) for _ in range(6)]
    assert [one.status_code for one in found][-1] == 429
    assert int(found[-1].headers["Retry-After"]) > 0
    assert "Too often" in found[-1].text


@pytest.mark.parametrize("name", ["rooms", "me/sessions", "me/blocks", "reports"])
async def test_a_page_has_an_end(
    client: httpx2.AsyncClient, as_role: AsRole, name: str
) -> None:
    """Nobody gets everything at once."""
    params = {"limit": MAX_LIMIT + 1}
    headers = await as_role("admin")
    answer = await client.get(f"{V1}/{name}", params=params, headers=headers)
    assert answer.status_code == 422


@pytest.fixture
async def room(database: Database, settings: Settings) -> tuple[str, dict[str, str]]:
    """Return the path of somebody's room, and their headers."""
    user = await make_user(database)
    made = await make_room(database, user)
    return f"{V1}/rooms/{made.id}", await log_in(database, settings, user)


async def test_a_history_has_an_end(
    client: httpx2.AsyncClient, room: tuple[str, dict[str, str]]
) -> None:
    """A hundred messages at a time."""
    path, headers = room
    found = [
        (await client.get(f"{path}/messages?limit={limit}", headers=headers))
        for limit in (100, 101)
    ]
    assert [one.status_code for one in found] == [200, 422]


async def test_a_message_has_an_end(
    client: httpx2.AsyncClient, room: tuple[str, dict[str, str]]
) -> None:
    """It has 4,000 characters at most."""
    path, headers = room
    for length, status in ((4000, 201), (4001, 422)):
        body = {"client_id": str(uuid.uuid4()), "text": "x" * length}
        answer = await client.post(f"{path}/messages", json=body, headers=headers)
        assert answer.status_code == status


async def test_a_picture_has_an_end(
    make_app: Callable[..., FastAPI], room: tuple[str, dict[str, str]]
) -> None:
    """In bytes, and in pixels, of which few bytes may make many."""
    path, headers = room
    for limits, status in (
        ({}, 201),
        ({"max_image_bytes": 10}, 413),
        ({"max_image_pixels": 3}, 422),
    ):
        async with connected(make_app(**limits)) as client:
            files = {"file": picture()}
            answer = await client.post(f"{path}/images", files=files, headers=headers)
            assert answer.status_code == status


@pytest.mark.parametrize("content", [b"GIF89a", b"<svg/>", b"\x89PNG\r\n\x1a\n"])
async def test_what_is_no_picture_is_refused(
    client: httpx2.AsyncClient, room: tuple[str, dict[str, str]], content: bytes
) -> None:
    """Whatever it is called."""
    path, headers = room
    files = {"file": ("x.png", content, "image/png")}
    answer = await client.post(f"{path}/images", files=files, headers=headers)
    assert answer.status_code == 422


async def test_a_body_has_an_end(make_app: Callable[..., FastAPI]) -> None:
    """More than the limit is refused unread."""
    async with connected(make_app(max_body_bytes=100)) as client:
        answer = await client.post("/login", content=b"a" * 101)
        assert answer.status_code == 413


async def test_tickets_are_few(client: httpx2.AsyncClient, as_role: AsRole) -> None:
    """Sixty a minute are enough for every window that breaks."""
    headers = await as_role("person")
    found = [
        (await client.post(f"{V1}/tickets", headers=headers)).status_code
        for _ in range(61)
    ]
    assert 429 in found
