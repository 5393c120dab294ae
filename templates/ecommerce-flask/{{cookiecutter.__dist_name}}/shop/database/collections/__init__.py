"""What MongoDB itself enforces: a schema and indexes for each collection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop.database.collections import accounts, catalogue, outbox, sales

if TYPE_CHECKING:
    from pymongo.database import Database

    from shop.database import Document

COLLECTIONS = (
    accounts.COLLECTIONS
    | catalogue.COLLECTIONS
    | sales.COLLECTIONS
    | outbox.COLLECTIONS
)


def prepare(db: Database[Document]) -> None:
    """Make or update every collection and its indexes; again is harmless."""
    there = set(db.list_collection_names())
    for name, collection in COLLECTIONS.items():
        if name not in there:
            db.create_collection(name, validator=collection.validator)
        else:
            db.command("collMod", name, validator=collection.validator)
        if collection.indexes:
            db[name].create_indexes(list(collection.indexes))
