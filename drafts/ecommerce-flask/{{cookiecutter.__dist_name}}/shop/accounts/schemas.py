"""What the routes of accounts take and give."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, EmailStr, Field, StringConstraints

from shop.core.schemas import Answer, Name, Schema

type Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(str.lower)]
type Password = Annotated[str, Field(min_length=1, max_length=200)]
type SignedToken = Annotated[str, Field(min_length=1, max_length=1000)]


class Address(Schema):
    """Where something is sent; the country is its ISO 3166 code of two letters."""

    name: Name
    street: Name
    city: Name
    postal_code: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class Registration(Schema):
    """A new customer."""

    email: Email
    name: Name
    password: Password


class Verification(Schema):
    """The token that the mail brought."""

    token: SignedToken


class Login(Schema):
    """Who, and the proof."""

    email: Email
    password: Password
    cart_token: SignedToken | None = None


class Forgotten(Schema):
    """Whose password is to be set anew."""

    email: Email


class Reset(Schema):
    """The token that the mail brought, and the new password."""

    token: SignedToken
    password: Password


class TokensAnswer(Answer):
    """What a login gives."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 (a scheme, no secret)
    expires_in: int


class Me(Answer):
    """Somebody's own account."""

    id: str
    email: str
    name: str
    roles: list[str]


class Accepted(Answer):
    """An answer that is the same whatever happens next."""

    detail: str
