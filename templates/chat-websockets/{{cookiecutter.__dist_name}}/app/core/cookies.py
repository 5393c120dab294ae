"""Cookies of browsers: a signed session, and the proof that a form is one of ours.

A request that changes something and is proven by a cookie has to come from a page of
ours (the browser says so in `Origin`) and to repeat the session's CSRF token.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Literal

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from app.core.config import BaseSettings
from app.core.errors import Problem

CSRF_HEADER, CSRF_FIELD = "X-CSRF-Token", "csrf_token"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

type Kind = Literal["session", "csrf"]


def name(settings: BaseSettings, kind: Kind) -> str:
    """Return the cookie's name; `__Host-` has browsers take it from nobody else."""
    return f"__Host-{kind}" if settings.production else kind


def write(
    response: Response,
    settings: BaseSettings,
    kind: Kind,
    value: str,
    seconds: int | None = None,
) -> None:
    """Set the cookie, signed: what we never gave out is not even looked up."""
    response.set_cookie(
        name(settings, kind),
        _serializer(settings, kind).dumps(value),
        max_age=seconds,
        secure=settings.production,
        httponly=True,
        samesite="lax",
    )


def read(connection: HTTPConnection, settings: BaseSettings, kind: Kind) -> str | None:
    """Return what the cookie says; None where there is none, or none of ours."""
    given = connection.cookies.get(name(settings, kind), "")
    try:
        return str(_serializer(settings, kind).loads(given))
    except BadSignature:
        return None


def delete(response: Response, settings: BaseSettings, kind: Kind) -> None:
    """Have the browser forget the cookie."""
    response.delete_cookie(
        name(settings, kind),
        secure=settings.production,
        httponly=True,
        samesite="lax",
    )


def new_csrf() -> str:
    """Return a new CSRF token."""
    return secrets.token_urlsafe(32)


async def require_csrf(
    request: Request, settings: BaseSettings, expected: str | None
) -> None:
    """Raise Problem 403 for a request that no page of ours has sent.

    `expected` is the token of the session; before a login, that of the cookie "csrf".
    """
    origin = request.headers.get("Origin")
    ours = {
        settings.public_url.rstrip("/"),
        f"{request.url.scheme}://{request.url.netloc}",
    }
    foreign = origin is not None and origin not in ours
    crossing = request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}
    given = request.headers.get(CSRF_HEADER, "")
    if not given and request.headers.get("Content-Type", "").startswith(FORMS):
        given = str((await request.form()).get(CSRF_FIELD, ""))
    equal = hmac.compare_digest(given.encode(), (expected or "").encode())
    if foreign or crossing or not expected or not equal:
        raise Problem(403, "The form is too old or not ours: load the page again.")


def _serializer(settings: BaseSettings, kind: Kind) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key, salt=f"cookie:{kind}")
