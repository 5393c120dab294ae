"""The way of an order: each step with its stock, its money and its line of history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shop.cart import coupons
from shop.core.errors import Problem
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
    _follow(db, session, order, wanted)
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
    """Cancel orders that were not paid in time and return how many there were."""
    due = {"state": "pending", "reserved_until": {"$lte": datetime.now(UTC)}}
    count = 0
    for order in db.orders.find(due, {"_id": 1}).limit(limit):
        try:
            advance(db, order["_id"], "cancelled", by=None, note="not paid in time")
        except Problem:
            continue  # it was paid or cancelled just now
        count += 1
    return count


def _follow(
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
