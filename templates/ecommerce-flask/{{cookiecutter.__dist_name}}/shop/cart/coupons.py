"""Coupons: percent or a fixed amount, from a minimum on, until a day, once each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shop.cart.totals import Coupon
from shop.core.errors import Problem

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document


def find(
    db: Database[Document],
    code: str,
    user_id: ObjectId | None,
    session: ClientSession | None = None,
) -> Coupon:
    """Return the coupon; raise Problem 409 for one that this customer cannot use."""
    found = db.coupons.find_one({"_id": code}, session=session)
    if found is None:
        raise Problem(409, "There is no such coupon.", code=code)
    if found["expires_at"] and found["expires_at"] <= datetime.now(UTC):
        raise Problem(409, "The coupon has expired.", code=code)
    use = {"code": code, "user_id": user_id}
    if user_id and db.coupon_uses.find_one(use, session=session):
        raise Problem(409, "You have used the coupon already.", code=code)
    return Coupon(found["kind"], found["value"], found["minimum"])


def use(
    db: Database[Document],
    code: str,
    user_id: ObjectId,
    order_id: ObjectId,
    session: ClientSession,
) -> None:
    """Note that the customer used it: the database refuses a second time."""
    given = {"code": code, "user_id": user_id, "order_id": order_id}
    db.coupon_uses.insert_one(given, session=session)


def give_back(
    db: Database[Document], order_id: ObjectId, session: ClientSession
) -> None:
    """Let the customer use it again: the order that had it was never paid."""
    db.coupon_uses.delete_one({"order_id": order_id}, session=session)


def write(db: Database[Document], code: str, fields: dict[str, Any]) -> None:
    """Make the coupon, or replace what it was."""
    db.coupons.replace_one({"_id": code}, fields, upsert=True)


def delete(db: Database[Document], code: str) -> None:
    """Delete the coupon; raise Problem 404 if there is none."""
    if not db.coupons.delete_one({"_id": code}).deleted_count:
        raise Problem(404, "There is no such coupon.")
