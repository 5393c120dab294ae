"""Which request is being served: its id, and the address that throttles count by."""

from __future__ import annotations

import ipaddress
import re
import uuid

from starlette.requests import HTTPConnection
from starlette.types import Scope

VALID_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def header(scope: Scope, name: bytes) -> str:
    """Return the value of a header, "" if it is not there.

    One that comes twice is a list: a proxy may add its line to one that a client made
    up (RFC 9110, section 5.3).
    """
    found = [value for key, value in scope["headers"] if key == name]
    return b", ".join(found).decode("latin-1")


def identify(scope: Scope, num_proxies: int) -> str:
    """Give the request an id: the one of a proxy of ours, or a new one."""
    given = header(scope, b"x-request-id")
    trusted = num_proxies > 0 and VALID_ID.fullmatch(given)
    made = given if trusted else uuid.uuid4().hex
    scope.setdefault("state", {})["request_id"] = made
    return made


def forwarded(scope: Scope, num_proxies: int) -> None:
    """Believe our proxies, and nobody before them, who asks and by which scheme."""
    hops = [hop.strip() for hop in header(scope, b"x-forwarded-for").split(",")]
    if num_proxies and len(hops) >= num_proxies and hops[-num_proxies]:
        scope["client"] = (hops[-num_proxies], 0)
    scheme = header(scope, b"x-forwarded-proto").split(",")[-1].strip()
    if num_proxies and scheme in {"http", "https"}:
        secure = scheme == "https"
        web = scope["type"] == "http"
        scope["scheme"] = ("http" if web else "ws") + ("s" if secure else "")


def network(given: str) -> str:
    """Return what counts as one client: an address, of IPv6 its network.

    Every home has 2**64 addresses of version 6, so counting each would limit nobody.
    """
    try:
        ip = ipaddress.ip_address(given)
    except ValueError:
        return given
    if isinstance(ip, ipaddress.IPv4Address) or ip.is_loopback:
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.IPv6Address(int(ip) >> 64 << 64))


def client_address(connection: HTTPConnection) -> str:
    """Return what throttles count this client by."""
    return network(connection.client.host if connection.client else "")
