"""What the shop earned, what it sells best and what runs out: by aggregation."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from shop.core.errors import Problem

if TYPE_CHECKING:
    from pymongo.database import Database

    from shop.database import Document

MAX_DAYS, USUAL_DAYS = 366, 30
MAX_ROWS = 100
BACK = ["cancelled", "refunded"]
MILLISECONDS = 5000


def period(first: date | None, last: date | None) -> Document:
    """Return the filter for orders paid on these days (UTC), both included.

    Without any, the last thirty. Raises Problem 422 for one that ends before it begins
    or is longer than a year.
    """
    end = last or datetime.now(UTC).date()
    begin = first or end - timedelta(days=USUAL_DAYS - 1)
    if not 0 <= (end - begin).days < MAX_DAYS:
        raise Problem(422, f"A period has 1 to {MAX_DAYS} days.")
    from_ = datetime.combine(begin, time(), UTC)
    until = datetime.combine(end, time(), UTC) + timedelta(days=1)
    return {"paid_at": {"$gte": from_, "$lt": until}}


def revenue(db: Database[Document], which: Document) -> list[dict[str, Any]]:
    """Return for each day: orders, what was paid, what went back and what stays."""
    back = {"$cond": [{"$in": ["$state", BACK]}, "$total", 0]}
    day = {"$dateToString": {"date": "$paid_at", "format": "%Y-%m-%d"}}
    stages: list[Document] = [
        {"$match": which},
        {
            "$group": {
                "_id": day,
                "orders": {"$sum": 1},
                "gross": {"$sum": "$total"},
                "refunded": {"$sum": back},
            }
        },
        {"$sort": {"_id": 1}},
        {
            "$project": {
                "_id": 0,
                "day": "$_id",
                "orders": 1,
                "gross": 1,
                "refunded": 1,
                "net": {"$subtract": ["$gross", "$refunded"]},
            }
        },
    ]
    return list(db.orders.aggregate(stages, maxTimeMS=MILLISECONDS))


def best_sellers(
    db: Database[Document], which: Document, limit: int
) -> list[dict[str, Any]]:
    """Return the SKUs of which most were sold, with how many and for how much."""
    stages: list[Document] = [
        {"$match": which | {"state": {"$nin": BACK}}},
        {"$unwind": "$lines"},
        {
            "$group": {
                "_id": "$lines.sku",
                "name": {"$last": "$lines.name"},
                "quantity": {"$sum": "$lines.quantity"},
                "revenue": {"$sum": "$lines.total"},
            }
        },
        {"$sort": {"quantity": -1, "_id": 1}},
        {"$limit": limit},
        {"$set": {"sku": "$_id"}},
    ]
    return list(db.orders.aggregate(stages, maxTimeMS=MILLISECONDS))


def low_stock(db: Database[Document], mark: int) -> list[dict[str, Any]]:
    """Return the SKUs of which at most `mark` may be ordered, the fewest first."""
    stages: list[Document] = [
        {"$match": {"available": {"$lte": mark}}},
        {"$sort": {"available": 1, "_id": 1}},
        {
            "$lookup": {
                "from": "products",
                "localField": "_id",
                "foreignField": "variants.sku",
                "as": "product",
            }
        },
        {"$unwind": "$product"},
        {"$match": {"product.active": True}},
        # Only now: what is not sold any more would take the place of what is.
        {"$limit": MAX_ROWS},
        {
            "$project": {
                "_id": 0,
                "sku": "$_id",
                "name": "$product.name",
                "available": 1,
            }
        },
    ]
    return list(db.stock.aggregate(stages, maxTimeMS=MILLISECONDS))
