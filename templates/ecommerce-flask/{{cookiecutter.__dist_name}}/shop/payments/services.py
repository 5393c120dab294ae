"""Asking for money, and believing only what the provider signed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from pymongo.errors import DuplicateKeyError

from shop.core.errors import Problem
from shop.database.transactions import transaction
from shop.orders import services as orders
from shop.orders.repository import get
from shop.payments.fake import FakeProvider
from shop.payments.refunds import enqueue_refund_mails, reject_payment, request_refund
from shop.payments.stripe import StripeProvider

if TYPE_CHECKING:
    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document
    from shop.payments.providers import Event, PaymentProvider
    from shop.settings import Settings

OPEN = ["created", "succeeded", "refunding", "refunded"]
log = structlog.get_logger("payments")


def provider_of(settings: Settings, db: Database[Document]) -> PaymentProvider:
    """Return the provider that the settings name."""
    if settings.payments == "stripe":
        return StripeProvider(settings)
    return FakeProvider(settings, db)


def require_provider(name: str, settings: Settings) -> None:
    """Raise Problem 404 for a provider that is not this shop's."""
    if name != settings.payments:
        raise Problem(404, "The shop has no such payment provider.")


def find(db: Database[Document], order: Document) -> Document | None:
    """Return the payment of the order that counts, if there is one."""
    return db.payments.find_one({"order_id": order["_id"], "state": {"$in": OPEN}})


def open_payment(
    db: Database[Document], provider: PaymentProvider, order: Document
) -> Document:
    """Return the order's open payment, a new one if there is none.

    Raises Problem 409 for an order that waits for no money.
    """
    if order["state"] != "pending":
        raise Problem(409, f"The order is {order['state']}: nothing is to be paid.")
    if found := find(db, order):
        return found
    attempt = db.payments.count_documents({"order_id": order["_id"]}) + 1
    intent = provider.create(order, attempt)
    now = datetime.now(UTC)
    payment = {
        "order_id": order["_id"],
        "user_id": order["user_id"],
        "provider": provider.name,
        "reference": intent.reference,
        "action": intent.action,
        "amount": order["total"],
        "currency": order["currency"],
        "state": "created",
        "created_at": now,
        "updated_at": now,
    }
    try:
        db.payments.insert_one(payment)
    except DuplicateKeyError:
        found = find(db, order)
        if found is None:
            raise
        return found
    return payment


def handle_webhook(db: Database[Document], provider: str, event: Event) -> None:
    """Do what a verified webhook says, once.

    Raises Problem 409 for one that came before in the same words: a replay.
    """
    signature = hashlib.sha256(event.signature.encode()).hexdigest()

    def work(session: ClientSession) -> None:
        if db.webhook_events.find_one({"_id": signature}, session=session):
            raise Problem(409, "This webhook came before.")
        event_key = {"provider": provider, "event": event.id}
        if db.webhook_events.find_one(event_key, session=session):
            return  # the provider was not sure that we heard it
        record = event_key | {"_id": signature, "at": datetime.now(UTC)}
        db.webhook_events.insert_one(record, session=session)
        if event.kind == "ignored":
            return
        payment = db.payments.find_one({"reference": event.reference}, session=session)
        if payment:
            _apply(db, session, payment, event)
        else:
            log.error("unknown payment", kind=event.kind, reference=event.reference)

    transaction(db, work)


def _apply(
    db: Database[Document], session: ClientSession, payment: Document, event: Event
) -> None:
    expected = (payment["amount"], payment["currency"])
    differs = event.kind == "succeeded" and (event.amount, event.currency) != expected
    if differs:
        log.error("amount differs", reference=event.reference, amount=event.amount)
    if payment["state"] != "created":
        return
    if differs:
        reject_payment(db, session, payment, f"{event.amount} {event.currency}")
        return
    fields = {"state": event.kind, "updated_at": datetime.now(UTC)}
    db.payments.update_one({"_id": payment["_id"]}, {"$set": fields}, session=session)
    if event.kind != "succeeded":
        return
    order = get(db, payment["order_id"], session)
    if order["state"] == "pending":
        orders.step(
            db, session, order["_id"], "paid", by=None, note=payment["provider"]
        )
    else:
        # It came too late: the pieces may be somebody else's by now.
        log.warning("paid too late", order_id=str(order["_id"]))
        request_refund(db, session, order["_id"])
        detail = f"came when the order was {order['state']}"
        enqueue_refund_mails(db, session, payment, detail)
