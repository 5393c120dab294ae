"""JWT: short access tokens, and refresh tokens that work once.

All refresh tokens that come from one login are a family. A token that was used before
is used again by a thief, or by a client whose token a thief used: the family ends.
Source: RFC 9700, section 4.14.2.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from bson import ObjectId
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jti,
)

from shop.core.errors import Problem, answer
from shop.database import get_db
from shop.settings import current_settings

if TYPE_CHECKING:
    from flask import Flask, Response
    from pymongo.database import Database

    from shop.database import Document
    from shop.settings import Settings

ALGORITHM = "HS256"
# How far apart the clocks of two servers may be.
LEEWAY_SECONDS = 10
AUDIENCE = ISSUER = "shop"
log = structlog.get_logger("security")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a login gives."""

    access_token: str
    refresh_token: str
    expires_in: int
    user_id: ObjectId


def register(app: Flask, settings: Settings) -> None:
    """Pin how tokens are signed and checked, and answer refusals as problems."""
    app.config.update(
        JWT_SECRET_KEY=settings.jwt_signing_key,
        JWT_ALGORITHM=ALGORITHM,
        JWT_DECODE_ALGORITHMS=[ALGORITHM],
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_ENCODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_LEEWAY=LEEWAY_SECONDS,
        JWT_TOKEN_LOCATION=["headers"],
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(seconds=settings.access_seconds),
        JWT_REFRESH_TOKEN_EXPIRES=timedelta(days=settings.refresh_days),
    )
    manager = JWTManager(app)
    manager.unauthorized_loader(lambda _reason: refuse("Log in first."))
    manager.invalid_token_loader(lambda _reason: refuse("The token is not valid."))
    manager.expired_token_loader(lambda *_: refuse("The token has expired."))
    manager.revoked_token_loader(lambda *_: refuse("The login has ended."))
    manager.token_in_blocklist_loader(has_ended)


def refuse(detail: str) -> Response:
    """Answer a request whose token does not count."""
    headers = {"WWW-Authenticate": 'Bearer realm="shop"'}
    return answer(Problem(401, detail, headers=headers))


def has_ended(_header: Document, claims: Document) -> bool:
    """Return whether the login of this token has ended, which counts at once."""
    session = get_db().sessions.find_one({"_id": claims.get("fam")})
    return session is None or session["revoked_at"] is not None


def open_session(
    db: Database[Document], user_id: ObjectId, agent: str, place: str = ""
) -> Tokens:
    """Begin a family for the user, who is at `place`, and return its first tokens."""
    family, now = str(uuid.uuid4()), datetime.now(UTC)
    tokens = issue(user_id, family)
    db.sessions.insert_one(
        {
            "_id": family,
            "user_id": user_id,
            "current": get_jti(tokens.refresh_token),
            "created_at": now,
            "expires_at": now + timedelta(days=current_settings().refresh_days),
            "revoked_at": None,
            "agent": agent[:200],
            "place": place,
        }
    )
    return tokens


def known_place(db: Database[Document], email: str, place: str) -> bool:
    """Return whether somebody has logged in to the account from there."""
    user = db.users.find_one({"email": email}, {"_id": 1}) or {"_id": None}
    which = {"user_id": user["_id"], "place": place}
    return db.sessions.find_one(which, {"_id": 1}) is not None


def rotate(db: Database[Document], claims: dict[str, Any]) -> Tokens:
    """Return new tokens for the claims of a refresh token, which is used up by that.

    Raises Problem 401 for one that was used before, and ends its family.
    """
    family, user_id = claims["fam"], ObjectId(claims["sub"])
    tokens = issue(user_id, family)
    # Of two at once, one finds its token current. The login lasts as long as its token.
    expires_at = datetime.now(UTC) + timedelta(days=current_settings().refresh_days)
    used = db.sessions.update_one(
        {"_id": family, "current": claims["jti"], "revoked_at": None},
        {"$set": {"current": get_jti(tokens.refresh_token), "expires_at": expires_at}},
    )
    if used.matched_count:
        return tokens
    log.warning("refresh token used again", user_id=str(user_id))
    close(db, family)
    raise Problem(401, "The token was used before: log in again.")


def issue(user_id: ObjectId, family: str) -> Tokens:
    """Return a pair of tokens of the family."""
    claims = {"fam": family}
    access = create_access_token(str(user_id), additional_claims=claims)
    refresh = create_refresh_token(str(user_id), additional_claims=claims)
    return Tokens(access, refresh, current_settings().access_seconds, user_id)


def close(db: Database[Document], family: str) -> None:
    """End one login: none of its tokens counts from now on."""
    _revoke(db, {"_id": family})


def close_all(db: Database[Document], user_id: ObjectId) -> None:
    """End every login of the user, as after a new password."""
    _revoke(db, {"user_id": user_id})


def _revoke(db: Database[Document], which: Document) -> None:
    now = {"$set": {"revoked_at": datetime.now(UTC)}}
    db.sessions.update_many(which | {"revoked_at": None}, now)
