"""What the routes of reviews take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from shop.core.pagination import DEFAULT_LIMIT, MAX_LIMIT
from shop.core.schemas import Answer, Schema


class ReviewInput(Schema):
    """What a buyer says: 1 to 5, and why."""

    rating: Annotated[int, Field(ge=1, le=5, strict=True)]
    text: Annotated[str, Field(max_length=2000)] = ""


class Moderation(Schema):
    """Whether everybody sees a review."""

    hidden: Annotated[bool, Field(strict=True)]


class Listing(Schema):
    """From where on reviews are listed, the newest first."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    after: Annotated[str, Field(max_length=2000)] | None = None


class ReviewAnswer(Answer):
    """A review as everybody sees it."""

    id: str
    author: str
    rating: int
    text: str
    hidden: bool
    created_at: datetime


class ReviewPage(Answer):
    """Some reviews, and the cursor with which the next ones are asked for."""

    items: list[ReviewAnswer]
    next: str | None
