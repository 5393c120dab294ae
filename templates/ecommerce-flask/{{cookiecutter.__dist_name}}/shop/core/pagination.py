"""Pages by keyset: the next one begins after the last item, not at a number.

A page costs the same however far it is, and nothing is shown twice when something new
comes in. Sources: https://use-the-index-luke.com/no-offset, and for why there is no
`$or` tests/test_explain.py, which counts what MongoDB looks at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bson import json_util
from bson.errors import BSONError
from itsdangerous import BadSignature, URLSafeSerializer

from shop.core.errors import Problem
from shop.settings import current_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from shop.database import Document

DEFAULT_LIMIT, MAX_LIMIT = 20, 100

# Fields in their order, each ascending (1) or descending (-1); the last one is unique.
type Sort = tuple[tuple[str, int], ...]


def paginate(
    sort: Sort,
    limit: int,
    given: str | None,
    fetch: Callable[[Document, int], Iterable[Document]],
) -> tuple[list[Document], str | None]:
    """Return the items of the page after a cursor, and the cursor of the next one.

    `fetch` gives what a filter finds, in this order, and at most so many of it.
    Raises Problem 422 for a text that is no cursor of this order.
    """
    found: list[Document] = []
    for beyond in after(sort, given):
        if len(found) <= limit:
            found += fetch(beyond, limit + 1 - len(found))
    items = found[:limit]
    return items, cursor(sort, items[-1]) if len(found) > limit else None


def cursor(sort: Sort, last: Document) -> str:
    """Return where the page after the item `last` begins, as a text for the client.

    It is signed, so that a client cannot ask the database for what it likes.
    """
    values = [last[name] for name, _ in sort]
    return str(_serializer(sort).dumps(json_util.dumps(values)))


def after(sort: Sort, given: str | None) -> list[Document]:
    """Return filters that find, one after the other, what comes after a cursor.

    (a, b) comes after (x, y) if a equals x and b comes after y; when there is no more
    of that, if a comes after x. Either is one stretch of the index. In one `$or`,
    MongoDB may read from the first page on, or everything with the same price.

    Raises Problem 422 for a text that is no cursor of this order.
    """
    if given is None:
        return [{}]
    try:
        values: list[Any] = json_util.loads(_serializer(sort).loads(given))
    except (BadSignature, BSONError, ValueError) as error:
        message = "is not the `next` of a page in this order"
        errors = [{"field": "after", "message": message}]
        raise Problem(422, f"`after` {message}.", errors=errors) from error
    ways = []
    for index, (name, direction) in enumerate(sort):
        same = {sort[before][0]: values[before] for before in range(index)}
        ways.append(same | {name: {"$gt" if direction > 0 else "$lt": values[index]}})
    return ways[::-1]


def _serializer(sort: Sort) -> URLSafeSerializer:
    return URLSafeSerializer(current_settings().secret_key, salt=f"cursor:{sort}")
