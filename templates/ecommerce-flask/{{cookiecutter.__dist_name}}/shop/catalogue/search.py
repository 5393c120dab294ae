"""Finding products: filters, full text, orders with their cursors, and facets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shop.core.pagination import Sort, after, cursor

if TYPE_CHECKING:
    from pymongo.database import Database

    from shop.catalogue.schemas import Filters, Listing, SortName
    from shop.database import Document

# Each has an index of its own (see database/collections.py), but for the score.
SORTS: dict[SortName, Sort] = {
    "newest": (("_id", -1),),
    "price_asc": (("price_min", 1), ("_id", 1)),
    "price_desc": (("price_min", -1), ("_id", -1)),
    "name": (("name", 1), ("_id", 1)),
    "relevance": (("score", -1), ("_id", -1)),
}
SECONDS = 5
MOST_VALUES = 50


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
        query["price_min"] = limits
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
    following = after(sort, listing.after)
    stages: list[Document] = [{"$match": conditions(listing)}]
    if listing.sort == "relevance":
        stages.append({"$set": {"score": {"$meta": "textScore"}}})
    if following:
        stages.append({"$match": following})
    stages += [{"$sort": dict(sort)}, {"$limit": listing.limit + 1}]
    found = list(db.products.aggregate(stages, maxTimeMS=SECONDS * 1000))
    more = len(found) > listing.limit
    items = found[: listing.limit]
    return items, cursor(sort, items[-1]) if more else None


def facets(db: Database[Document], filters: Filters) -> dict[str, Any]:
    """Return how many of the products have which category, brand and attribute."""
    values: Document = {"value": "$_id", "count": 1, "_id": 0}

    def counted(field: str) -> list[Document]:
        return [
            {"$unwind": f"${field}"},
            {"$match": {field: {"$ne": ""}}},
            {"$group": {"_id": f"${field}", "count": {"$sum": 1}}},
            {"$sort": {"count": -1, "_id": 1}},
            {"$limit": MOST_VALUES},
            {"$project": values},
        ]

    each: Document = {"value": "$_id.value", "count": "$count"}
    attributes: list[Document] = [
        {"$unwind": "$attributes"},
        {"$group": {"_id": "$attributes", "count": {"$sum": 1}}},
        {"$sort": {"count": -1, "_id": 1}},
        {"$group": {"_id": "$_id.name", "values": {"$push": each}}},
        {"$sort": {"_id": 1}},
        {"$limit": MOST_VALUES},
        {
            "$project": {
                "name": "$_id",
                "values": {"$slice": ["$values", MOST_VALUES]},
                "_id": 0,
            }
        },
    ]
    together: Document = {
        "categories": counted("categories"),
        "brands": counted("brand"),
        "attributes": attributes,
    }
    stages = [{"$match": conditions(filters)}, {"$facet": together}]
    return dict(next(db.products.aggregate(stages, maxTimeMS=SECONDS * 1000)))


def categories(db: Database[Document]) -> list[dict[str, Any]]:
    """Return every category that has products, with how many, parents first."""
    stages: list[Document] = [
        {"$match": {"active": True}},
        {"$unwind": "$categories"},
        {"$group": {"_id": "$categories", "count": {"$sum": 1}}},
        {"$sort": {"_id": 1}},
    ]
    return [
        {
            "path": row["_id"],
            "name": row["_id"].rpartition("/")[2],
            "count": row["count"],
        }
        for row in db.products.aggregate(stages, maxTimeMS=SECONDS * 1000)
    ]
