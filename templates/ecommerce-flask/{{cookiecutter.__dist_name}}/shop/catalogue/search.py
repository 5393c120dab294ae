"""Finding products: filters, full text, orders with their cursors, and facets."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from shop.catalogue.repository import ancestors
from shop.core.pagination import Sort, paginate

if TYPE_CHECKING:
    from pymongo.command_cursor import CommandCursor
    from pymongo.database import Database

    from shop.catalogue.schemas import Filters, Listing, SortName
    from shop.database import Document

# All but the score have indexes of their own: see database/collections/catalogue.py.
SORTS: dict[SortName, Sort] = {
    "newest": (("_id", -1),),
    "price_asc": (("price_min", 1), ("_id", 1)),
    "price_desc": (("price_min", -1), ("_id", -1)),
    "name": (("name", 1), ("_id", 1)),
    "relevance": (("score", -1), ("_id", -1)),
}
SECONDS = 5
MAX_VALUES = 50


def conditions(filters: Filters) -> Document:
    """Return the query for the products that are meant; hidden ones never are."""
    query: Document = {"active": True}
    if filters.q:
        query["$text"] = {"$search": filters.q}
    if filters.category:
        query["categories"] = filters.category
    if filters.brand:
        query["brand"] = filters.brand
    prices = {"$gte": filters.price_min, "$lte": filters.price_max}
    if limits := {name: price for name, price in prices.items() if price is not None}:
        # One variant has to be within both; what it costs at least has an index.
        query["variants"] = {"$elemMatch": {"price": limits}}
    if filters.price_max is not None:
        query["price_min"] = {"$lte": filters.price_max}
    if filters.attribute:
        query["$and"] = [
            {"attributes": {"$elemMatch": {"name": name, "value": value}}}
            for name, _, value in (given.partition(":") for given in filters.attribute)
        ]
    return query


def page(db: Database[Document], listing: Listing) -> tuple[list[Document], str | None]:
    """Return the products of a page, and the cursor of the next one if there is one.

    Raises Problem 422 for a cursor of another order.
    """
    sort = SORTS[listing.sort]
    stages: list[Document] = [{"$match": conditions(listing)}]
    if listing.sort == "relevance":
        stages.append({"$set": {"score": {"$meta": "textScore"}}})

    def fetch(beyond: Document, count: int) -> CommandCursor[Document]:
        part: list[Document] = [
            {"$match": beyond},
            {"$sort": dict(sort)},
            {"$limit": count},
        ]
        return db.products.aggregate(stages + part, maxTimeMS=SECONDS * 1000)

    return paginate(sort, listing.limit, listing.after, fetch)


def facets(db: Database[Document], filters: Filters) -> dict[str, Any]:
    """Return how many of the products have which category, brand and attribute."""
    values: Document = {"value": "$_id", "count": 1, "_id": 0}

    def count_by(field: str) -> list[Document]:
        return [
            {"$unwind": f"${field}"},
            {"$match": {field: {"$ne": ""}}},
            {"$group": {"_id": f"${field}", "count": {"$sum": 1}}},
            {"$sort": {"count": -1, "_id": 1}},
            {"$limit": MAX_VALUES},
            {"$project": values},
        ]

    each: Document = {"value": "$_id.value", "count": "$count"}
    attributes: list[Document] = [
        {"$unwind": "$attributes"},
        {"$group": {"_id": "$attributes", "count": {"$sum": 1}}},
        {"$sort": {"count": -1, "_id": 1}},
        {"$group": {"_id": "$_id.name", "values": {"$push": each}}},
        {"$sort": {"_id": 1}},
        {"$limit": MAX_VALUES},
        {
            "$project": {
                "name": "$_id",
                "values": {"$slice": ["$values", MAX_VALUES]},
                "_id": 0,
            }
        },
    ]
    together: Document = {
        "categories": count_by("categories"),
        "brands": count_by("brand"),
        "attributes": attributes,
    }
    stages = [{"$match": conditions(filters)}, {"$facet": together}]
    return dict(next(db.products.aggregate(stages, maxTimeMS=SECONDS * 1000)))


def categories(db: Database[Document]) -> list[dict[str, Any]]:
    """Return every category that has products, with how many, parents first."""
    # All that this needs is in an index, and no product is read.
    stages: list[Document] = [
        {"$match": {"active": True}},
        {"$group": {"_id": "$category", "count": {"$sum": 1}}},
    ]
    counts: Counter[str] = Counter()
    for row in db.products.aggregate(stages, maxTimeMS=SECONDS * 1000):
        counts.update(dict.fromkeys(ancestors(row["_id"]), row["count"]))
    return [
        {"path": path, "name": path.rpartition("/")[2], "count": count}
        for path, count in sorted(counts.items())
    ]
