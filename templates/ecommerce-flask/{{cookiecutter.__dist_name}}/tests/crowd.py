"""A shop with more of everything than a test would make one by one.

What a document has is out of step with all else: no two moduli share a divisor, and
many products have the same price.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING

from bson import ObjectId

from shop.catalogue.repository import build_document
from shop.database.collections.sales import STATES
from tests.factories import ADDRESS, make_user

if TYPE_CHECKING:
    from pymongo.database import Database

    from shop.database import Document

NOW = datetime.now(UTC)
PRODUCT, ORDER = ObjectId(), ObjectId()
SKU, SLUG = "SKU-0", "product-0"
ROLES = ("customer", "support", "manager", "admin")
BATCH = 5000


def product(number: int) -> Document:
    """Return one of many products; every tenth is hidden."""
    variant = {"sku": f"SKU-{number}", "options": {}, "price": number % 53 * 100}
    given = {
        "slug": f"product-{number}",
        "name": f"Cup {number % 997}",
        "description": "Holds coffee.",
        "brand": f"Brand {number % 23}",
        "category": f"home/c{number % 19}/d{number % 3}",
        "attributes": {"colour": f"c{number % 11}", "size": f"s{number % 7}"},
        "images": [],
        "variants": [variant | {"currency": "EUR"}],
        "active": number % 10 != 9,
    }
    return build_document(given) | {
        "_id": ObjectId() if number else PRODUCT,
        "rating": {"count": 0, "sum": 0},
        "created_at": NOW,
        "updated_at": NOW,
        "version": 1,
    }


def order(number: int, user_id: ObjectId) -> Document:
    """Return one of many orders; every third is the user's."""
    line = {"sku": f"SKU-{number}", "product_id": PRODUCT, "name": "Cup"}
    more = {"options": [], "price": 1000, "quantity": 1, "total": 1000}
    state = STATES[number % len(STATES)]
    return {
        "_id": ObjectId() if number else ORDER,
        "user_id": ObjectId() if number % 3 else user_id,
        "state": state,
        "lines": [line | more],
        "currency": "EUR",
        "subtotal": 1000,
        "discount": 0,
        "total": 1000,
        "coupon": None,
        "address": ADDRESS,
        "reserved_until": NOW,
        "history": [{"state": state, "at": NOW, "by": None, "note": ""}],
        "created_at": NOW,
        "paid_at": NOW,
        "version": 1,
    }


def user(number: int) -> Document:
    """Return one of many customers."""
    return {
        "email": f"crowd{number}@example.com",
        "name": "One of many",
        "password": "!",
        "roles": ["customer"],
        "verified_at": NOW,
        "addresses": [],
        "created_at": NOW,
        "version": 1,
    }


def review(number: int) -> Document:
    """Return one of many reviews; every third is of the same product."""
    return {
        "product_id": ObjectId() if number % 3 else PRODUCT,
        "user_id": ObjectId(),
        "author": "One of many",
        "rating": number % 5 + 1,
        "text": "",
        "hidden": number % 7 == 0,
        "created_at": NOW,
    }


def movement(number: int) -> Document:
    """Return one of many movements, of five SKUs."""
    counts = {"on_hand": 1, "reserved": 0}
    return {"sku": f"SKU-{number % 5}", "kind": "received", "at": NOW} | counts


def fill(db: Database[Document], products: int) -> dict[str, ObjectId]:
    """Have so many products and a tenth of all else; return somebody of each role."""
    people = {role: make_user(db, role) for role in ROLES}
    customer = people["customer"]
    for numbers in batched(range(products), BATCH):
        db.products.insert_many([product(number) for number in numbers])
        free = {number: number % 59 for number in numbers}
        db.stock.insert_many(
            {"_id": f"SKU-{number}", "on_hand": n, "reserved": 0, "available": n}
            for number, n in free.items()
        )
    some = range(products // 10)
    mail = {"to": "one@example.com", "subject": "S", "text": "T", "at": NOW}
    coupon = {"kind": "fixed", "value": 1, "minimum": 0, "expires_at": None}
    db.orders.insert_many(order(number, customer) for number in some)
    db.users.insert_many(user(number) for number in some)
    db.reviews.insert_many(review(number) for number in some)
    db.movements.insert_many(movement(number) for number in some)
    db.mails.insert_many(mail | {"_id": number} for number in some)
    db.coupons.insert_many(coupon | {"_id": f"CODE{number}"} for number in some)
    cart = {"lines": [{"sku": SKU, "quantity": 1}], "coupon": None, "updated_at": NOW}
    db.carts.insert_one(cart | {"user_id": customer})
    db.payments.insert_one(
        {
            "order_id": ORDER,
            "user_id": customer,
            "provider": "fake",
            "reference": "reference",
            "action": "https://example.com",
            "amount": 1000,
            "currency": "EUR",
            "state": "created",
            "created_at": NOW,
            "updated_at": NOW,
        }
    )
    return people
