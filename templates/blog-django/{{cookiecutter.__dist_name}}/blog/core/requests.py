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
    address = request.META.get("REMOTE_ADDR", "")
    if 0 < settings.NUM_PROXIES <= len(forwarded):
        # Of nonsense, the proxy's own address is left: the safe thing to count by.
        with suppress(ValueError):
            given = forwarded[-settings.NUM_PROXIES].strip()
            address = str(ipaddress.ip_address(given))
    request.META["CLIENT_ADDRESS"] = address
    request.META["REMOTE_ADDR"] = counted_as(address)
    return str(request.META["REQUEST_ID"])


def counted_as(address: str) -> str:
    """Return what all throttles count by: of IPv6 only the network.

    Every home has 2**64 addresses in one, so counting each would limit nobody.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address) or ip.is_loopback:
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.IPv6Address(int(ip) >> 64 << 64))


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
