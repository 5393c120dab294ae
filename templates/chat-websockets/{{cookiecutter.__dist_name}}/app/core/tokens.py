"""JWT: how tokens are signed and checked; whose session they belong to is elsewhere.

The algorithm is pinned, and audience, issuer, time and kind have to be right: a token
to refresh with opens nothing. Source: RFC 8725.
"""

from __future__ import annotations

import time
import uuid
from typing import Any, Literal

import jwt

from app.core.config import BaseSettings
from app.core.errors import Problem

ALGORITHM = "HS256"
# Clocks of two machines differ a little; a token may come from the one ahead.
LEEWAY_SECONDS = 10
REQUIRED = ["aud", "exp", "iat", "iss", "jti", "sid", "sub", "typ"]

type Kind = Literal["access", "refresh"]


def encode(
    settings: BaseSettings, kind: Kind, *, subject: str, session: str, seconds: int
) -> tuple[str, str]:
    """Return a token, and its own id."""
    now, token_id = int(time.time()), uuid.uuid4().hex
    claims = {
        "iss": settings.public_url,
        "aud": audience(settings),
        "iat": now,
        "exp": now + seconds,
        "jti": token_id,
        "typ": kind,
        "sub": subject,
        "sid": session,
    }
    return jwt.encode(claims, settings.jwt_signing_key, ALGORITHM), token_id


def decode(settings: BaseSettings, kind: Kind, token: str) -> dict[str, Any]:
    """Return the claims of a token; raise Problem 401 for one that does not count."""
    try:
        claims = jwt.decode(
            token,
            settings.jwt_signing_key,
            algorithms=[ALGORITHM],
            audience=audience(settings),
            issuer=settings.public_url,
            leeway=LEEWAY_SECONDS,
            options={"require": REQUIRED},
        )
    except jwt.ExpiredSignatureError as error:
        raise unauthorized("The token has expired.") from error
    except jwt.InvalidTokenError as error:
        raise unauthorized("The token is not valid.") from error
    if claims["typ"] != kind:
        raise unauthorized("The token is not valid.")
    return claims


def audience(settings: BaseSettings) -> str:
    """Return whom our tokens are for: this API and no other."""
    return f"{settings.public_url}/api"


def unauthorized(detail: str) -> Problem:
    """Return the refusal of whoever is not, or no longer, logged in."""
    return Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
