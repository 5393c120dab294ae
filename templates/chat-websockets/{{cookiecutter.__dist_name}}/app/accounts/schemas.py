"""What the routes of accounts take and give."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, EmailStr, Field, StringConstraints

from app.core.schemas import Answer, Schema

type Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(str.lower)]
type Password = Annotated[str, Field(min_length=1, max_length=200)]
type Secret = Annotated[str, Field(min_length=1, max_length=200)]
type Role = Literal["person", "admin"]
# What stands behind the @ of a mention.
type Handle = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{2,30}$")]
# Not in a name: what controls, what is not to be seen, what turns the line around.
UNSEEN = r"\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u2069\u3164\ufeff"
type ShortName = Annotated[
    str, StringConstraints(min_length=1, max_length=50, pattern=rf"^[^{UNSEEN}]+$")
]
# Lines are kept; what PostgreSQL cannot store is not.
type About = Annotated[
    str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x08\x0e-\x1f\x7f]*$")
]


class PasswordGrant(Schema):
    """OAuth 2.0's password grant (RFC 6749, 4.3.2): a form, the address as username."""

    grant_type: Literal["password"] = "password"
    username: Annotated[
        str, StringConstraints(min_length=1, max_length=254, pattern=r"^[^\x00]+$")
    ]
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


class SignUp(Schema):
    """The account that somebody would like to have."""

    email: Email
    handle: Handle
    name: ShortName
    password: Password


class Proof(Schema):
    """What was mailed: it works once."""

    token: Secret


class ResetRequest(Schema):
    """The address of whoever forgot their password."""

    email: Email


class Reset(Schema):
    """What was mailed, and the password from now on."""

    token: Secret
    password: Password


class MeAnswer(Answer):
    """One's own account."""

    id: uuid.UUID
    email: str
    handle: str
    name: str
    about: str
    role: Role
    created_at: datetime


class MeChange(Schema):
    """What people change about themselves; what is not given stays."""

    name: ShortName | None = None
    about: About | None = None


class PasswordChange(Schema):
    """The password of now, as proof, and the one from now on."""

    current: Password
    new: Password


class SessionAnswer(Answer):
    """One of one's logins."""

    id: str
    kind: str  # of a browser "cookie", of a program "refresh"
    agent: str
    this: bool  # whether it is the one that asks
    created_at: datetime
    expires_at: datetime


class ProfileAnswer(Answer):
    """What everybody may know of somebody."""

    id: uuid.UUID
    handle: str
    name: str
    about: str
    bot: bool
    created_at: datetime


class UserChange(Schema):
    """What an admin changes about an account; what is not given stays."""

    role: Role | None = None
    active: bool | None = None


class TicketAnswer(Answer):
    """What opens one socket, once, as the subprotocol `ticket.…`."""

    ticket: str
    expires_in: int
