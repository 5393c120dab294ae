"""The health check."""

import sqlite3
from http import HTTPStatus

from app import database
from app.http import Request, Response


def show(request: Request) -> Response:
    """Return 200 if the database answers, else 503."""
    try:
        with database.connect() as db:
            db.execute("SELECT 1")
    except (OSError, sqlite3.Error):
        return Response("unavailable", HTTPStatus.SERVICE_UNAVAILABLE, "text/plain")
    return Response("ok", content_type="text/plain")
