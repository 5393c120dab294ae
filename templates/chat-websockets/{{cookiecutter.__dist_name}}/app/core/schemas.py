"""What every schema of the API has in common: unknown fields are refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Schema(BaseModel):
    """A request: nothing but its fields, text without space around it or NUL in it.

    Numbers are numbers and not texts that look like some: JSON knows the difference.
    """

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, str_max_length=2000
    )


class Answer(BaseModel):
    """A response: of what it is made from, nothing but its fields."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)


class Page[T](Answer):
    """Some items, and the cursor with which the next ones are asked for."""

    items: list[T]
    next: str | None = None


# PostgreSQL stores no NUL in a text, and nobody needs one.
type Name = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
]
