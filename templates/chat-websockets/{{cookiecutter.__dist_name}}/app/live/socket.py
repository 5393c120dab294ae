"""The address /ws: who may open a socket, and reading frames until it ends.

Where the socket comes from and whose it is are asked before it is accepted: a refusal
is an answer of HTTP. A page cannot send a header, and an address would be logged: it
brings a ticket as a subprotocol. Programs send their access token.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

import structlog
from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from app.accounts import tickets
from app.accounts.access import Person, by_token
from app.core.errors import Problem, answer
from app.core.requests import header
from app.live.actions import HANDLERS
from app.live.connection import Connection
from app.live.limits import Rate
from app.live.live import Live
from app.live.protocol import (
    SUBPROTOCOL,
    VERSION,
    Close,
    Refused,
    dump,
    error,
    parse,
)
from app.settings import Settings

HELLO_SECONDS, HEARTBEAT_SECONDS = 10, 25
TICKET, BEARER = "ticket.", "bearer "
MOST_SOCKETS = 50  # of one person, on one instance
AWAY = Problem(
    503, "This is not possible just now, try again soon.", headers={"Retry-After": "1"}
)
# uvicorn takes a refusal that was answered in full for one that was forgotten.
FALSE_ALARM = "ASGI callable returned without completing handshake."
logging.getLogger("uvicorn.error").addFilter(lambda record: record.msg != FALSE_ALARM)
security = structlog.get_logger("security")
log = structlog.get_logger("socket")


class Socket:
    """The application behind the address; Starlette gives it the bare connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket, from its handshake to its end."""
        websocket = WebSocket(scope, receive, send)
        live = cast("Live", websocket.app.state.live)
        try:
            person = await admit(websocket, live)
        except Problem as problem:
            request_id = scope.get("state", {}).get("request_id", "")
            refusal = answer(scope["path"], request_id, problem)
            await websocket.send_denial_response(refusal)
            return
        offered = SUBPROTOCOL in scope["subprotocols"]
        await websocket.accept(SUBPROTOCOL if offered else None)
        per_second = live.settings.frames_per_second
        connection = Connection(send, person, Rate(per_second, 3 * per_second))
        live.connect(connection)
        try:
            await Reader(live, connection, receive).run()
        except asyncio.CancelledError:
            if not connection.closing:  # it is not the goodbye that gave up
                raise
        finally:
            live.disconnect(connection)


async def admit(websocket: WebSocket, live: Live) -> Person:
    """Return whose socket this is going to be; raise Problem where it is nobody's."""
    await websocket.receive()  # "connect": answers are allowed from here on
    try:
        async with live.admitting:
            allowed = await _allowed(websocket, live)
    except (SQLAlchemyError, OSError) as error:
        log.warning("database away", error=type(error).__name__)
        raise AWAY from error
    if len(live.by_user.get(allowed.id, ())) >= MOST_SOCKETS:
        raise Problem(429, "Close other windows first.", headers={"Retry-After": "60"})
    structlog.contextvars.bind_contextvars(user_id=str(allowed.id))
    return allowed


async def _allowed(websocket: WebSocket, live: Live) -> Person:
    scope, settings = websocket.scope, live.settings
    origin = header(scope, b"origin")
    authorization = header(scope, b"authorization")
    if origin and origin not in origins(settings):
        security.warning("socket refused", reason="origin", origin=origin[:200])
        raise Problem(403, "This site may not open sockets here.")
    person = None
    if authorization.lower().startswith(BEARER):
        token = authorization[len(BEARER) :].strip()
        person = await by_token(live.database, settings, token)
    elif origin:
        for offered in scope["subprotocols"]:
            if offered.startswith(TICKET) and person is None:
                person = await tickets.use(live.database, offered[len(TICKET) :])
    if person is None:
        security.warning("socket refused", reason="ticket")
        raise Problem(401, "Ask for a ticket first, and use it once, at once.")
    return person


def origins(settings: Settings) -> set[str]:
    """Return the sites whose pages may open sockets."""
    return {settings.public_url.rstrip("/"), *settings.cors_allowed_origins}


class Reader:
    """Takes one frame after the other; what is wrong with one is said, or ends it."""

    def __init__(self, live: Live, connection: Connection, receive: Receive) -> None:
        self._live, self._connection, self._receive = live, connection, receive
        self._greeted = False

    async def run(self) -> None:
        """Read until the socket ends."""
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                while not self._greeted:
                    if not await self._one():
                        return
        except TimeoutError:
            self._connection.close(Close.SLOW, "Say hello within ten seconds.")
        while await self._one():
            pass

    async def _one(self) -> bool:
        """Take one frame; return whether there may be more."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            return False
        if self._connection.closing:
            return True  # until the other side has said goodbye too
        connection, bucket = self._connection, self._connection.bucket
        wait = bucket.take(floor=-bucket.rate.burst)
        if bucket.tokens <= -bucket.rate.burst:
            connection.close(Close.MANY, "Too many frames.")
            return True
        try:
            frame = parse(message.get("text"))
            if wait:
                detail = "Too many frames: wait."
                connection.refuse(frame.get("ref"), "rate", detail, wait)
            else:
                await self._do(frame)
        except Refused as refused:
            if refused.close:
                connection.close(refused.close, refused.detail)
            else:
                connection.refuse(refused.ref, refused.code, refused.detail)
        return True

    async def _do(self, frame: dict[str, Any]) -> None:
        connection, ref = self._connection, frame.get("ref")
        if frame["type"] == "hello":
            self._hello(frame)
            return
        if not self._greeted:
            raise Refused("order", "Say hello first.", ref, Close.ORDER)
        try:
            await HANDLERS[frame["type"]](self._live, connection, frame)
        except Problem as problem:
            connection.push(error(ref, problem))
        except (SQLAlchemyError, OSError) as away:
            log.warning("database away", error=type(away).__name__)
            if frame["type"] == "subscribe":  # who comes back asks again
                connection.close(Close.SLOW, "Come back and resume.")
            connection.push(error(ref, AWAY))
        except Exception:
            log.exception("failed")
            detail = "Something went wrong here."
            connection.push(error(ref, Problem(500, detail)))

    def _hello(self, frame: dict[str, Any]) -> None:
        ref = frame.get("ref")
        if self._greeted:
            raise Refused("order", "Hello was said already.", ref)
        if frame["protocol"] != VERSION:
            detail = f"This server speaks protocol {VERSION}."
            raise Refused("order", detail, ref, Close.ORDER)
        self._greeted = True
        user, heartbeat = self._connection.user, HEARTBEAT_SECONDS
        self._connection.push(dump("welcome", ref, user=user, heartbeat=heartbeat))


router = APIRouter(routes=[WebSocketRoute("/ws", Socket(), name="socket")])
