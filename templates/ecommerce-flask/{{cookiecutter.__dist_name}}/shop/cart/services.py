"""Carts: a guest's is known by a signed token, a customer's by who is logged in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from bson.errors import InvalidId
from itsdangerous import BadSignature, URLSafeSerializer
from pymongo.errors import DuplicateKeyError

from shop.cart import coupons
from shop.cart.totals import Coupon, Priced, totals
from shop.catalogue.repository import find_by_sku
from shop.core.errors import Problem
from shop.database.transactions import transaction
from shop.settings import current_settings

if TYPE_CHECKING:
    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document

GUEST_DAYS = 30
MAX_LINES, MAX_PIECES = 50, 99


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose cart: a customer's, or the guest's with this id."""

    user_id: ObjectId | None = None
    cart_id: ObjectId | None = None

    @property
    def which(self) -> Document:
        """Return the query that finds the cart, and no other."""
        if self.user_id:
            return {"user_id": self.user_id}
        return {"_id": self.cart_id, "user_id": None}


def open_guest(db: Database[Document]) -> str:
    """Make a guest's cart and return its token."""
    now = datetime.now(UTC)
    cart: Document = {
        "lines": [],
        "coupon": None,
        "updated_at": now,
        "expires_at": expiry(now),
    }
    return str(_serializer().dumps(str(db.carts.insert_one(cart).inserted_id)))


def guest(token: str) -> Owner:
    """Return whose cart a token stands for; raise Problem 401 for a false one."""
    try:
        return Owner(cart_id=ObjectId(_serializer().loads(token)))
    except (BadSignature, InvalidId, TypeError) as error:
        raise Problem(401, "X-Cart-Token is not valid: POST a new cart.") from error


def find(
    db: Database[Document], owner: Owner, session: ClientSession | None = None
) -> Document:
    """Return the cart, for a customer an empty one if there is none.

    Raises Problem 404 where a guest's cart has expired.
    """
    found = db.carts.find_one(owner.which, session=session)
    if found is None and owner.cart_id:
        raise Problem(404, "The cart has expired: POST a new cart.")
    return found or {"lines": [], "coupon": None}


def put(db: Database[Document], owner: Owner, sku: str, quantity: int) -> None:
    """Have so many of the SKU in the cart.

    Raises Problem 404 for a SKU that nobody can buy, 409 for a cart that is full.
    """
    if not find_by_sku(db, [sku]):
        raise Problem(404, "There is no such SKU.")
    _ensure(db, owner)
    there = owner.which | {"lines.sku": sku}
    room = owner.which | {
        "lines.sku": {"$ne": sku},
        f"lines.{MAX_LINES - 1}": {"$exists": False},
    }
    change = {"$set": {"lines.$.quantity": quantity} | _touched(owner)}
    line = {"sku": sku, "quantity": quantity}
    new = {"$push": {"lines": line}, "$set": _touched(owner)}
    for _ in range(2):  # in between, another request may have put the line there
        if db.carts.update_one(there, change).matched_count:
            return
        if db.carts.update_one(room, new).matched_count:
            return
    raise Problem(409, f"A cart has at most {MAX_LINES} lines.")


def remove(db: Database[Document], owner: Owner, sku: str) -> None:
    """Take the SKU out of the cart; one that is not in it is no mistake."""
    update = {"$pull": {"lines": {"sku": sku}}, "$set": _touched(owner)}
    db.carts.update_one(owner.which, update)


def choose_coupon(db: Database[Document], owner: Owner, code: str | None) -> None:
    """Use the coupon, or none; raise Problem 409 for one that cannot be used."""
    if code:
        coupons.find(db, code, owner.user_id)
        _ensure(db, owner)
    db.carts.update_one(owner.which, {"$set": {"coupon": code} | _touched(owner)})


def merge(db: Database[Document], token: str, user_id: ObjectId) -> None:
    """Add a guest's cart to the customer's, as at a login; false tokens are nothing."""
    try:
        from_guest = guest(token)
    except Problem:
        return
    to_customer = Owner(user_id=user_id)
    _ensure(db, to_customer)

    def work(session: ClientSession) -> None:
        given = db.carts.find_one_and_delete(from_guest.which, session=session)
        if not given:
            return
        own = find(db, to_customer, session)
        quantities = {line["sku"]: line["quantity"] for line in own["lines"]}
        for line in given["lines"]:
            sum_ = quantities.get(line["sku"], 0) + line["quantity"]
            quantities[line["sku"]] = min(sum_, MAX_PIECES)
        lines = [{"sku": sku, "quantity": each} for sku, each in quantities.items()]
        fields = {
            "lines": lines[:MAX_LINES],
            "coupon": own["coupon"] or given["coupon"],
        } | _touched(to_customer)
        db.carts.update_one(to_customer.which, {"$set": fields}, session=session)

    transaction(db, work)


def serialize_cart(db: Database[Document], owner: Owner) -> dict[str, Any]:
    """Return the cart with the prices of now; a coupon that does not count is none."""
    cart = find(db, owner)
    sellable = find_by_sku(db, [line["sku"] for line in cart["lines"]])
    lines = []
    for line in cart["lines"]:
        product = sellable.get(line["sku"])
        price = product.price if product else 0
        lines.append(
            line
            | {
                "product_id": str(product.product_id) if product else None,
                "name": product.name if product else "",
                "options": product.options if product else {},
                "price": price,
                "total": price * line["quantity"],
                "available": product is not None,
            }
        )
    coupon: Coupon | None = None
    if cart["coupon"]:
        try:
            coupon = coupons.find(db, cart["coupon"], owner.user_id)
        except Problem:
            cart["coupon"] = None
    sums = totals((Priced(line["quantity"], line["price"]) for line in lines), coupon)
    return {
        "lines": lines,
        "currency": current_settings().currency,
        "coupon": cart["coupon"],
        "subtotal": sums.subtotal,
        "discount": sums.discount,
        "total": sums.total,
    }


def expiry(now: datetime) -> datetime:
    """Return when MongoDB deletes a guest's cart that nobody touches."""
    return now + timedelta(days=GUEST_DAYS)


def _touched(owner: Owner) -> Document:
    now = datetime.now(UTC)
    return {"updated_at": now} | ({"expires_at": expiry(now)} if owner.cart_id else {})


def _ensure(db: Database[Document], owner: Owner) -> None:
    if owner.cart_id:
        find(db, owner)
        return
    empty: Document = {"lines": [], "coupon": None, "updated_at": datetime.now(UTC)}
    try:
        db.carts.update_one(owner.which, {"$setOnInsert": empty}, upsert=True)
    except DuplicateKeyError:
        return  # another request of the same customer was faster


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_settings().secret_key, salt="cart")
