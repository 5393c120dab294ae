"""Webhooks: signed, so that the receiver knows who sent it; and never to ourselves.

The header is `t=SECONDS,v1=HEX`, the HMAC-SHA256 of `t.body`. An address that people
type in could lead to what only this machine reaches, such as a cloud's metadata
service. So the name is resolved here, each address is looked at, and the connection
goes to that very address: a name that changes between two look-ups gains nothing.
Source: https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import socket
import ssl
import time
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2

if TYPE_CHECKING:
    from app.alerts.models import Channel
    from app.settings import Settings

SECONDS = 10
TOLERANCE_SECONDS = 300
# IPv6 addresses with an IPv4 address in them: NAT64 translates to it.
NAT64 = ipaddress.ip_network("64:ff9b::/96")

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotDeliveredError(Exception):
    """The webhook was not taken; it may be later."""


def secret_of(settings: Settings, channel: Channel) -> str:
    """Return the secret that a webhook's receiver checks signatures with."""
    message = f"webhook:{channel.id}:{channel.generation}".encode()
    key = settings.webhook_signing_key.encode()
    return f"whsec_{hmac.new(key, message, hashlib.sha256).hexdigest()}"


def sign(secret: str, body: bytes, now: float | None = None) -> str:
    """Return the header for a body that is sent now."""
    seconds = str(int(time.time() if now is None else now))
    return f"t={seconds},v1={_digest(secret, seconds, body)}"


def verify(secret: str, header: str, body: bytes, now: float | None = None) -> bool:
    """Whether a header is right and fresh: what a receiver does, in five lines."""
    seconds, _, given = header.removeprefix("t=").partition(",v1=")
    if not (seconds.isascii() and seconds.isdigit() and given.isascii()):
        return False
    age = abs((time.time() if now is None else now) - int(seconds))
    right = hmac.compare_digest(_digest(secret, seconds, body), given)
    return right and age <= TOLERANCE_SECONDS


def _digest(secret: str, seconds: str, body: bytes) -> str:
    message = seconds.encode() + b"." + body
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def is_public(text: str) -> bool:
    """Whether an address is one of the internet, and of nothing nearer."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if address.teredo or (inner and not inner.is_global):
            return False
        if address.is_reserved and not inner:
            return False  # such as ::127.0.0.1
    return address.is_global and not address.is_multicast


async def resolve(host: str, port: int, *, private: bool) -> str:
    """Return an address of the host; without `private`, all have to be public.

    Raises NotDeliveredError, which does not tell what an address inside is.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotDeliveredError("The name of the host is not known.") from error
    addresses = [str(one[4][0]) for one in found]
    if not addresses or not (private or all(map(is_public, addresses))):
        raise NotDeliveredError("The host is not on the internet.")
    return addresses[0]


async def post(settings: Settings, channel: Channel, body: bytes) -> None:
    """Deliver a body. Raises NotDeliveredError unless it is taken within ten seconds.

    Production speaks to public addresses by https alone; redirects are not followed.
    """
    try:
        async with asyncio.timeout(SECONDS):
            status = await _post(settings, channel, body)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:  # and TimeoutError
        raise NotDeliveredError(type(error).__name__) from error
    if not 200 <= status < 300:
        raise NotDeliveredError(f"It answered {status}.")


@cache
def _trusted() -> ssl.SSLContext:
    # Reading all authorities takes longer than anything else in here.
    return ssl.create_default_context()


async def _post(settings: Settings, channel: Channel, body: bytes) -> int:
    url = urlsplit(channel.target)
    if url.scheme != "https" and (settings.production or url.scheme != "http"):
        raise NotDeliveredError("The address does not begin with https://.")
    host = url.hostname or ""
    port = url.port or (443 if url.scheme == "https" else 80)
    address = await resolve(host, port, private=not settings.production)
    literal = f"[{address}]" if ":" in address else address
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    headers = {
        "Host": url.netloc.rpartition("@")[2],
        "Content-Type": "application/json",
        "X-Signature": sign(secret_of(settings, channel), body),
    }
    # The certificate has to be that of the name, though the address is dialled.
    extensions = {"sni_hostname": host}
    # No proxy of the environment: it would resolve the name again.
    async with (
        httpx2.AsyncClient(
            verify=_trusted(), trust_env=False, follow_redirects=False
        ) as client,
        client.stream(
            "POST",
            f"{url.scheme}://{literal}:{port}{path}",
            content=body,
            headers=headers,
            extensions=extensions,
        ) as answer,
    ):
        return answer.status_code  # the body is not read: it may have no end
