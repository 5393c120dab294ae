"""Pages by keyset: the next one begins after the last item, not at a number.

A page costs the same however far it is, and nothing is shown twice when something new
comes in. Source: https://use-the-index-luke.com/no-offset
"""

from __future__ import annotations

from typing import Any

from bson import json_util
from bson.errors import BSONError
from itsdangerous import BadSignature, URLSafeSerializer

from shop.core.errors import Problem
from shop.settings import current_settings

DEFAULT_LIMIT, MAX_LIMIT = 20, 100

# Fields in their order, each ascending (1) or descending (-1); the last one is unique.
type Sort = tuple[tuple[str, int], ...]


def cursor(sort: Sort, last: dict[str, Any]) -> str:
    """Return where the page after the item `last` begins, as a text for the client.

    It is signed, so that a client cannot ask the database for what it likes.
    """
    values = [last[name] for name, _ in sort]
    return str(_serializer(sort).dumps(json_util.dumps(values)))


def after(sort: Sort, given: str | None) -> dict[str, Any]:
    """Return the filter for what comes after a cursor; without one, for everything.

    Raises Problem 422 for a text that is no cursor of this order.
    """
    if given is None:
        return {}
    try:
        values = json_util.loads(_serializer(sort).loads(given))
    except (BadSignature, BSONError, ValueError) as error:
        message = "is not the `next` of a page in this order"
        errors = [{"field": "after", "message": message}]
        raise Problem(422, f"`after` {message}.", errors=errors) from error
    # (a, b) comes after (x, y) if a does, or if a equals x and b comes after y.
    ways = []
    for index, (name, direction) in enumerate(sort):
        same = {sort[before][0]: values[before] for before in range(index)}
        ways.append(same | {name: {"$gt" if direction > 0 else "$lt": values[index]}})
    return {"$or": ways}


def _serializer(sort: Sort) -> URLSafeSerializer:
    return URLSafeSerializer(current_settings().secret_key, salt=f"cursor:{sort}")
