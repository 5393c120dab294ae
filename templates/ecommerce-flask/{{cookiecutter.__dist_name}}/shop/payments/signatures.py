"""Signed webhooks: who sent it, unchanged, and just now.

The header is `t=SECONDS,v1=HEX`, the HMAC-SHA256 of `t.body`.
Source: https://docs.stripe.com/webhooks#verify-manually
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time

from shop.core.errors import Problem

WINDOW_SECONDS = 300
HEADER = re.compile(r"t=(?P<time>\d{1,12}),v1=(?P<digest>[0-9a-f]{64})")


def sign(secret: str, body: bytes, now: float | None = None) -> str:
    """Return the header for a body that is sent now."""
    seconds = str(int(time.time() if now is None else now))
    return f"t={seconds},v1={digest(secret, seconds, body)}"


def check(secret: str, header: str, body: bytes) -> None:
    """Raise Problem 400 unless the header is right and at most five minutes old."""
    given = HEADER.fullmatch(header)
    if given is None:
        raise Problem(400, "The webhook has no signature.")
    if not hmac.compare_digest(digest(secret, given["time"], body), given["digest"]):
        raise Problem(400, "The signature of the webhook is wrong.")
    if abs(time.time() - int(given["time"])) > WINDOW_SECONDS:
        raise Problem(400, "The webhook is too old, or of the future.")


def digest(secret: str, seconds: str, body: bytes) -> str:
    """Return the signature of a body at a time."""
    message = seconds.encode() + b"." + body
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
