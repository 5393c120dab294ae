"""From signing up to a conversation and out: HTTP and sockets of a real server."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import websockets
from websockets.asyncio.client import connect

from app.core import mail
from tests.live import Line, Server

pytestmark = pytest.mark.milestone(8)
PASSWORD = "correct horse battery"


@dataclass
class Newcomer:
    """Somebody with a browser, who has nothing but what the server gives them."""

    server: Server
    http: httpx2.AsyncClient
    handle: str
    headers: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, **given: Any) -> Any:
        """Ask the API; return what it says, which is no refusal."""
        answer = await self.http.request(
            method, f"/api/v1{path}", headers=self.headers, **given
        )
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def arrive(self) -> None:
        """Sign up, follow the link of the mail, and log in."""
        address = f"{self.handle}@example.com"
        asked = {"email": address, "handle": self.handle, "name": self.handle.title()}
        await self.call("POST", "/auth/register", json=asked | {"password": PASSWORD})
        letter = str(mail.mailbox[-1].get_content())
        (proof,) = re.findall(r"\?token=([\w-]+)", letter)
        await self.call("POST", "/auth/verify", json={"token": proof})
        form = {"username": address, "password": PASSWORD}
        made = await self.call("POST", "/auth/token", data=form)
        self.headers = {"Authorization": f"Bearer {made['access_token']}"}

    @contextlib.asynccontextmanager
    async def line(self, room: str) -> AsyncIterator[Line]:
        """Open a socket as a page does, with a ticket, and listen in a room."""
        ticket = (await self.call("POST", "/tickets"))["ticket"]
        async with connect(
            self.server.address,
            origin=websockets.Origin(self.server.settings.public_url),
            subprotocols=[
                websockets.Subprotocol("chat.v1"),
                websockets.Subprotocol(f"ticket.{ticket}"),
            ],
            proxy=None,
        ) as opened:
            line = Line(opened)
            assert (await line.ask(type="hello", protocol=1))["type"] == "welcome"
            asked = await line.ask(type="subscribe", room=room)
            assert asked["type"] == "subscribed"
            yield line


@pytest.fixture
async def people(server: Server) -> AsyncIterator[tuple[Newcomer, Newcomer]]:
    """Two who are new here."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as http:
        eve, ben = (Newcomer(server, http, handle) for handle in ("eve", "ben"))
        await eve.arrive()
        await ben.arrive()
        yield eve, ben


async def test_two_newcomers_talk(people: tuple[Newcomer, Newcomer]) -> None:
    """They hear each other at once, in one order, until one of them logs out."""
    eve, ben = people
    fields = {"name": "Tea", "kind": "private"}
    room = (await eve.call("POST", "/rooms", json=fields))["id"]
    invited = await eve.call("POST", f"/rooms/{room}/invites", json={})
    await ben.call("POST", f"/invites/{invited['token']}/accept")
    async with eve.line(room) as hers, ben.line(room) as his:
        said = {"client_id": str(uuid.uuid4()), "text": "Milk first?"}
        sent = await hers.ask(type="send", room=room, **said)
        asked = await his.get("new")
        assert asked["message"]["author"]["handle"] == "eve"
        # The other way without the socket, as a page without a script does it.
        said = {"client_id": str(uuid.uuid4()), "text": "Never."}
        said["reply_to"] = sent["message_id"]
        await ben.call("POST", f"/rooms/{room}/messages", json=said)
        await hers.get("new")  # her own
        answered = await hers.get("new")
        assert answered["message"]["text"] == "Never."
        assert answered["sequence"] == asked["sequence"] + 1
        history = await eve.call("GET", f"/rooms/{room}/messages")
        assert [one["text"] for one in history["items"]] == ["Milk first?", "Never."]
        await eve.call("POST", "/auth/logout-all")
        assert await hers.closed() == 4401
        assert (await his.ask(type="ping"))["type"] == "pong"
