"""What tests need to be there: people, products, stock; each valid, each different."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any

from shop.accounts import tokens
from shop.accounts.services import create_user
from shop.catalogue import services
from shop.catalogue.schemas import ProductInput
from shop.database.transactions import transaction
from shop.stock.repository import Line, receive

if TYPE_CHECKING:
    from bson import ObjectId
    from flask import Flask
    from pymongo.database import Database

    from shop.database import Document

numbers = itertools.count(1)
ADDRESS = {
    "name": "Ann Example",
    "street": "1 Long Street",
    "city": "Springfield",
    "postal_code": "12345",
    "country": "DE",
}


def make_user(db: Database[Document], role: str = "customer") -> ObjectId:
    """Have a user who confirmed the address; nobody knows the password."""
    email = f"user{next(numbers)}@example.com"
    return create_user(
        db, email=email, name="A User", hashed="!", roles=(role,), verified=True
    )


def log_in(app: Flask, user_id: ObjectId) -> dict[str, str]:
    """Return the headers of somebody who is logged in."""
    with app.test_request_context():
        made = tokens.open_session(app.extensions["shop"].db, user_id, "tests")
    return {"Authorization": f"Bearer {made.access_token}"}


def product_input(**changes: Any) -> dict[str, Any]:
    """Return the body that makes a product of one variant."""
    number = next(numbers)
    return {
        "slug": f"cup-{number}",
        "name": f"Cup {number}",
        "description": "Holds coffee.",
        "brand": "Kiln",
        "category": "home/kitchen",
        "attributes": {"colour": "blue"},
        "images": ["https://example.com/cup.jpg"],
        "variants": [
            {
                "sku": f"CUP-{number}",
                "options": {"size": "small"},
                "price": 1000,
                "currency": "EUR",
            }
        ],
    } | changes


def make_product(db: Database[Document], *, stock: int = 0, **changes: Any) -> Document:
    """Have a product, with so many of each variant on the shelf."""
    made = services.create(db, ProductInput(**product_input(**changes)))
    for variant in made["variants"]:
        if stock:
            line = Line(variant["sku"], stock)
            transaction(db, partial(receive, db, line=line, by=None))
    return made
