"""What the routes of accounts take and give."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, EmailStr, Field

from app.accounts.access import Permission
from app.core.schemas import Answer, Name, Schema

type Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(str.lower)]
type Password = Annotated[str, Field(min_length=1, max_length=200)]
type Role = Literal["viewer", "operator", "admin"]
type Scope = Literal[
    Permission.READ,
    Permission.EXPORT,
    Permission.DEVICES,
    Permission.COMMAND,
    Permission.ALERTS,
]


class PasswordGrant(Schema):
    """OAuth 2.0's password grant (RFC 6749, 4.3.2): a form, the address as username."""

    grant_type: Literal["password"] = "password"
    username: Annotated[str, Field(min_length=1, max_length=254)]
    password: Password
    # Clients send these; a login here has all that its account may do.
    scope: Annotated[str, Field(max_length=200)] = ""
    client_id: Annotated[str, Field(max_length=200)] = ""
    client_secret: Annotated[str, Field(max_length=200)] = ""


class Refresh(Schema):
    """The refresh token that works now."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=2000)]


class TokensAnswer(Answer):
    """What a login gives."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 (a scheme, no secret)
    expires_in: int


class UserAnswer(Answer):
    """An account."""

    id: uuid.UUID
    email: str
    name: str
    role: Role
    active: bool
    created_at: datetime


class MeChange(Schema):
    """What people change about themselves."""

    name: Name


class PasswordChange(Schema):
    """The password of now, as proof, and the one from now on."""

    current: Password
    new: Password


class NewUser(Schema):
    """An account that an admin makes; its owner sets another password."""

    email: Email
    name: Name
    role: Role = "viewer"
    password: Password


class UserChange(Schema):
    """What an admin changes about an account; what is not given stays."""

    name: Name | None = None
    role: Role | None = None
    active: bool | None = None


class NewKey(Schema):
    """What a machine's key is called, and what it may do."""

    name: Name
    scopes: Annotated[set[Scope], Field(min_length=1, max_length=10)]


class KeyAnswer(Answer):
    """A key, without its secret."""

    id: uuid.UUID
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKeyAnswer(KeyAnswer):
    """A key that was just made, with its secret: it is shown this once."""

    secret: str
