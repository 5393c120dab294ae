"""What is to be sent, and what development sent to nobody."""

from __future__ import annotations

from pymongo import ASCENDING, IndexModel

from shop.database.collections.shapes import (
    COUNT,
    DATE,
    STRING,
    WEEK,
    Collection,
    schema,
)

COLLECTIONS: dict[str, Collection] = {
    "mails": Collection(
        schema({"to": STRING, "subject": STRING, "text": STRING, "at": DATE}),
        (IndexModel([("at", ASCENDING)], name="ttl", expireAfterSeconds=WEEK),),
    ),
    "outbox": Collection(
        schema(
            {
                "kind": STRING,
                "payload": {"bsonType": "object"},
                "created_at": DATE,
                "available_at": DATE,
                "attempts": COUNT,
            },
            {"sent_at": DATE},
        ),
        (
            IndexModel(
                [("sent_at", ASCENDING), ("available_at", ASCENDING)], name="due"
            ),
            IndexModel([("sent_at", ASCENDING)], name="ttl", expireAfterSeconds=WEEK),
        ),
    ),
}
