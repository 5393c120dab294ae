"""What the machines that watch ask of ingest and worker, which serve no pages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from app.core.config import SettingsError
from app.core.database import Database
from app.core.metrics import CONTENT_TYPE, exposition
from app.settings import Settings

SECONDS = 2.0  # for one question and its answer

type Work = Callable[[Settings, Database], Coroutine[Any, Any, None]]


def beside(work: Work) -> Work:
    """Return work that answers on PROBE_PORT as long as it lasts."""

    async def both(settings: Settings, database: Database) -> None:
        async with answering(settings.probe_port):
            await work(settings, database)

    return both


@contextlib.asynccontextmanager
async def answering(port: int) -> AsyncIterator[None]:
    """Answer `/healthz` and `/metrics` on the port while the block lasts; on 0 nowhere.

    The event loop that does the work answers: where that hangs, so does the answer.
    """
    if not port:
        yield
        return
    try:
        server = await asyncio.start_server(answer, "0.0.0.0", port)  # noqa: S104 (in a container)  # nosec B104
    except OSError as error:
        raise SettingsError(
            f"Port {port} is taken: set PROBE_PORT to another."
        ) from error
    async with server:
        yield


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request of HTTP, and close."""
    troubles = (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError)
    with contextlib.suppress(*troubles), contextlib.closing(writer):
        async with asyncio.timeout(SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(answer_to(head.partition(b"\r\n")[0]))
            await writer.drain()


def answer_to(line: bytes) -> bytes:
    """Return the whole answer to a request line."""
    status, kind, body = "200 OK", "application/json", b'{"status":"ok"}'
    if line.startswith(b"GET /metrics "):
        kind, body = CONTENT_TYPE, exposition()
    elif not line.startswith(b"GET /healthz "):
        status, body = "404 Not Found", b'{"status":"not found"}'
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
