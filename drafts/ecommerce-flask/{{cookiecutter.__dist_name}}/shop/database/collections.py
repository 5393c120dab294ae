"""What MongoDB itself enforces: a schema and indexes for each collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING, TEXT, IndexModel

if TYPE_CHECKING:
    from pymongo.database import Database

    from shop.database import Document


@dataclass(frozen=True, slots=True)
class Collection:
    """The validator of a collection (a MongoDB query) and its indexes."""

    validator: dict[str, Any]
    indexes: tuple[IndexModel, ...] = field(default=())


def schema(
    required: dict[str, Any], optional: dict[str, Any] | None = None
) -> Document:
    """Return a validator for documents with these fields and no others."""
    properties = {"_id": {}, **required, **(optional or {})}
    return {
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["_id", *required],
            "properties": properties,
            "additionalProperties": False,
        }
    }


ROLES = ["customer", "support", "manager", "admin"]
DAY = 24 * 3600
WEEK = 7 * DAY
STATES = ["pending", "paid", "packed", "shipped", "delivered", "cancelled", "refunded"]
STRING: Document = {"bsonType": "string"}
DATE: Document = {"bsonType": "date"}
OBJECT_ID: Document = {"bsonType": "objectId"}
NUMBER: Document = {"bsonType": ["int", "long"]}
COUNT: Document = {"bsonType": ["int", "long"], "minimum": 0}
CATEGORY = "categories"
PAIR: Document = {
    "bsonType": "object",
    "required": ["name", "value"],
    "properties": {"name": STRING, "value": STRING},
    "additionalProperties": False,
}
VARIANT: Document = {
    "bsonType": "object",
    "required": ["sku", "options", "price", "currency"],
    "properties": {
        "sku": STRING,
        "options": {"bsonType": "array", "items": PAIR},
        "price": COUNT,
        "currency": STRING,
    },
    "additionalProperties": False,
}
CART_LINE: Document = {
    "bsonType": "object",
    "required": ["sku", "quantity"],
    "properties": {
        "sku": STRING,
        "quantity": {"bsonType": ["int", "long"], "minimum": 1, "maximum": 99},
    },
    "additionalProperties": False,
}
ORDER_LINE: Document = {
    "bsonType": "object",
    "required": ["sku", "product_id", "name", "options", "price", "quantity", "total"],
}

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
            }
        ),
        (
            IndexModel([("user_id", ASCENDING)], name="user"),
            IndexModel([("expires_at", ASCENDING)], name="ttl", expireAfterSeconds=0),
        ),
    ),
    "products": Collection(
        schema(
            {
                "slug": STRING,
                "name": STRING,
                "description": STRING,
                "brand": STRING,
                "category": STRING,
                "categories": {"bsonType": "array", "items": STRING},
                "attributes": {"bsonType": "array", "items": PAIR},
                "images": {"bsonType": "array", "items": STRING},
                "variants": {"bsonType": "array", "minItems": 1, "items": VARIANT},
                "price_min": COUNT,
                "active": {"bsonType": "bool"},
                "rating": {"bsonType": "object", "required": ["count", "sum"]},
                "created_at": DATE,
                "updated_at": DATE,
                "version": COUNT,
            }
        ),
        (
            IndexModel([("slug", ASCENDING)], name="slug", unique=True),
            IndexModel([("variants.sku", ASCENDING)], name="sku", unique=True),
            IndexModel(
                [("name", TEXT), ("brand", TEXT), ("description", TEXT)],
                name="text",
                weights={"name": 10, "brand": 5, "description": 1},
                default_language="none",
            ),
            # One for each order of the list, alone and within a category or a brand.
            *(
                IndexModel(
                    [("active", ASCENDING), *within, *order],
                    name="_".join(name for name, _ in (*within, *order)),
                )
                for within in ((), ((CATEGORY, ASCENDING),), (("brand", ASCENDING),))
                for order in (
                    (("_id", DESCENDING),),
                    (("price_min", ASCENDING), ("_id", ASCENDING)),
                    (("name", ASCENDING), ("_id", ASCENDING)),
                )
            ),
            IndexModel(
                [
                    ("active", ASCENDING),
                    ("attributes.name", ASCENDING),
                    ("attributes.value", ASCENDING),
                    ("_id", DESCENDING),
                ],
                name="attributes",
            ),
        ),
    ),
    "stock": Collection(
        schema({"on_hand": COUNT, "reserved": COUNT})
        | {"$expr": {"$lte": ["$reserved", "$on_hand"]}},
    ),
    "movements": Collection(
        schema(
            {
                "sku": STRING,
                "kind": {
                    "enum": ["received", "reserved", "released", "sold", "returned"]
                },
                "on_hand": NUMBER,
                "reserved": NUMBER,
                "at": DATE,
            },
            {"order_id": OBJECT_ID, "by": OBJECT_ID},
        ),
        (
            IndexModel([("sku", ASCENDING), ("_id", ASCENDING)], name="sku"),
            IndexModel([("order_id", ASCENDING)], name="order", sparse=True),
        ),
    ),
    "carts": Collection(
        schema(
            {
                "lines": {"bsonType": "array", "maxItems": 50, "items": CART_LINE},
                "coupon": {"bsonType": ["string", "null"]},
                "updated_at": DATE,
            },
            {"user_id": OBJECT_ID, "expires_at": DATE},
        ),
        (
            IndexModel([("user_id", ASCENDING)], name="user", unique=True, sparse=True),
            IndexModel([("expires_at", ASCENDING)], name="ttl", expireAfterSeconds=0),
        ),
    ),
    "coupons": Collection(
        schema(
            {
                "kind": {"enum": ["percent", "fixed"]},
                "value": COUNT,
                "minimum": COUNT,
                "expires_at": {"bsonType": ["date", "null"]},
            }
        )
    ),
    "coupon_uses": Collection(
        schema({"code": STRING, "user_id": OBJECT_ID, "order_id": OBJECT_ID}),
        (
            IndexModel(
                [("code", ASCENDING), ("user_id", ASCENDING)], name="once", unique=True
            ),
            IndexModel([("order_id", ASCENDING)], name="order"),
        ),
    ),
    "orders": Collection(
        schema(
            {
                "user_id": OBJECT_ID,
                "state": {"enum": STATES},
                "lines": {"bsonType": "array", "minItems": 1, "items": ORDER_LINE},
                "currency": STRING,
                "subtotal": COUNT,
                "discount": COUNT,
                "total": COUNT,
                "coupon": {"bsonType": ["string", "null"]},
                "address": {"bsonType": "object"},
                "reserved_until": DATE,
                "history": {"bsonType": "array", "minItems": 1},
                "created_at": DATE,
                "version": COUNT,
            },
            {"paid_at": DATE},
        ),
        (
            IndexModel([("user_id", ASCENDING), ("_id", DESCENDING)], name="user"),
            IndexModel(
                [("state", ASCENDING), ("reserved_until", ASCENDING)], name="due"
            ),
            IndexModel([("state", ASCENDING), ("_id", DESCENDING)], name="state"),
            IndexModel([("paid_at", ASCENDING)], name="paid", sparse=True),
            IndexModel(
                [("user_id", ASCENDING), ("lines.product_id", ASCENDING)], name="bought"
            ),
        ),
    ),
    "idempotency": Collection(
        schema(
            {"body_hash": STRING, "answer": STRING, "created_at": DATE},
        ),
        (IndexModel([("created_at", ASCENDING)], name="ttl", expireAfterSeconds=DAY),),
    ),
    "payments": Collection(
        schema(
            {
                "order_id": OBJECT_ID,
                "user_id": OBJECT_ID,
                "provider": {"enum": ["fake", "stripe"]},
                "reference": STRING,
                "action": STRING,
                "amount": COUNT,
                "currency": STRING,
                "state": {
                    "enum": ["created", "succeeded", "failed", "refunding", "refunded"]
                },
                "created_at": DATE,
                "updated_at": DATE,
            }
        ),
        (
            IndexModel([("reference", ASCENDING)], name="reference", unique=True),
            IndexModel(
                [("order_id", ASCENDING)],
                name="one_open",
                unique=True,
                partialFilterExpression={
                    "state": {"$in": ["created", "succeeded", "refunding", "refunded"]}
                },
            ),
        ),
    ),
    "fake_charges": Collection(
        schema(
            {
                "outcome": {"enum": ["succeeded", "failed"]},
                "amount": COUNT,
                "refunded": COUNT,
                "told": {"bsonType": "bool"},
            }
        ),
        (IndexModel([("told", ASCENDING)], name="told"),),
    ),
    "webhook_events": Collection(
        schema({"provider": STRING, "event": STRING, "at": DATE}),
        (
            IndexModel([("provider", ASCENDING), ("event", ASCENDING)], name="event"),
            IndexModel([("at", ASCENDING)], name="ttl", expireAfterSeconds=90 * DAY),
        ),
    ),
    "reviews": Collection(
        schema(
            {
                "product_id": OBJECT_ID,
                "user_id": OBJECT_ID,
                "author": STRING,
                "rating": {"bsonType": ["int", "long"], "minimum": 1, "maximum": 5},
                "text": STRING,
                "hidden": {"bsonType": "bool"},
                "created_at": DATE,
            }
        ),
        (
            IndexModel(
                [("product_id", ASCENDING), ("user_id", ASCENDING)],
                name="one_each",
                unique=True,
            ),
            IndexModel(
                [("product_id", ASCENDING), ("hidden", ASCENDING), ("_id", DESCENDING)],
                name="product",
            ),
        ),
    ),
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
