"""A browser for the tests of the pages: it has a cookie, and sends forms like ours."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from app.accounts.models import User
from app.core.database import Database, new_id
from app.messages.models import Message
from app.rooms.log import log
from app.rooms.models import Room
from app.settings import Settings
from tests.factories import browser, make_user


@dataclass(frozen=True)
class Browser:
    """Somebody who is logged in."""

    client: httpx2.AsyncClient
    user: User
    headers: dict[str, str]
    csrf: str

    async def get(self, path: str) -> httpx2.Response:
        """Look at a page."""
        return await self.client.get(path, headers=self.headers)

    async def page(self, path: str) -> str:
        """Look at a page that is there."""
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def post(self, path: str, **fields: str | list[str]) -> httpx2.Response:
        """Send a form of the page that it belongs to."""
        page = path.partition("?")[0].rsplit("/", 1)[0] or "/"
        headers = self.headers | {"Referer": f"http://test{page}"}
        data = {"csrf_token": self.csrf} | fields
        return await self.client.post(path, data=data, headers=headers)

    async def say(self, answer: httpx2.Response) -> str:
        """Follow a redirect and return the page, with what it says."""
        assert answer.status_code == 303, answer.text
        notice = answer.headers.get("Set-Cookie", "").partition(";")[0]
        cookie = f"{self.headers['Cookie']}; {notice}"
        path = answer.headers["Location"]
        return (await self.client.get(path, headers={"Cookie": cookie})).text


type Open = Callable[..., Awaitable[Browser]]


@pytest.fixture
def opened(client: httpx2.AsyncClient, database: Database, settings: Settings) -> Open:
    """Return what gives a browser of somebody new."""

    async def make(role: str = "person", **changes: Any) -> Browser:
        user = await make_user(database, role, **changes)
        headers, csrf = await browser(database, settings, user)
        return Browser(client, user, headers, csrf)

    return make


async def wrote(
    database: Database, room: Room, author: User, text: str, **changes: Any
) -> Message:
    """Have a message in the room, whoever may write there."""
    async with database.begin() as session:
        made = new_id()
        event = await log(session, room.id, "message", author.id)
        fields = {
            "id": made,
            "room_id": room.id,
            "sequence": event.sequence,
            "author_id": author.id,
            "client_id": uuid.uuid4(),
            "text": text,
            "html": f"<p>{text}</p>",
        }
        session.add(message := Message(**(fields | changes)))
        await session.flush()
        event.message_id = made
    return message


def texts(page: str) -> list[str]:
    """Return what the messages of a page say."""
    return re.findall(r'<div class="text"><p>([^<]*)</p></div>', page)


def link(page: str, words: str) -> str | None:
    """Return where the link with these words leads, if there is one."""
    found = re.search(rf'<a href="([^"]+)">{words}</a>', page)
    return found and found[1].replace("&amp;", "&")
