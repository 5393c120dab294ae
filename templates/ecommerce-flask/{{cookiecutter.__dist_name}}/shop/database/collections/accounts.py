"""Who shops and who works here."""

from __future__ import annotations

from pymongo import ASCENDING, IndexModel

from shop.database.collections.shapes import (
    COUNT,
    DATE,
    OBJECT_ID,
    STRING,
    Collection,
    schema,
)

ROLES = ["customer", "support", "manager", "admin"]

COLLECTIONS: dict[str, Collection] = {
    "users": Collection(
        schema(
            {
                "email": STRING,
                "name": STRING,
                "password": STRING,
                "roles": {"bsonType": "array", "items": {"enum": ROLES}, "minItems": 1},
                "verified_at": {"bsonType": ["date", "null"]},
                "addresses": {"bsonType": "array", "maxItems": 20},
                "created_at": DATE,
                "version": COUNT,
            }
        ),
        (IndexModel([("email", ASCENDING)], name="email", unique=True),),
    ),
    "sessions": Collection(
        schema(
            {
                "user_id": OBJECT_ID,
                "current": STRING,
                "created_at": DATE,
                "expires_at": DATE,
                "revoked_at": {"bsonType": ["date", "null"]},
                "agent": STRING,
            },
            {"place": STRING},
        ),
        (
            IndexModel([("user_id", ASCENDING)], name="user"),
            IndexModel([("expires_at", ASCENDING)], name="ttl", expireAfterSeconds=0),
        ),
    ),
}
