"""A provider for development: it takes no money, but calls back over real HTTP.

What it charged is kept until the shop has answered its webhook, so that a shop that was
away hears of it later: `redeliver` is called by the relay.
"""

from __future__ import annotations

import http.client
import json
import urllib.request
import uuid
from typing import TYPE_CHECKING, Literal

import structlog
from pydantic import TypeAdapter
from pymongo.errors import DuplicateKeyError

from shop.core.errors import Problem
from shop.payments import providers, signatures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymongo.database import Database

    from shop.database import Document
    from shop.settings import Settings

HEADER = "Shop-Signature"
TIMEOUT_SECONDS = 5
# The shop calls itself: no proxy of the environment can know the way there.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
log = structlog.get_logger("payments")
EVENT = TypeAdapter(providers.Event)
type Outcome = Literal["succeeded", "failed"]


class FakeProvider:
    """Takes every payment, or refuses it, as the test or the reader says."""

    name = "fake"

    def __init__(self, settings: Settings, db: Database[Document]) -> None:
        """Keep the charges in the shop's own database."""
        self.settings, self.db = settings, db

    def create(self, order: Document, attempt: int) -> providers.Intent:
        """Return a reference that nobody can guess, and where it is paid."""
        key = f"{self.settings.fake_webhook_secret}:{order['_id']}:{attempt}"
        reference = f"fake_{uuid.uuid5(uuid.NAMESPACE_OID, key).hex}"
        address = f"{self.settings.public_url}/fake-payments/{reference}/pay"
        return providers.Intent(reference, address)

    def refund(self, payment: Document) -> None:
        """Note that the whole amount went back."""
        self.db.fake_charges.update_one(
            {"_id": payment["reference"]}, [{"$set": {"refunded": "$amount"}}]
        )

    def verify(self, headers: Mapping[str, str], body: bytes) -> providers.Event:
        """Return what the webhook says."""
        signature = headers.get(HEADER, "")
        signatures.check(self.settings.fake_webhook_secret, signature, body)
        try:
            given = json.loads(body) | {"signature": signature}
            return EVENT.validate_python(given)
        except (RecursionError, TypeError, ValueError) as error:
            raise Problem(400, "The webhook is none that the shop knows.") from error


def charge(db: Database[Document], payment: Document, outcome: Outcome) -> Document:
    """Take the payment, once, and return what is to be told."""
    made = {
        "_id": payment["reference"],
        "outcome": outcome,
        "amount": payment["amount"],
        "refunded": 0,
        "delivered": False,
    }
    try:
        db.fake_charges.insert_one(made)
    except DuplicateKeyError as error:
        raise Problem(409, "This was decided before.") from error
    return made


def send_webhook(settings: Settings, db: Database[Document], made: Document) -> bool:
    """Call the shop's webhook, and return whether it took it."""
    event = {
        "id": f"evt_{made['_id']}",
        "kind": made["outcome"],
        "reference": made["_id"],
        "amount": made["amount"],
        "currency": settings.currency,
    }
    body = json.dumps(event).encode()
    headers = {
        "Content-Type": "application/json",
        HEADER: signatures.sign(settings.fake_webhook_secret, body),
    }
    request = urllib.request.Request(settings.fake_webhook_url, body, headers)  # noqa: S310 (settings accept http and https only)
    try:
        with OPENER.open(request, timeout=TIMEOUT_SECONDS):
            pass
    except (OSError, http.client.HTTPException) as error:
        log.warning("webhook not taken", charge=made["_id"], error=str(error))
        return False
    db.fake_charges.update_one({"_id": made["_id"]}, {"$set": {"delivered": True}})
    return True


def redeliver(settings: Settings, db: Database[Document], limit: int = 20) -> int:
    """Tell again what the shop has not taken yet; return how many it took now."""
    waiting = list(db.fake_charges.find({"delivered": False}).limit(limit))
    return sum(send_webhook(settings, db, made) for made in waiting)
