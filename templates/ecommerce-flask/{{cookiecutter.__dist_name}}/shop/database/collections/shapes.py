"""What the collections are described with: schemas of documents and of their fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pymongo import IndexModel

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


DAY = 24 * 3600
WEEK = 7 * DAY
STRING: Document = {"bsonType": "string"}
DATE: Document = {"bsonType": "date"}
OBJECT_ID: Document = {"bsonType": "objectId"}
NUMBER: Document = {"bsonType": ["int", "long"]}
COUNT: Document = {"bsonType": ["int", "long"], "minimum": 0}
PAIR: Document = {
    "bsonType": "object",
    "required": ["name", "value"],
    "properties": {"name": STRING, "value": STRING},
    "additionalProperties": False,
}
