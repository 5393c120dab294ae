"""Real servers on sockets, in this event loop, for tests of what is live.

Where there is a Redis, the tests of several processes run as well: REDIS_URL names
one, as in CI, or the program is on the PATH and one is started for the run. The test
that stops and starts one wants the program.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess  # nosec B404
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import uvicorn
import websockets
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect

from app.accounts.models import User
from app.core.database import Database
from app.core.serving import LOOPBACK
from app.live.connection import Connection
from app.live.live import Live
from app.live.protocol import SCHEMAS, validator
from app.main import create_app
from app.settings import Settings
from tests.client import Client, Frame
from tests.factories import log_in, make_user

REDIS = shutil.which("redis-server")
GIVEN = os.environ.get("REDIS_URL", "")
IN_REDIS = pytest.param(
    "redis",
    marks=pytest.mark.skipif(
        not (REDIS or GIVEN), reason="no redis-server on the PATH, and no REDIS_URL"
    ),
)
KINDS = ["alone", IN_REDIS]
SECONDS = 10
SERVER = {name: validator("server", name) for name in SCHEMAS["$defs"]["server"]}
# Some names belong to frames of both sides.
NAMES = {
    "edit": "edited",
    "delete": "deleted",
    "typing": "is-typing",
    "read": "has-read",
}


with_own_redis = pytest.mark.skipif(REDIS is None, reason="no redis-server on the PATH")


def with_redis(test: Any) -> Any:
    """Run a test where there is a Redis; elsewhere it is skipped, and says so."""
    return pytest.mark.parametrize("redis", [IN_REDIS], indirect=True)(test)


def check(frame: Frame) -> Frame:
    """Return a frame of the server, which is as the schema of its name says."""
    SERVER[NAMES.get(frame["type"], frame["type"])].validate(frame)
    return frame


@dataclass
class Redis:
    """A Redis of a test, which it may stop and start again."""

    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return its address."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start it, with nothing in it, and wait until it listens."""
        assert REDIS
        self.process = subprocess.Popen(
            [REDIS, "--port", str(self.port), "--bind", LOOPBACK, "--save", ""],
            stdout=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
        )
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            with (
                contextlib.suppress(OSError),
                socket.create_connection((LOOPBACK, self.port)),
            ):
                return
        raise AssertionError("redis-server does not listen")

    def pause(self) -> None:
        """Have it do nothing, while its connections stay."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Have it do what it was asked meanwhile."""
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, and all that is in it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def own_redis() -> Iterator[Redis]:
    """Have a Redis that nobody else uses while the block lasts."""
    made = Redis(free_port())
    made.start()
    try:
        yield made
    finally:
        made.stop()


class Uvicorn(uvicorn.Server):
    """uvicorn's server, which leaves signals to the program that runs the tests."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@dataclass
class Server:
    """An application that serves, and its database."""

    app: FastAPI
    uvicorn: uvicorn.Server
    port: int

    @property
    def database(self) -> Database:
        """Return its database."""
        found: Database = self.app.state.database
        return found

    @property
    def settings(self) -> Settings:
        """Return its settings."""
        found: Settings = self.app.state.settings
        return found

    @property
    def live(self) -> Live:
        """Return what is live there."""
        found: Live = self.app.state.live
        return found

    @property
    def address(self) -> str:
        """Return where its socket is."""
        return f"ws://{LOOPBACK}:{self.port}/ws"

    async def user(self, role: str = "person", **changes: Any) -> User:
        """Have somebody."""
        return await make_user(self.database, role, **changes)

    async def headers(self, user: User) -> dict[str, str]:
        """Return what proves who somebody is."""
        return await log_in(self.database, self.settings, user)

    def client(self, user: User) -> Client:
        """Return a client of somebody, which comes back by itself."""
        made: dict[str, str] = {}

        async def headers() -> dict[str, str]:
            if not made:
                made.update(await self.headers(user))
            return made

        return Client(self.address, headers)

    @contextlib.asynccontextmanager
    async def line(
        self, user: User, *, hello: bool = True, headers: dict[str, str] | None = None
    ) -> AsyncIterator[Line]:
        """Have a bare connection of somebody while the block lasts."""
        headers = headers or await self.headers(user)
        async with connect(
            self.address, additional_headers=headers, compression=None, proxy=None
        ) as opened:
            line = Line(opened)
            if hello:
                await line.ask(type="hello", protocol=1)
            yield line

    def connection(self, user: User) -> Connection:
        """Return the one connection of somebody, from inside."""
        (found,) = self.live.by_user[user.id]
        return found


@dataclass
class Line:
    """A bare connection: frame by frame, each checked against the schema."""

    socket: ClientConnection
    heard: list[Frame] = field(default_factory=list)  # what nobody has asked for yet

    async def send(self, **frame: Any) -> None:
        """Send a frame."""
        await self.socket.send(json.dumps(frame))

    async def get(self, *kinds: str) -> Frame:
        """Return the next frame of one of these kinds, or of any."""
        return await self._next(lambda frame: not kinds or frame["type"] in kinds)

    async def ask(self, **frame: Any) -> Frame:
        """Send a frame and return its answer."""
        await self.send(ref="r", **frame)
        return await self._next(lambda answer: answer.get("ref") == "r")

    async def _next(self, wanted: Callable[[Frame], bool]) -> Frame:
        for place, frame in enumerate(self.heard):
            if wanted(frame):
                return self.heard.pop(place)
        async with asyncio.timeout(SECONDS):
            while True:
                frame = check(json.loads(await self.socket.recv()))
                if wanted(frame):
                    return frame
                self.heard.append(frame)

    async def closed(self) -> int:
        """Return the code with which the server closes the connection."""
        async with asyncio.timeout(SECONDS):
            with contextlib.suppress(websockets.ConnectionClosed):
                while True:
                    await self.socket.recv()
        assert self.socket.close_code is not None
        return self.socket.close_code


async def until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Return once the condition is met, here or in the server."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (it is no event: anything may meet it)
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def serving(settings: Settings, **changes: Any) -> AsyncIterator[Server]:
    """Have an application serve while the block lasts."""
    with socket.socket() as listening:
        listening.bind((LOOPBACK, 0))
        port = listening.getsockname()[1]
        app = create_app(replace(settings, **changes))
        config = uvicorn.Config(
            app,
            log_config=None,
            ws_per_message_deflate=False,
            ws_max_size=65_536,
            timeout_graceful_shutdown=2,
        )
        server = Uvicorn(config)
        task = asyncio.create_task(server.serve([listening]))
        await until(lambda: server.started or task.done())
        try:
            yield Server(app, server, port)
        finally:
            server.should_exit = True
            await task
