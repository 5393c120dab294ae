"""Who was sent a product reviews it, and its rating is the sum of what is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.buying import API, Buyer
from tests.factories import make_product

if TYPE_CHECKING:
    from flask import Flask
    from pymongo.database import Database
    from werkzeug.test import TestResponse

    from shop.database import Document

pytestmark = pytest.mark.milestone(7)


@pytest.fixture
def product(db: Database[Document]) -> Document:
    """Return a product."""
    return make_product(db, stock=9)


def delivered(app: Flask, product: Document) -> Buyer:
    """Return somebody to whom the product was delivered."""
    buyer, manager = Buyer(app), Buyer(app, "manager")
    order = buyer.order(product)
    buyer.pay(order)
    for step in ("pack", "ship", "deliver"):
        manager.do(order, step)
    return buyer


def review(who: Buyer, product: Document, rating: Any, text: str = "") -> TestResponse:
    """Say what one thinks."""
    return who.client.post(
        f"{API}/products/{product['_id']}/reviews",
        json={"rating": rating, "text": text},
        headers=who.headers,
    )


def rating(app: Flask, product: Document) -> Any:
    """Return the rating that the product shows."""
    shown = app.test_client().get(f"{API}/products/{product['_id']}").json
    assert shown
    return shown["rating"]


def test_buyers_review(app: Flask, product: Document) -> None:
    """Once each, and the product shows their mean."""
    one, two = (delivered(app, product) for _ in range(2))
    assert review(one, product, 5, "Keeps its tea.").status_code == 201
    assert review(one, product, 1).status_code == 409
    assert review(two, product, 4).status_code == 201
    assert rating(app, product) == {"count": 2, "average": 4.5}
    address = f"{API}/products/{product['_id']}/reviews"
    page = one.client.get(address, query_string={"limit": 1}).json
    assert page
    rest = one.client.get(address, query_string={"after": page["next"]}).json
    assert rest
    assert [item["rating"] for item in page["items"] + rest["items"]] == [4, 5]


def test_others_do_not(app: Flask, product: Document) -> None:
    """Ordered is not delivered, and an unknown product has no reviews."""
    buyer = Buyer(app)
    buyer.pay(buyer.order(product))
    assert review(buyer, product, 5).status_code == 403
    assert review(buyer, {"_id": "0" * 24}, 5).status_code == 404
    for wrong in (0, 6, "5", 2.5):
        assert review(buyer, product, wrong).status_code == 422


def test_moderating(app: Flask, product: Document) -> None:
    """A hidden review counts no more; hiding it twice is hiding it once."""
    buyer, moderator = delivered(app, product), Buyer(app, "support")
    made = review(buyer, product, 1).json
    assert made
    address = f"{API}/reviews/{made['id']}"
    for hidden, count in ((True, 0), (True, 0), (False, 1), (True, 0)):
        answer = moderator.client.patch(
            address, json={"hidden": hidden}, headers=moderator.headers
        )
        assert answer.status_code == 200
        assert rating(app, product)["count"] == count
    assert buyer.client.delete(address, headers=buyer.headers).status_code == 204
    assert rating(app, product) == {"count": 0, "average": None}


def test_deleting(app: Flask, product: Document) -> None:
    """One's own, or as a moderator; for others there is none."""
    buyer, moderator = delivered(app, product), Buyer(app, "manager")
    made = review(buyer, product, 3).json
    assert made
    address = f"{API}/reviews/{made['id']}"
    for who, status in ((Buyer(app), 404), (moderator, 204), (buyer, 404)):
        answer = who.client.delete(address, headers=who.headers)
        assert answer.status_code == status
    assert rating(app, product) == {"count": 0, "average": None}
