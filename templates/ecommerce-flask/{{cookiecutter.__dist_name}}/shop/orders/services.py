"""The way of an order: each step with its stock, its money and its line of history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from shop.cart import coupons
from shop.core.errors import Problem
from shop.database import DATABASE_UNAVAILABLE
from shop.database.transactions import transaction
from shop.orders.repository import get, stock_lines
from shop.orders.states import State, require_step
from shop.outbox.repository import enqueue
from shop.payments.refunds import request_refund
from shop.stock.repository import give_back, release, sell

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document

RETRY_AFTER = timedelta(minutes=10)
# What a customer is told of a step: the subject and the text of a mail.
MAILS = {
    "order.paid": ("Your order is paid", "Your order {} is paid. We pack it next."),
    "order.shipped": ("Your order was shipped", "Your order {} is on its way."),
    "order.cancelled": (
        "Your order is cancelled",
        "Your order {} is cancelled. What you paid for it goes back to you.",
    ),
    "order.refunded": ("Your order is refunded", "We pay back your order {}."),
}
log = structlog.get_logger("orders")


def advance(
    db: Database[Document],
    order_id: ObjectId,
    wanted: State,
    *,
    by: ObjectId | None,
    note: str = "",
) -> Document:
    """Take the step in a transaction of its own; see `step`."""

    def work(session: ClientSession) -> Document:
        return step(db, session, order_id, wanted, by=by, note=note)

    return transaction(db, work)


def step(
    db: Database[Document],
    session: ClientSession,
    order_id: ObjectId,
    wanted: State,
    *,
    by: ObjectId | None,
    note: str = "",
) -> Document:
    """Bring the order to the wanted state, with all that follows, and return it.

    Raises Problem 409 for a step that the order cannot take now.
    """
    order = get(db, order_id, session)
    require_step(order["state"], wanted)
    _apply_side_effects(db, session, order, wanted)
    now = datetime.now(UTC)
    entry = {"state": wanted, "at": now, "by": by, "note": note}
    fields = {"state": wanted} | ({"paid_at": now} if wanted == "paid" else {})
    db.orders.update_one(
        {"_id": order_id},
        {"$set": fields, "$push": {"history": entry}, "$inc": {"version": 1}},
        session=session,
    )
    enqueue(db, f"order.{wanted}", {"order_id": order_id}, session)
    return get(db, order_id, session)


def expire_due(db: Database[Document], limit: int = 100) -> int:
    """Cancel orders that were not paid in time and return how many there were.

    An order that cannot be cancelled keeps no other from it: it is logged and tried
    again after RETRY_AFTER.
    """
    now = datetime.now(UTC)
    due = {"state": "pending", "reserved_until": {"$lte": now}}
    count = 0
    for order in list(db.orders.find(due, {"_id": 1}).limit(limit)):
        try:
            advance(db, order["_id"], "cancelled", by=None, note="not paid in time")
        except Problem:
            continue  # it was paid or cancelled just now
        except DATABASE_UNAVAILABLE:
            raise
        except Exception:
            log.exception("order not cancelled", order_id=str(order["_id"]))
            later = {"$set": {"reserved_until": now + RETRY_AFTER}}
            db.orders.update_one({"_id": order["_id"], "state": "pending"}, later)
            continue
        count += 1
    return count


def compose_mail(db: Database[Document], message: Document) -> Document:
    """Return the mail for an event of the outbox whose kind is in MAILS."""
    order = get(db, message["payload"]["order_id"])
    user = db.users.find_one({"_id": order["user_id"]}) or {}
    subject, text = MAILS[message["kind"]]
    mail = {"to": user["email"], "subject": subject, "text": text.format(order["_id"])}
    return message | {"payload": mail}


def _apply_side_effects(
    db: Database[Document], session: ClientSession, order: Document, wanted: State
) -> None:
    order_id, lines, pending = order["_id"], stock_lines(order), "pending"
    if wanted == "paid":
        sell(db, session, order_id, lines)
    elif wanted == "cancelled" and order["state"] == pending:
        release(db, session, order_id, lines)
        coupons.give_back(db, order_id, session)
    elif wanted == "cancelled":
        give_back(db, session, order_id, lines)
        request_refund(db, session, order_id)
    elif wanted == "refunded":
        # What was sent may come back broken: a manager books it in as received.
        if order["state"] in {"paid", "packed"}:
            give_back(db, session, order_id, lines)
        request_refund(db, session, order_id)
