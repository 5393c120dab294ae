"""Which request is being served: its id, its address and whose it is."""

from __future__ import annotations

import ipaddress
import re
import uuid
from typing import TYPE_CHECKING, Any

from flask import g, request
from flask.json.provider import DefaultJSONProvider

if TYPE_CHECKING:
    from bson import ObjectId

VALID_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class Json(DefaultJSONProvider):
    """Reads a body; one that is nested too deeply is a bad one, no mistake of ours.

    No body at all counts as `{}`: a schema says what is missing.
    """

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Return what the text says; raise ValueError for a text that is no JSON."""
        if not s:
            return {}
        try:
            return super().loads(s, **kwargs)
        except RecursionError as error:
            raise ValueError("It is nested too deeply.") from error


def identify(num_proxies: int) -> None:
    """Give the request an id: the one of a proxy of ours, or a new one."""
    given = request.headers.get("X-Request-ID", "")
    trusted = num_proxies > 0 and VALID_ID.fullmatch(given)
    g.request_id = given if trusted else uuid.uuid4().hex


def request_id() -> str:
    """Return the id that the response, the logs and a problem carry."""
    return str(g.get("request_id", ""))


def user_id() -> str | None:
    """Return who is logged in, if that is known already: logging makes no query."""
    found: ObjectId | None = g.get("user_id")
    return str(found) if found else None


def client_address() -> str:
    """Return what throttles count by: the client's address, of IPv6 its network.

    Every home has 2**64 addresses of version 6, so counting each would limit nobody.
    """
    given = request.remote_addr or ""
    try:
        ip = ipaddress.ip_address(given)
    except ValueError:
        return given
    if isinstance(ip, ipaddress.IPv4Address) or ip.is_loopback:
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.IPv6Address(int(ip) >> 64 << 64))
