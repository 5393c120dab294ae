"""How often one client may ask: counters in MongoDB, so they survive a restart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from flask_limiter import Limiter
from limits.storage import MongoDBStorage

from shop.core.requests import client_address

if TYPE_CHECKING:
    from flask import Flask
    from pymongo import MongoClient
    from pymongo.database import Database

    from shop.database import Document

limiter = Limiter(client_address, strategy="fixed-window", headers_enabled=True)


class SharedStorage(MongoDBStorage):
    """Counters behind the application's own client: one pool of connections."""

    STORAGE_SCHEME = ["shared"]

    def __init__(self, uri: str, *, database: Database[Document]) -> None:
        """Count in that database."""
        super().__init__(
            uri,
            database_name=database.name,
            counter_collection_name="limits",
            window_collection_name="limit_windows",
        )
        self.client = database.client

    def _init_mongo_client(
        self,
        uri: str | None,
        **_options: int | str | bool,
    ) -> MongoClient[Document]:
        return self.client

    def give_back(self, key: str) -> None:
        """Count one less, in the same period of time."""
        now = datetime.now(UTC)
        counted = {"_id": key, "count": {"$gt": 0}, "expireAt": {"$gt": now}}
        self.counters.update_one(counted, {"$inc": {"count": -1}})

    def __del__(self) -> None:
        """Leave the client open: whoever made it closes it."""


def do_not_count() -> None:
    """Take this request out of the limits that it counted for: it was no guess.

    Each attempt is counted before it is looked at, so that many at once cannot pass.
    """
    for used in limiter.current_limits:
        cast("SharedStorage", limiter.storage).give_back(used.key)


def register(app: Flask, database: Database[Document]) -> None:
    """Count in the application's own database."""
    app.config.update(
        RATELIMIT_STORAGE_URI="shared://",
        RATELIMIT_STORAGE_OPTIONS={"database": database},
    )
    limiter.init_app(app)
