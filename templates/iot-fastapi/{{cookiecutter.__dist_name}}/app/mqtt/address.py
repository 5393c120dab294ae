"""Where the broker is, and how one gets in: `MQTT_URL` taken apart."""

from __future__ import annotations

import hashlib
import hmac
import ssl
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from app.mqtt.topics import PLATFORM

if TYPE_CHECKING:
    from app.settings import Settings

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A broker and a user of it. `modern` is MQTT 5; the embedded one has 3.1.1."""

    host: str
    port: int
    username: str
    password: str
    tls: bool = False
    ca: str = ""
    modern: bool = True

    def tls_context(self) -> ssl.SSLContext | None:
        """Return what checks the broker's certificate, where there is TLS."""
        return ssl.create_default_context(cafile=self.ca or None) if self.tls else None

    def as_user(self, username: str, password: str) -> Address:
        """Return the same broker for another user."""
        return replace(self, username=username, password=password)


def is_embedded(settings: Settings) -> bool:
    """Whether the broker is this project's own: a URL that names no user."""
    return not settings.production and not urlsplit(settings.mqtt_url).username


def address_of(settings: Settings) -> Address:
    """Return the platform's address at the broker of `MQTT_URL`."""
    url = urlsplit(settings.mqtt_url)
    if is_embedded(settings):
        return Address(
            host=url.hostname or LOOPBACK,
            port=url.port or settings.mqtt_port,
            username=PLATFORM,
            password=embedded_password(settings),
            modern=False,
        )
    tls = url.scheme == "mqtts"
    return Address(
        host=url.hostname or LOOPBACK,
        port=url.port or (8883 if tls else 1883),
        username=unquote(url.username or PLATFORM),
        password=unquote(url.password or ""),
        tls=tls,
        ca=settings.mqtt_tls_ca,
    )


def embedded_password(settings: Settings) -> str:
    """Return the platform's password at its own broker: all its processes know it."""
    key = settings.secret_key.encode()
    return hmac.new(key, b"embedded broker", hashlib.sha256).hexdigest()
