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
    """Make or update every collection and its indexes; again is harmless.

    What is as it should be is left alone: to change a collection, MongoDB waits until
    no transaction uses it, and a shop that starts should not.
    """
    there = {found["name"]: found["options"] for found in db.list_collections()}
    for name, collection in COLLECTIONS.items():
        if name not in there:
            db.create_collection(name, validator=collection.validator)
        elif there[name].get("validator") != collection.validator:
            db.command("collMod", name, validator=collection.validator)
        if collection.indexes:
            db[name].create_indexes(list(collection.indexes))
