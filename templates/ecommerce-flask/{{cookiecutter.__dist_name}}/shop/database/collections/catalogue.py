"""What is sold, what there is of it, and what buyers say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import ASCENDING, DESCENDING, TEXT, IndexModel

from shop.database.collections.shapes import (
    COUNT,
    DATE,
    NUMBER,
    OBJECT_ID,
    PAIR,
    STRING,
    Collection,
    schema,
)

if TYPE_CHECKING:
    from shop.database import Document

# What a list of products is narrowed by, and the orders that it has.
NARROWED: dict[str, tuple[str, ...]] = {
    "all": (),
    "category": ("categories",),
    "brand": ("brand",),
    "attribute": ("attributes.name", "attributes.value"),
}
ORDERED = {
    "newest": (("_id", DESCENDING),),
    "price": (("price_min", ASCENDING), ("_id", ASCENDING)),
    "name": (("name", ASCENDING), ("_id", ASCENDING)),
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

COLLECTIONS: dict[str, Collection] = {
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
            # Each has what is narrowed by one thing in one order: a page of that is one
            # stretch of it, and nothing is sorted. It is read backwards as well.
            *(
                IndexModel(
                    [
                        ("active", ASCENDING),
                        *((field, ASCENDING) for field in fields),
                        *order,
                    ],
                    name=f"{narrowed}_{ordered}",
                )
                for narrowed, fields in NARROWED.items()
                for ordered, order in ORDERED.items()
            ),
            IndexModel(
                [("active", ASCENDING), ("category", ASCENDING)], name="categories"
            ),
        ),
    ),
    "stock": Collection(
        # What is available follows from the others; it is kept for its index, and is
        # never less than nothing: no more is reserved than there is.
        schema({"on_hand": COUNT, "reserved": COUNT, "available": COUNT})
        | {"$expr": {"$eq": ["$available", {"$subtract": ["$on_hand", "$reserved"]}]}},
        (IndexModel([("available", ASCENDING), ("_id", ASCENDING)], name="available"),),
    ),
    "movements": Collection(
        schema(
            {
                "sku": STRING,
                "kind": {
                    "enum": [
                        *("received", "corrected", "reserved"),
                        *("released", "sold", "returned"),
                    ]
                },
                "on_hand": NUMBER,
                "reserved": NUMBER,
                "at": DATE,
            },
            {"order_id": OBJECT_ID, "by": OBJECT_ID, "note": STRING},
        ),
        (
            IndexModel([("sku", ASCENDING), ("_id", ASCENDING)], name="sku"),
            IndexModel([("order_id", ASCENDING)], name="order", sparse=True),
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
}
