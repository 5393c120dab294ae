"""What every schema of the API has in common: unknown fields are refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Schema(BaseModel):
    """A request: nothing but its fields, text without space around it."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, str_max_length=2000
    )


class Answer(BaseModel):
    """A response: of what it is made from, nothing but its fields."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)


type Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
