"""Which request is being served: its id and its address, known to pages and logs."""

from __future__ import annotations

import ipaddress
import re
import uuid
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest

VALID_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
current: ContextVar[HttpRequest | None] = ContextVar("current_request", default=None)


def identify(request: HttpRequest) -> str:
    """Give the request an id and its real address; return the id.

    Only a proxy of ours (NUM_PROXIES) is believed about either: each one appends the
    address that called it, so what a client invents stands further left.
    """
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    trusted = settings.NUM_PROXIES > 0 and VALID_ID.fullmatch(given)
    request.META["REQUEST_ID"] = given if trusted else uuid.uuid4().hex
    forwarded = request.META.pop("HTTP_X_FORWARDED_FOR", "").split(",")
    if 0 < settings.NUM_PROXIES <= len(forwarded):
        address = forwarded[-settings.NUM_PROXIES].strip()
        # Of nonsense, the proxy's own address is left: the safe thing to count by.
        with suppress(ValueError):
            request.META["REMOTE_ADDR"] = str(ipaddress.ip_address(address))
    return str(request.META["REQUEST_ID"])


def request_id(request: HttpRequest) -> str:
    """Return the id that the response, the logs and the error page carry."""
    return str(request.META.get("REQUEST_ID", ""))


def user_id(request: HttpRequest) -> int | None:
    """Return who is logged in, if that is known already: logging makes no query."""
    user = request.__dict__.get("_cached_user") or request.__dict__.get("_api_user")
    return user.pk if user else None


def is_api(request: HttpRequest) -> bool:
    """Return whether a program asks, which wants problem+json and not a page."""
    return request.path.startswith("/api/")
