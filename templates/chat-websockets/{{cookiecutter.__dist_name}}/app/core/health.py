"""What the machines that watch ask: alive (healthz), usable (readyz), how busy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import sqlalchemy as sa
import structlog
from fastapi import APIRouter, Request, Response

from app.core.database import Base, Database
from app.core.metrics import CONTENT_TYPE, exposition

type Check = Callable[[], Awaitable[bool]]

router = APIRouter(include_in_schema=False)
log = structlog.get_logger("health")


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the process answers; nothing else is asked of it."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request, response: Response) -> dict[str, str]:
    """Say whether everything that the process needs answers, in time."""
    state = request.app.state
    checks: dict[str, Check] = {
        "database": lambda: is_set_up(cast("Database", state.database)),
        **state.ready_checks,
    }
    found = await asyncio.gather(
        *(
            passes(name, check, state.settings.ready_seconds)
            for name, check in checks.items()
        )
    )
    if not all(found):
        response.status_code = 503
    words = {
        name: "ok" if good else "error"
        for name, good in zip(checks, found, strict=True)
    }
    return {"status": "ok" if all(found) else "unavailable", **words}


async def passes(name: str, check: Check, seconds: float) -> bool:
    """Return whether the check says yes before the time is over."""
    try:
        async with asyncio.timeout(seconds):
            return await check()
    except Exception as error:
        log.warning("not ready", check=name, error=type(error).__name__)
        return False


async def is_set_up(database: Database) -> bool:
    """Return whether the database answers and has the newest of our tables."""
    newest: Any = Base.metadata.sorted_tables[-1]
    async with database.session(write=False) as session:
        await session.execute(sa.select(sa.literal(1)).select_from(newest).limit(1))
    return True


@router.get("/metrics")
async def metrics() -> Response:
    """Show the counters to Prometheus; nginx does not let anyone else see them."""
    return Response(exposition(), media_type=CONTENT_TYPE)
