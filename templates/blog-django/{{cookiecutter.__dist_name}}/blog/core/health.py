"""What the machines that watch ask: alive (healthz), usable (readyz), how busy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, JsonResponse

from blog.core.metrics import CONTENT_TYPE, exposition

if TYPE_CHECKING:
    from django.http import HttpRequest

log = structlog.get_logger("health")
# One thread: a check that hangs must not bring another one that hangs.
checker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readyz")


def healthz(_request: HttpRequest) -> HttpResponse:
    """Say that the process answers; nothing else is asked of it."""
    return JsonResponse({"status": "ok"})


def readyz(_request: HttpRequest) -> HttpResponse:
    """Say whether the database answers, in time, with every migration in it."""
    try:
        pending = checker.submit(pending_migrations).result(settings.READY_SECONDS)
    except Exception as error:
        log.warning("not ready", error=type(error).__name__)
        return JsonResponse({"status": "unavailable", "database": "error"}, status=503)
    if pending:
        body = {"status": "unavailable", "database": "ok", "migrations": "pending"}
        return JsonResponse(body, status=503)
    return JsonResponse({"status": "ok", "database": "ok", "migrations": "ok"})


def pending_migrations() -> bool:
    """Return whether code and database differ; on a connection of its own."""
    try:
        connection.ensure_connection()
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    finally:
        connection.close()


def metrics(_request: HttpRequest) -> HttpResponse:
    """Show the counters to Prometheus; nginx does not let anyone else see them."""
    return HttpResponse(exposition(), content_type=CONTENT_TYPE)
