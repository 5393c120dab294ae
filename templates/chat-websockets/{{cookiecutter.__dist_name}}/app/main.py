"""The application: settings, database, routers, and what runs while it serves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from app import bot
from app.accounts import routes_auth, routes_people
from app.core import errors, health, logs, mail, openapi, serving
from app.core.database import Database, load_models
from app.core.middleware import Guard
from app.live.live import Live
from app.live.socket import router as sockets
from app.messages.routes import router as messages
from app.pages.pages import nowhere
from app.pages.routes import router as pages
from app.rooms import routes_members, routes_rooms
from app.settings import Settings, load

type Service = Callable[[FastAPI], Coroutine[Any, Any, None]]

log = structlog.get_logger("app")
# Each package adds its routes here; tests/security/access.py says who may use them.
ROUTERS = (
    health.router,
    routes_auth.router,
    routes_people.router,
    routes_rooms.router,
    routes_members.router,
    messages,
    sockets,
    pages,
)


def create_app(
    settings: Settings | None = None, services: Sequence[Service] = ()
) -> FastAPI:
    """Return an application; `services` run beside it while it serves."""
    settings = settings or load()
    logs.configure(settings)
    load_models()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(app.state.database.close)
            app.state.stopping = stack.enter_context(serving.stopping())
            await stack.enter_async_context(app.state.live.running())
            for work in services:
                await stack.enter_async_context(running(work(app)))
            yield

    app = FastAPI(lifespan=lifespan, **openapi.options(settings))
    app.state.settings = settings
    app.state.database = Database(settings.database_url)
    app.state.live = app.state.database.info["control"] = Live(
        settings, app.state.database
    )
    app.state.ready_checks = {"hub": app.state.live.hub.ready}
    app.state.stopping = asyncio.Event()  # the lifespan has one that is set in time
    app.add_middleware(Guard, settings=settings)
    errors.register(app)
    app.add_exception_handler(HTTPException, nowhere)
    for router in ROUTERS:
        app.include_router(router)
    if not settings.production:
        app.include_router(mail.router)
    openapi.register(app, settings)
    return app


def create_development_app() -> FastAPI:
    """Return an application in which somebody answers: the bot of the demo."""
    return create_app(load(), services=[bot.run])


@contextlib.asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have `work` under way while the block lasts; a failure of it is logged."""
    task = asyncio.create_task(work)
    task.add_done_callback(ended)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=5)


def ended(task: asyncio.Task[None]) -> None:
    """Say that a service ended by itself: it was meant to go on."""
    if not task.cancelled() and (error := task.exception()):
        log.error("service failed", exc_info=error)
