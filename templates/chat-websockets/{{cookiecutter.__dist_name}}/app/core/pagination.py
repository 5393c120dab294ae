"""Pages by keyset: the next one begins after the last item, not at a number.

A page costs the same however far it is, and nothing is shown twice when something new
comes in. Source: https://use-the-index-luke.com/no-offset
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from itsdangerous import BadSignature, URLSafeSerializer
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.core.config import BaseSettings
from app.core.errors import invalid
from app.core.schemas import Schema

DEFAULT_LIMIT, MAX_LIMIT = 20, 100

type Columns = Sequence[InstrumentedAttribute[Any]]


class Listing(Schema):
    """From where on something is listed; a list that has filters adds its fields."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    after: Annotated[str, Field(max_length=1000)] | None = None


async def keyset[T](
    session: AsyncSession,
    settings: BaseSettings,
    query: sa.Select[T],
    columns: Columns,
    listing: Listing,
    *,
    descending: bool = False,
) -> tuple[Sequence[T], str | None]:
    """Return the items of a page in the order of `columns`, and the next one's cursor.

    The columns are of what the query selects, are never NULL, and are unique together:
    an index over them answers the query. Raises Problem 422 for a text that is no
    cursor of this order.
    """
    serializer = _serializer(settings, columns, descending=descending)
    order = [column.desc() if descending else column for column in columns]
    if listing.after is not None:
        key, beyond = sa.tuple_(*columns), _values(serializer, columns, listing.after)
        query = query.where(key < beyond if descending else key > beyond)
    found = (
        await session.scalars(query.order_by(*order).limit(listing.limit + 1))
    ).all()
    items = found[: listing.limit]
    if len(found) <= listing.limit:
        return items, None
    last = [_written(getattr(items[-1], column.key)) for column in columns]
    return items, str(serializer.dumps(last))


def _values(serializer: URLSafeSerializer, columns: Columns, given: str) -> sa.Tuple:
    try:
        texts = serializer.loads(given)
    except BadSignature as error:
        raise invalid("after", "is not the `next` of a page in this order") from error
    pairs = zip(texts, columns, strict=True)
    return sa.tuple_(*(sa.literal(_read(text), one.type) for text, one in pairs))


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    return {"id": str(value)} if isinstance(value, uuid.UUID) else value


def _read(value: Any) -> Any:
    match value:
        case {"time": text}:
            return datetime.fromisoformat(text)
        case {"id": text}:
            return uuid.UUID(text)
    return value


def _serializer(
    settings: BaseSettings, columns: Columns, *, descending: bool
) -> URLSafeSerializer:
    # Signed, so that a client cannot ask the database for what it likes; and for this
    # order alone, so that no other values arrive.
    names = ",".join(f"{column.class_.__name__}.{column.key}" for column in columns)
    return URLSafeSerializer(settings.secret_key, salt=f"cursor:{names}:{descending}")
