"""From a cart to an order: in one transaction, and once for each key.

A client that got no answer sends the same `Idempotency-Key` again and gets the answer
of the first time. Source: draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from shop.cart import coupons
from shop.cart.totals import Priced, totals
from shop.catalogue.repository import find_by_sku, pairs
from shop.core.errors import Problem
from shop.database.transactions import transaction
from shop.orders import services
from shop.orders.repository import serialize_order, stock_lines
from shop.orders.schemas import OrderAnswer
from shop.outbox.repository import enqueue, enqueue_mail
from shop.settings import current_settings
from shop.stock.repository import OutOfStock, reserve

if TYPE_CHECKING:
    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.accounts.access import Person
    from shop.database import Document
    from shop.orders.schemas import Checkout

ATTEMPTS = 3
MAX_UNPAID = 10


@dataclass(frozen=True, slots=True)
class Placement:
    """The answer to a checkout as JSON, and whether it was given before."""

    answer: str
    again: bool


def place(
    db: Database[Document], person: Person, key: str, body: bytes, given: Checkout
) -> Placement:
    """Order what is in the cart and return the answer.

    All but the key is looked at after it, so that the same request gets the same answer
    whatever has changed since. Raises Problem 422 for a key that came with another body
    and for an address that the account does not have, 409 for a cart that is
    empty, for too many unpaid orders, for a coupon that does not count, or for a SKU of
    which there are too few.
    """
    body_hash = hashlib.sha256(body).hexdigest()

    def work(session: ClientSession) -> Placement:
        record_id = {"user": person.id, "key": key}
        known = db.idempotency.find_one({"_id": record_id}, session=session)
        if known:
            if known["body_hash"] != body_hash:
                raise Problem(422, "The Idempotency-Key came with another body before.")
            return Placement(known["answer"], again=True)
        order = _order(db, person, given, session)
        answer = OrderAnswer.model_validate(
            serialize_order(order, person)
        ).model_dump_json()
        record = {
            "_id": record_id,
            "body_hash": body_hash,
            "answer": answer,
            "created_at": order["created_at"],
        }
        db.idempotency.insert_one(record, session=session)
        return Placement(answer, again=False)

    for attempt in range(1, ATTEMPTS + 1):
        try:
            return transaction(db, work)
        except OutOfStock as missing:
            # Somebody may hold pieces of it whose time is over.
            if attempt == ATTEMPTS or not services.expire_due(db):
                detail = f"There are not enough of {missing.sku}."
                raise Problem(409, detail, skus=[missing.sku]) from missing
        except DuplicateKeyError:
            # The same key at the same moment: the other one has the answer now.
            if attempt == ATTEMPTS:
                raise
    raise AssertionError  # the loop returns or raises


def _order(
    db: Database[Document], person: Person, given: Checkout, session: ClientSession
) -> Document:
    address = _address(db, person, given, session)
    cart = db.carts.find_one({"user_id": person.id}, session=session)
    if not cart or not cart["lines"]:
        raise Problem(409, "The cart is empty.")
    require_few_unpaid(db, person, session)
    lines = _price_lines(db, cart["lines"], session)
    code: str | None = cart["coupon"]
    coupon = coupons.find(db, code, person.id, session) if code else None
    sums = totals((Priced(line["quantity"], line["price"]) for line in lines), coupon)
    now = datetime.now(UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)  # as MongoDB keeps it
    settings = current_settings()
    order: Document = {
        "_id": ObjectId(),
        "user_id": person.id,
        "state": "pending",
        "lines": lines,
        "currency": settings.currency,
        "subtotal": sums.subtotal,
        "discount": sums.discount,
        "total": sums.total,
        "coupon": code if sums.discount else None,
        "address": address,
        "reserved_until": now + timedelta(minutes=settings.reservation_minutes),
        "history": [{"state": "pending", "at": now, "by": person.id, "note": ""}],
        "created_at": now,
        "version": 1,
    }
    reserve(db, session, order["_id"], stock_lines(order))
    db.orders.insert_one(order, session=session)
    if order["coupon"]:
        coupons.use(db, order["coupon"], person.id, order["_id"], session)
    emptied: Document = {"$set": {"lines": [], "coupon": None, "updated_at": now}}
    db.carts.update_one({"_id": cart["_id"]}, emptied, session=session)
    enqueue(db, "order.placed", {"order_id": order["_id"]}, session)
    if not order["total"]:
        # No provider takes a payment of nothing.
        note = "nothing to pay"
        return services.step(db, session, order["_id"], "paid", by=None, note=note)
    text = f"We hold your order {order['_id']} until you pay it."
    enqueue_mail(db, to=person.email, subject="Your order", text=text, session=session)
    return order


def _address(
    db: Database[Document], person: Person, given: Checkout, session: ClientSession
) -> Document:
    if given.address:
        return given.address.model_dump()
    user = db.users.find_one({"_id": person.id}, session=session) or {"addresses": []}
    for found in user["addresses"]:
        if found["id"] == given.address_id:
            return {name: value for name, value in found.items() if name != "id"}
    raise Problem(422, "Your account has no address with this id.")


def require_few_unpaid(
    db: Database[Document], person: Person, session: ClientSession
) -> None:
    """Raise Problem 409 to who has many orders waiting: each keeps goods from others.

    Two checkouts of one person empty the same cart, so they cannot pass at once.
    """
    waiting = {"user_id": person.id, "state": "pending"}
    now = datetime.now(UTC)
    count = db.orders.count_documents(
        waiting | {"reserved_until": {"$gt": now}}, limit=MAX_UNPAID, session=session
    )
    if count == MAX_UNPAID:
        raise Problem(409, f"Pay or cancel an order first: {count} wait for that.")


def _price_lines(
    db: Database[Document], lines: list[Document], session: ClientSession
) -> list[Document]:
    sellable = find_by_sku(db, [line["sku"] for line in lines], session)
    gone = [line["sku"] for line in lines if line["sku"] not in sellable]
    if gone:
        detail = f"No longer sold: {', '.join(gone)}. Take it out of the cart."
        raise Problem(409, detail, skus=gone)
    return [
        {
            "sku": product.sku,
            "product_id": product.product_id,
            "name": product.name,
            "options": pairs(product.options),
            "price": product.price,
            "quantity": line["quantity"],
            "total": product.price * line["quantity"],
        }
        for line in lines
        for product in (sellable[line["sku"]],)
    ]
