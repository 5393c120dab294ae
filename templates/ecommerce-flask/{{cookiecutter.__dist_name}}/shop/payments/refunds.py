"""Paying back: decided with the order, done by the relay."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shop.outbox.repository import enqueue, enqueue_mail
from shop.settings import current_settings

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document
    from shop.payments.providers import PaymentProvider

# What a payment becomes once its money went back.
REFUNDED = {"refunding": "refunded", "mismatched": "failed"}


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


def reject_payment(
    db: Database[Document], session: ClientSession, payment: Document, received: str
) -> None:
    """Send a payment of the wrong amount back, and tell the customer and the shop.

    The order keeps waiting: its customer may pay it again.
    """
    now = datetime.now(UTC)
    db.payments.update_one(
        {"_id": payment["_id"]},
        {"$set": {"state": "mismatched", "updated_at": now}},
        session=session,
    )
    enqueue(db, "payment.refund", {"payment_id": payment["_id"]}, session)
    wanted = f"{payment['amount']} {payment['currency']}"
    detail = f"was {received} instead of {wanted}, in the currency's smallest unit"
    enqueue_refund_mails(db, session, payment, detail)


def enqueue_refund_mails(
    db: Database[Document], session: ClientSession, payment: Document, detail: str
) -> None:
    """Mail the customer and the shop that money is not kept, and why."""
    text = (
        f"The payment {payment['reference']} of order {payment['order_id']} {detail}. "
        "It goes back in full."
    )
    customer = db.users.find_one({"_id": payment["user_id"]}, session=session)
    shop = current_settings().default_from_email
    for to in [shop, *([customer["email"]] if customer else [])]:
        subject = "A payment goes back"
        enqueue_mail(db, to=to, subject=subject, text=text, session=session)


def refund(
    db: Database[Document], provider: PaymentProvider, payment_id: ObjectId
) -> None:
    """Have the provider pay it back; a relay that does it twice does no harm."""
    payment = db.payments.find_one({"_id": payment_id})
    if payment is None or payment["state"] not in REFUNDED:
        return
    provider.refund(payment)
    done = {"state": REFUNDED[payment["state"]], "updated_at": datetime.now(UTC)}
    db.payments.update_one({"_id": payment_id}, {"$set": done})
