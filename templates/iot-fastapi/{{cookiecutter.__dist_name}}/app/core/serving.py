"""The server: uvicorn, with one process or several, and an end that takes seconds."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from types import FrameType
from typing import Any

import uvicorn
from anyio import CancelScope
from uvicorn.importer import import_from_string
from uvicorn.supervisors.statreload import StatReload

from app.core.config import BASE_DIR, Reader, SettingsError

LOOPBACK = "127.0.0.1"
GRACEFUL_SECONDS = 8
SIGNALS = (signal.SIGINT, signal.SIGTERM)
OPTIONS: dict[str, Any] = {
    "factory": True,
    "loop": "asyncio:SelectorEventLoop",  # Windows has another, without add_reader
    "access_log": False,  # "request" says it, with the id
    "log_config": None,
    "proxy_headers": False,  # the middleware believes as many as NUM_PROXIES says
    "server_header": False,
    # Frames of sockets are short: compression costs more than it saves.
    "ws_per_message_deflate": False,
    "ws_max_size": 65_536,
    "timeout_keep_alive": 75,  # longer than nginx keeps its connections
}


@contextlib.contextmanager
def stopping() -> Iterator[asyncio.Event]:
    """Give an event that is set as soon as the process is asked to end.

    The server waits for answers that are under way, and a stream would go on for ever:
    `until` ends it. uvicorn's own handlers are there already, and are called next;
    without any the signal does what it does by default, and ends the process.
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
        elif following is signal.SIG_DFL:
            signal.signal(number, following)
            signal.raise_signal(number)

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


def serve(factory: str, *, port: int) -> None:
    """Serve production what the factory ("module:function") makes, until SIGTERM.

    On every address of the machine, as nginx stands before it, with as many processes
    as WEB_CONCURRENCY says.
    """
    workers = Reader(os.environ).number("WEB_CONCURRENCY", 1, least=1, most=64)
    with shared_metrics() if workers > 1 else contextlib.nullcontext():
        uvicorn.run(
            factory,
            host="0.0.0.0",  # noqa: S104 (in a container)  # nosec B104
            port=port,
            workers=workers,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
            **OPTIONS,
        )


def develop(factory: str, *, port: int, reload: bool, prepare: str) -> None:
    """Serve on the loopback until Ctrl-C, with `reload` anew at each change of code.

    `prepare` ("module:function") is called before. The server's own process does
    that: another one would import everything for it, and the first page would wait.
    """
    config = uvicorn.Config(
        factory,
        host=LOOPBACK,
        port=port,
        workers=1,  # whatever WEB_CONCURRENCY says
        reload=reload,
        reload_dirs=[str(BASE_DIR / "app")] if reload else None,
        timeout_graceful_shutdown=2,
        **OPTIONS,
    )
    first = functools.partial(prepared, prepare, config)
    if not reload:
        first()
        return
    reloader = Reloader(config, target=first, sockets=[config.bind_socket()])
    reloader.run()
    if reloader.failed:
        sys.exit(reloader.process.exitcode)


class DevelopmentServer(uvicorn.Server):
    """uvicorn's, which ends in its own time however often it is asked.

    poe repeats Ctrl-C after 0.8 seconds; uvicorn would then drop what the application
    still has to finish, and log a traceback.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End at the first signal, and take no notice of more."""
        if not self.should_exit:
            super().handle_exit(sig, frame)


def prepared(
    prepare: str, config: uvicorn.Config, sockets: list[socket.socket] | None = None
) -> None:
    """Prepare, then serve; exit code 1 says that it did not come to that."""
    import_from_string(prepare)()
    server = DevelopmentServer(config)
    try:
        server.run(sockets)
    except KeyboardInterrupt:
        return
    if not server.started:
        sys.exit(1)


class Reloader(StatReload):
    """uvicorn's, which waits for a change of code where the server ends by itself.

    This one ends with its first server, which has said what is wrong.
    """

    first = True
    failed = False

    def pause(self) -> None:
        """Wait a moment, or end."""
        super().pause()
        if self.first and self.process.exitcode is not None:
            self.failed = True
            raise StopIteration

    def restart(self) -> None:
        """Start the server anew, with everything prepared already."""
        self.first = False
        self.target = DevelopmentServer(self.config).run
        super().restart()


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
