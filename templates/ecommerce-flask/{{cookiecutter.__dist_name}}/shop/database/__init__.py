"""The connection to MongoDB, made once per application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from flask import current_app
from pymongo import MongoClient

if TYPE_CHECKING:
    from pymongo.database import Database

    from shop.settings import Settings

type Document = dict[str, Any]


def connect(settings: Settings) -> MongoClient[Document]:
    """Return a client whose writes hold once most members of the set have them.

    It connects with the first query: a database that is away does not keep a process
    from starting, and a request gets its 503 within seconds.
    """
    return MongoClient(
        settings.mongodb_uri,
        appname="shop",
        connectTimeoutMS=3000,
        journal=True,
        retryWrites=True,
        serverSelectionTimeoutMS=3000,
        tz_aware=True,
        uuidRepresentation="standard",
        w="majority",
    )


def get_db() -> Database[Document]:
    """Return the database of the application that serves this request."""
    return cast("Database[Document]", current_app.extensions["shop"].db)
