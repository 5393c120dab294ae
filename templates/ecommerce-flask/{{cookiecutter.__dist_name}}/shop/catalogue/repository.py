"""Products as MongoDB keeps them: one document each, its variants inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bson import ObjectId
    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document


@dataclass(frozen=True, slots=True)
class Sellable:
    """What a cart and an order need to know of a SKU."""

    sku: str
    product_id: ObjectId
    name: str
    options: dict[str, str]
    price: int
    currency: str


def pairs(given: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a mapping as a list: what an index of MongoDB can find by name and value.

    Keys that a client chose never become names of fields either.
    """
    return [{"name": name, "value": value} for name, value in given.items()]


def mapping(stored: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return what `pairs` made a list of."""
    return {pair["name"]: pair["value"] for pair in stored}


def ancestors(category: str) -> list[str]:
    """Return the paths of a category and of those above it: `a/b` gives `a`, `a/b`."""
    parts = category.split("/")
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def build_document(given: Mapping[str, Any]) -> Document:
    """Return the fields of a document for those that a manager gave."""
    fields = dict(given)
    if "attributes" in fields:
        fields["attributes"] = pairs(fields["attributes"])
    if "category" in fields:
        fields["categories"] = ancestors(fields["category"])
    if "variants" in fields:
        fields["variants"] = [
            variant | {"options": pairs(variant["options"])}
            for variant in fields["variants"]
        ]
        fields["price_min"] = min(variant["price"] for variant in fields["variants"])
    return fields


def as_input(product: Document) -> dict[str, Any]:
    """Return what a manager wrote, as `build_document` took it."""
    names = {"slug", "name", "description", "brand", "category", "images", "active"}
    return {name: product[name] for name in names} | {
        "attributes": mapping(product["attributes"]),
        "variants": [
            variant | {"options": mapping(variant["options"])}
            for variant in product["variants"]
        ],
    }


def serialize_product(product: Document) -> Document:
    """Return a document as the API answers it."""
    rating = product["rating"]
    count = rating["count"]
    average = round(rating["sum"] / count, 2) if count else None
    return (
        product
        | as_input(product)
        | {
            "id": str(product["_id"]),
            "rating": {"count": count, "average": average},
        }
    )


def find_by_sku(
    db: Database[Document],
    skus: Iterable[str],
    session: ClientSession | None = None,
) -> dict[str, Sellable]:
    """Return what the SKUs stand for; those that nobody may buy now are missing."""
    wanted = set(skus)
    found = db.products.find(
        {"variants.sku": {"$in": list(wanted)}, "active": True}, session=session
    )
    return {
        variant["sku"]: Sellable(
            variant["sku"],
            product["_id"],
            product["name"],
            mapping(variant["options"]),
            variant["price"],
            variant["currency"],
        )
        for product in found
        for variant in product["variants"]
        if variant["sku"] in wanted
    }
