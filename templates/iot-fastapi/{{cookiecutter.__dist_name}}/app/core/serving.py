"""The server: uvicorn, with one process or several, and an end that takes seconds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from types import FrameType

import uvicorn
from anyio import CancelScope

from app.core.config import BASE_DIR, SettingsError

LOOPBACK = "127.0.0.1"
GRACEFUL_SECONDS = 8
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stopping() -> Iterator[asyncio.Event]:
    """Give an event that is set as soon as the process is asked to end.

    The server waits for answers that are under way, and a stream would go on for ever:
    `until` ends it. uvicorn's own handlers are there already, and are called next.
    """
    event, loop = asyncio.Event(), asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():
        yield event  # as in tests: signals are for the main thread
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def tell(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(event.set)
        following = before[signal.Signals(number)]
        if callable(following):
            following(number, frame)

    for number in SIGNALS:
        signal.signal(number, tell)
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def until[T](event: asyncio.Event, source: AsyncIterator[T]) -> AsyncGenerator[T]:
    """Give what `source` gives, until the event is set; leave no step of it behind."""
    ended = asyncio.ensure_future(event.wait())
    following: asyncio.Future[T] | None = None
    try:
        while True:
            following = asyncio.ensure_future(anext(source))
            await asyncio.wait({ended, following}, return_when="FIRST_COMPLETED")
            if not following.done():
                return
            try:
                yield following.result()
            except StopAsyncIteration:
                return
    finally:
        ended.cancel()
        if following is not None and not following.done():
            following.cancel()
            with CancelScope(shield=True):  # a client that goes away cancels us again
                await asyncio.wait({following})


def serve(factory: str, *, port: int, production: bool, reload: bool = False) -> None:
    """Serve what the factory ("module:function") makes, until SIGTERM or Ctrl-C.

    In production on every address of the machine, as nginx stands before it, with as
    many processes as WEB_CONCURRENCY says; else on the loopback.
    """
    workers = int(os.environ.get("WEB_CONCURRENCY", "") or 1) if production else 1
    with shared_metrics() if workers > 1 else contextlib.nullcontext():
        uvicorn.run(
            factory,
            factory=True,
            host="0.0.0.0" if production else LOOPBACK,  # noqa: S104 (in a container)  # nosec B104
            port=port,
            workers=workers,
            reload=reload,
            reload_dirs=[str(BASE_DIR / "app")] if reload else None,
            loop="asyncio:SelectorEventLoop",  # Windows has another, without add_reader
            access_log=False,  # "request" says it, with the id
            log_config=None,
            proxy_headers=False,  # the middleware believes as many as NUM_PROXIES says
            server_header=False,
            # Frames of sockets are short: compression costs more than it saves.
            ws_per_message_deflate=False,
            ws_max_size=65_536,
            timeout_graceful_shutdown=GRACEFUL_SECONDS if production else 2,
            timeout_keep_alive=75,  # longer than nginx keeps its connections
        )


@contextlib.contextmanager
def shared_metrics() -> Iterator[None]:
    """Have several processes count into one folder, which `/metrics` adds up."""
    with tempfile.TemporaryDirectory(prefix="metrics-") as folder:
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
        yield


def refuse_taken_port(port: int, name: str = "PORT") -> None:
    """Say in one sentence that someone else serves there already."""
    with socket.socket() as probe:
        # On Windows the option means "take it from whoever has it".
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise SettingsError(
                f"Port {port} is taken: stop what runs there, or set {name} to another."
            ) from error
