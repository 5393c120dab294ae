"""The read API as a Lambda function: the same application, of which it only reads.

Everything is made when Lambda loads the module, once for many calls: settings, secrets,
the application, and the event loop to which connections to the database belong.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mangum import Mangum

from app.main import create_app

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from app.settings import Settings

READS = frozenset({"GET", "HEAD"})
PREFIX = "/api/v1/"
# What the gateway gets as it is; anything else goes in base64.
TEXT = ("application/json", "application/problem+json", "text/")


class ReadOnly:
    """Lets through what reads, below /api/v1: the gateway should, this does."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or answer it with a problem (RFC 9457)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif not scope["path"].startswith(PREFIX):
            await refuse(send, 404, b"Not Found")
        elif scope["method"] not in READS:
            await refuse(send, 405, b"Method Not Allowed", (b"allow", b"GET, HEAD"))
        else:
            await self.app(scope, receive, send)


async def refuse(
    send: Send, status: int, title: bytes, *headers: tuple[bytes, bytes]
) -> None:
    """Answer with a problem."""
    body = b'{"type":"about:blank","title":"%b","status":%d}' % (title, status)
    kind = (b"content-type", b"application/problem+json")
    length = (b"content-length", str(len(body)).encode())
    start = {"type": "http.response.start", "status": status}
    await send({**start, "headers": [kind, length, *headers]})
    await send({"type": "http.response.body", "body": body})


def make_handler(settings: Settings | None = None) -> Mangum:
    """Return what Lambda calls with an event and a context."""
    # Mangum works on the loop of the thread and would make one only for itself.
    asyncio.set_event_loop(asyncio.new_event_loop())
    app = ReadOnly(create_app(settings))
    return Mangum(app, lifespan="off", text_mime_types=list(TEXT))


def __getattr__(name: str) -> Any:
    """Make `handler` when it is first asked for: Lambda does so at its start."""
    if name != "handler":
        raise AttributeError(name)
    globals()["handler"] = made = make_handler()
    return made
