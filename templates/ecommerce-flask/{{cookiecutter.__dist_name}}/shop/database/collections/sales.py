"""Carts, coupons, orders and payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import ASCENDING, DESCENDING, IndexModel

from shop.database.collections.shapes import (
    COUNT,
    DATE,
    DAY,
    OBJECT_ID,
    STRING,
    Collection,
    schema,
)

if TYPE_CHECKING:
    from shop.database import Document

STATES = ["pending", "paid", "packed", "shipped", "delivered", "cancelled", "refunded"]
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
                    "enum": [
                        *("created", "succeeded", "failed"),
                        *("mismatched", "refunding", "refunded"),
                    ]
                },
                "created_at": DATE,
                "updated_at": DATE,
            }
        ),
        (
            IndexModel([("reference", ASCENDING)], name="reference", unique=True),
            # The index below has some payments only, so it cannot find all of an order.
            IndexModel([("order_id", ASCENDING), ("state", ASCENDING)], name="order"),
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
                "delivered": {"bsonType": "bool"},
            }
        ),
        (IndexModel([("delivered", ASCENDING)], name="delivered"),),
    ),
    "webhook_events": Collection(
        schema({"provider": STRING, "event": STRING, "at": DATE}),
        (
            IndexModel([("provider", ASCENDING), ("event", ASCENDING)], name="event"),
            IndexModel([("at", ASCENDING)], name="ttl", expireAfterSeconds=90 * DAY),
        ),
    ),
}
