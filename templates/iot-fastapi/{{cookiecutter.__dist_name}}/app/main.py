"""The application: settings, database, routers, and what runs while it serves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any

import structlog
from fastapi import FastAPI

from app import worker
from app.accounts.routes import router as accounts
from app.alerts.routes import router as alerts
from app.archive.routes import router as archive
from app.commands.routes import router as commands
from app.core import errors, health, logs, mail, openapi, serving
from app.core.database import Database, load_models
from app.core.middleware import Guard
from app.dashboard import pages
from app.dashboard.routes import router as dashboard
from app.devices.routes import router as devices
from app.ingest import service
from app.ingest.routes import router as ingest
from app.mqtt import runtime
from app.mqtt.address import is_embedded
from app.readings.routes import router as readings
from app.settings import Settings, load

type Service = Callable[[FastAPI], Coroutine[Any, Any, None]]

log = structlog.get_logger("app")
RESTART_SECONDS = 1.0
# Each package adds its routes here; tests/security/access.py says who may use them.
ROUTERS = (
    health.router,
    accounts,
    devices,
    commands,
    ingest,
    readings,
    alerts,
    archive,
    dashboard,
)


def create_app(
    settings: Settings | None = None,
    services: Sequence[Service] = (runtime.connect,),
    *,
    broker: bool = False,
) -> FastAPI:
    """Return an application; `services` run beside it while it serves.

    With `broker` that of development listens before any of them starts.
    """
    settings = settings or load()
    logs.configure(settings)
    load_models()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(app.state.database.close)
            app.state.stopping = stack.enter_context(serving.stopping())
            if broker:
                await stack.enter_async_context(runtime.embedded(app))
            for work in services:
                await stack.enter_async_context(running(partial(work, app)))
            yield

    app = FastAPI(lifespan=lifespan, **openapi.options(settings))
    app.state.settings = settings
    app.state.database = Database(settings.database_url)
    app.state.ready_checks = {}
    app.state.stopping = asyncio.Event()  # the lifespan has one that is set in time
    app.add_middleware(Guard, settings=settings)
    errors.register(app)
    pages.register(app)
    for router in ROUTERS:
        app.include_router(router)
    if not settings.production:
        app.include_router(mail.router)
    openapi.register(app, settings)
    return app


def create_development_app() -> FastAPI:
    """Return an application beside which all runs that is a service in production."""
    settings = load()
    services = (runtime.connect, service.beside, worker.beside)
    return create_app(settings, services, broker=is_embedded(settings))


@contextlib.asynccontextmanager
async def running(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run `work` in the background while the block lasts."""
    task = asyncio.create_task(supervise(work))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=5)


async def supervise(work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until cancelled; when it ends, log why and start it again."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("service failed")
        else:
            log.error("service ended")
        await asyncio.sleep(RESTART_SECONDS)
