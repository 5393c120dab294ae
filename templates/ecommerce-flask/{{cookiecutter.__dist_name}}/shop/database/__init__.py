"""The connection to MongoDB, made once per application."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from flask import current_app
from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, ExecutionTimeout

if TYPE_CHECKING:
    from pymongo.database import Database

    from shop.settings import Settings

type Document = dict[str, Any]

OPTION = re.compile(r"[?&;](\w+)=")
# What a database raises that is away or too slow; all else is about one operation.
DATABASE_UNAVAILABLE = (ConnectionFailure, ExecutionTimeout)


def connect(settings: Settings) -> MongoClient[Document]:
    """Return a client whose writes hold once most members of the set have them.

    Options of the address win over those here.

    It connects with the first query: a database that is away does not keep a process
    from starting, and a request gets its 503 within seconds.
    """
    options: dict[str, Any] = {
        "appName": "shop",
        "connectTimeoutMS": 3000,
        "journal": True,
        "retryWrites": True,
        "serverSelectionTimeoutMS": 3000,
        "w": "majority",
    }
    given = {name.lower() for name in OPTION.findall(settings.mongodb_uri)}
    return MongoClient(
        settings.mongodb_uri,
        tz_aware=True,
        uuidRepresentation="standard",
        **{name: value for name, value in options.items() if name.lower() not in given},
    )


def get_db() -> Database[Document]:
    """Return the database of the application that serves this request."""
    return cast("Database[Document]", current_app.extensions["shop"].db)
