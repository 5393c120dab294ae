"""A browser for the tests of the pages: it has a cookie, and sends forms like ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import httpx2
import pytest

from app.accounts.models import User
from app.core.database import Database, utcnow
from app.readings.rollups import roll_up_all
from app.readings.services import Reading, add_metrics, store
from app.settings import Settings
from tests.factories import browser, make_device, make_user


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


type Open = Callable[[str], Awaitable[Browser]]


@pytest.fixture
def opened(client: httpx2.AsyncClient, database: Database, settings: Settings) -> Open:
    """Return what gives a browser of somebody new with a role."""

    async def make(role: str) -> Browser:
        user = await make_user(database, role)
        headers, csrf = await browser(database, settings, user)
        return Browser(client, user, headers, csrf)

    return make


async def pump(database: Database) -> str:
    """Have a device and return its id."""
    return (await make_device(database, "pump-1", name="Pump")).id


async def report(
    database: Database,
    device_id: str,
    value: float,
    *,
    metric: str = "temperature",
    unit: str = "°C",
    time: datetime | None = None,
) -> None:
    """Have a reading stored, and seen by the worker."""
    async with database.begin() as session:
        await add_metrics(session, {metric: unit})
        await store(session, [Reading(device_id, metric, time or utcnow(), value)])
    await roll_up_all(database)
