"""A08 Software or Data Integrity Failures: what was written is what is read."""

from __future__ import annotations

import io
import uuid

import httpx2
import pytest
import sqlalchemy as sa
from PIL import Image as Picture

from app.core.database import Database
from app.messages.models import Event, Message
from app.settings import Settings
from tests.factories import log_in, make_room, make_user
from tests.pages import Open, opened

pytestmark = pytest.mark.milestone(8)
__all__ = ["opened"]
V1 = "/api/v1"


async def test_a_message_that_is_sent_twice_is_one(
    client: httpx2.AsyncClient, database: Database, settings: Settings
) -> None:
    """As after an answer that was lost: the second answer is the first one's."""
    user = await make_user(database)
    room = await make_room(database, user)
    headers = await log_in(database, settings, user)
    body = {"client_id": str(uuid.uuid4()), "text": "Once"}
    path = f"{V1}/rooms/{room.id}/messages"
    answers = [
        (await client.post(path, json=body, headers=headers)).json() for _ in range(2)
    ]
    assert [one.pop("duplicate") for one in answers] == [False, True]
    assert answers[0] == answers[1]
    async with database.session(write=False) as session:
        for table in (Message, Event):
            query = sa.select(sa.func.count()).select_from(table)
            assert await session.scalar(query) == 1


async def test_a_picture_is_drawn_anew(
    client: httpx2.AsyncClient, database: Database, settings: Settings
) -> None:
    """What else was in the file, as where it was taken, is gone."""
    user = await make_user(database)
    room = await make_room(database, user)
    headers = await log_in(database, settings, user)
    given, exif = io.BytesIO(), Picture.Exif()
    exif[0x010E] = "taken at home"
    Picture.new("RGB", (8, 8), "red").save(given, "JPEG", exif=exif)
    content = given.getvalue() + b"<script>alert(1)</script>"
    assert b"taken at home" in content
    made = await client.post(
        f"{V1}/rooms/{room.id}/images", files={"file": content}, headers=headers
    )
    shown = await client.get(made.json()["address"], headers=headers)
    assert shown.headers["Content-Type"].startswith("image/")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert b"taken at home" not in shown.content
    assert b"script" not in shown.content
    assert Picture.open(io.BytesIO(shown.content)).size == (8, 8)


@pytest.mark.parametrize("name", ["session", "csrf", "notice"])
async def test_a_cookie_that_was_changed_says_nothing(opened: Open, name: str) -> None:
    """Each is signed."""
    someone = await opened()
    forged = {"Cookie": f"{name}=WyJnb29kIiwgImhpIl0.forged"}
    page = await someone.client.get("/login", headers=forged)
    assert page.status_code == 200
    assert "hi" not in page.text.partition("<main")[2].partition("<form")[0].split()


async def test_files_of_the_page_are_those_that_it_names(opened: Open) -> None:
    """Their addresses say which version they are; pages load nothing from elsewhere."""
    page = await (await opened()).page("/")
    for part in (
        page.split('src="')[1:] + page.split('<link rel="stylesheet" href="')[1:]
    ):
        assert part.startswith(("/static/", "data:")), part[:60]
