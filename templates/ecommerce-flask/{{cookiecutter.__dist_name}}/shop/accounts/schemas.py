"""What the routes of accounts take and give."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    EmailStr,
    Field,
    StringConstraints,
    model_validator,
)

from shop.core.pagination import DEFAULT_LIMIT, MAX_LIMIT
from shop.core.schemas import Answer, Name, Schema

type Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(str.lower)]
# A space at its end is part of a password.
type Password = Annotated[
    str, StringConstraints(strip_whitespace=False, min_length=1, max_length=200)
]
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


class PasswordResetRequest(Schema):
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


class AddressAnswer(Answer):
    """An address that an account has; its id is what a checkout names."""

    id: str
    name: str
    street: str
    city: str
    postal_code: str
    country: str


class Addresses(Answer):
    """All addresses of an account."""

    items: list[AddressAnswer]


class Me(Answer):
    """Somebody's own account."""

    id: str
    email: str
    name: str
    roles: list[str]
    addresses: list[AddressAnswer]


class MeChange(Schema):
    """What people change about themselves; the address of their mails is not in it."""

    name: Name


class PasswordChange(Schema):
    """The password of now, as proof, and the one from now on."""

    current: Password
    new: Password


class RolesChange(Schema):
    """What an account may be from now on."""

    roles: Annotated[
        list[Literal["customer", "support", "manager", "admin"]],
        Field(min_length=1, max_length=4),
    ]

    @model_validator(mode="after")
    def roles_differ(self) -> Self:
        """Refuse the same role twice."""
        if len(set(self.roles)) != len(self.roles):
            raise ValueError("each role is given once")
        return self


class UserAnswer(Answer):
    """An account as an admin sees it."""

    id: str
    email: str
    name: str
    roles: list[str]
    verified: bool


class UserPage(Answer):
    """Some accounts, and the cursor with which the next ones are asked for."""

    items: list[UserAnswer]
    next: str | None


class UserListing(Schema):
    """From where on accounts are listed, the newest first."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    after: Annotated[str, Field(max_length=2000)] | None = None


class Accepted(Answer):
    """An answer that is the same whatever happens next."""

    detail: str
