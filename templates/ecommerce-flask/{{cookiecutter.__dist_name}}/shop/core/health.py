"""What the machines that watch ask: alive (healthz), usable (readyz), how busy."""

from __future__ import annotations

import pymongo
from flask import Blueprint, Response
from pymongo.errors import PyMongoError

from shop.core.metrics import CONTENT_TYPE, exposition
from shop.database import get_db
from shop.database.collections import COLLECTIONS
from shop.settings import current_settings

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that the process answers; nothing else is asked of it."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> tuple[dict[str, str], int]:
    """Say whether the database answers, in time, with every collection made."""
    try:
        with pymongo.timeout(current_settings().ready_seconds):
            there = set(get_db().list_collection_names())
    except PyMongoError:
        return {"status": "unavailable", "database": "error"}, 503
    if not there.issuperset(COLLECTIONS):
        return {"status": "unavailable", "database": "not set up"}, 503
    return {"status": "ok", "database": "ok"}, 200


@blueprint.get("/metrics")
def metrics() -> Response:
    """Show the counters to Prometheus; nginx does not let anyone else see them."""
    return Response(exposition(), content_type=CONTENT_TYPE)
