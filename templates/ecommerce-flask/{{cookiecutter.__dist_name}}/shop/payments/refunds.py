"""Paying back: decided with the order, done by the relay."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shop.outbox.repository import enqueue

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document
    from shop.payments.providers import PaymentProvider


def request_refund(
    db: Database[Document], session: ClientSession, order_id: ObjectId
) -> None:
    """Write down, with the order's own step, that its payment goes back."""
    now = datetime.now(UTC)
    payment = db.payments.find_one_and_update(
        {"order_id": order_id, "state": "succeeded"},
        {"$set": {"state": "refunding", "updated_at": now}},
        session=session,
    )
    if payment:
        enqueue(db, "payment.refund", {"payment_id": payment["_id"]}, session)


def refund(
    db: Database[Document], provider: PaymentProvider, payment_id: ObjectId
) -> None:
    """Have the provider pay it back; a relay that does it twice does no harm."""
    payment = db.payments.find_one({"_id": payment_id, "state": "refunding"})
    if payment is None:
        return
    provider.refund(payment)
    done = {"state": "refunded", "updated_at": datetime.now(UTC)}
    db.payments.update_one({"_id": payment_id}, {"$set": done})
