"""A cart becomes an order once, whole, and at the prices of that moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from shop.orders.services import expire_due
from tests.buying import Buyer, assert_stock_adds_up
from tests.factories import ADDRESS, make_product

if TYPE_CHECKING:
    from flask import Flask
    from pymongo.database import Database

    from shop.database import Document

pytestmark = pytest.mark.milestone(5)


@pytest.fixture
def buyer(app: Flask) -> Buyer:
    """Return a customer."""
    return Buyer(app)


def test_an_order_keeps_its_prices(buyer: Buyer, db: Database[Document]) -> None:
    """What the product costs tomorrow changes nothing; the cart is empty."""
    product = make_product(db, stock=5)
    order = buyer.order(product, 2)
    assert (order["state"], order["total"]) == ("pending", 2000)
    db.products.update_one({}, {"$set": {"variants.0.price": 1, "name": "Other"}})
    shown = buyer.client.get(f"/api/v1/orders/{order['id']}", headers=buyer.headers)
    assert shown.json == order
    cart = buyer.client.get("/api/v1/cart", headers=buyer.headers).json
    assert cart
    assert cart["lines"] == []
    assert db.stock.find_one({}, {"_id": 0}) == {
        "on_hand": 5,
        "reserved": 2,
        "available": 3,
    }


def test_the_same_key_orders_once(buyer: Buyer, db: Database[Document]) -> None:
    """The same body gets the same answer, another one is refused."""
    product = make_product(db, stock=5)
    buyer.put(product["variants"][0]["sku"])
    first, again = (buyer.check_out("key-1") for _ in range(2))
    assert (again.status_code, again.json) == (first.status_code, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    other = buyer.check_out("key-1", address=ADDRESS | {"name": "Eve"})
    assert other.status_code == 422
    assert db.orders.count_documents({}) == 1


def test_the_same_key_at_the_same_moment(buyer: Buyer, db: Database[Document]) -> None:
    """Eight clicks are one order, and each gets its answer."""
    product = make_product(db, stock=50)
    buyer.put(product["variants"][0]["sku"])
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: buyer.check_out("key-1"), range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers if answer.json}) == 1
    assert db.orders.count_documents({}) == 1


@pytest.mark.parametrize("key", ["", "x" * 65, "with space"])
def test_a_key_that_is_none(buyer: Buyer, key: str) -> None:
    """It is asked for in a sentence."""
    answer = buyer.client.post(
        "/api/v1/checkout",
        json={"address": ADDRESS},
        headers=buyer.headers | ({"Idempotency-Key": key} if key else {}),
    )
    assert answer.status_code == 422


def test_nothing_to_order(buyer: Buyer) -> None:
    """An empty cart is a conflict."""
    assert buyer.check_out().status_code == 409


def test_what_is_gone(buyer: Buyer, db: Database[Document]) -> None:
    """A product that was hidden and one that is sold out are named; nothing is held."""
    there, hidden = make_product(db, stock=1), make_product(db, stock=1)
    for product in (there, hidden):
        buyer.put(product["variants"][0]["sku"])
    db.products.update_one({"_id": hidden["_id"]}, {"$set": {"active": False}})
    answer = buyer.check_out()
    assert answer.json
    assert answer.status_code == 409
    assert answer.json["skus"] == [hidden["variants"][0]["sku"]]
    db.products.update_one({"_id": hidden["_id"]}, {"$set": {"active": True}})
    buyer.put(hidden["variants"][0]["sku"], 2)
    answer = buyer.check_out()
    assert answer.json
    assert answer.json["skus"] == [hidden["variants"][0]["sku"]]
    assert not db.stock.count_documents({"reserved": {"$gt": 0}})


def test_reservations_end_by_themselves(app: Flask, db: Database[Document]) -> None:
    """What somebody held too long is sold to the next, without a relay."""
    product = make_product(db, stock=1)
    slow, quick = Buyer(app), Buyer(app)
    held = slow.order(product)
    past = datetime.now(UTC) - timedelta(seconds=1)
    db.orders.update_one({}, {"$set": {"reserved_until": past}})
    quick.order(product)
    assert slow.state(held) == "cancelled"
    assert expire_due(db) == 0


def test_a_coupon_counts_once(app: Flask, db: Database[Document]) -> None:
    """The customer's second order does not get it; a cancelled one gives it back."""
    product, buyer = make_product(db, stock=9), Buyer(app)
    coupon = {"kind": "percent", "value": 25, "minimum": 0, "expires_at": None}
    db.coupons.insert_one({"_id": "QUARTER"} | coupon)
    choose = {"json": {"code": "QUARTER"}, "headers": buyer.headers}
    buyer.client.put("/api/v1/cart/coupon", **choose)
    first = buyer.order(product)
    assert (first["discount"], first["total"], first["coupon"]) == (250, 750, "QUARTER")
    assert buyer.client.put("/api/v1/cart/coupon", **choose).status_code == 409
    buyer.do(first, "cancel")
    assert buyer.client.put("/api/v1/cart/coupon", **choose).status_code == 200


def test_what_costs_nothing_is_paid(app: Flask, db: Database[Document]) -> None:
    """No provider takes a payment of nothing; what goes back is nothing too."""
    product, buyer = make_product(db, stock=2), Buyer(app)
    coupon = {"kind": "percent", "value": 100, "minimum": 0, "expires_at": None}
    db.coupons.insert_one({"_id": "ALL"} | coupon)
    choose = {"json": {"code": "ALL"}, "headers": buyer.headers}
    buyer.client.put("/api/v1/cart/coupon", **choose)
    order = buyer.order(product)
    assert (order["total"], order["state"]) == (0, "paid")
    assert buyer.payment(order)["status"] == 409
    assert_stock_adds_up(db)
    assert buyer.do(order, "cancel").status_code == 200
    assert db.payments.count_documents({}) == 0
    assert_stock_adds_up(db)


def test_an_address_of_the_account(buyer: Buyer, db: Database[Document]) -> None:
    """It is named by its id; one of nobody is refused, and so are none and both."""
    address = ADDRESS | {"id": "0" * 24}
    db.users.update_one({"_id": buyer.id}, {"$set": {"addresses": [address]}})
    buyer.put(make_product(db, stock=1)["variants"][0]["sku"])
    assert buyer.check_out(address_id="1" * 24).status_code == 422
    assert buyer.check_out(address=ADDRESS, address_id="0" * 24).status_code == 422
    answer = buyer.check_out(address_id="0" * 24)
    assert answer.json
    assert answer.json["address"] == ADDRESS


def test_64_customers_and_10_pieces(app: Flask, db: Database[Document]) -> None:
    """Through the whole of checkout exactly ten get one; the others are told."""
    product = make_product(db, stock=10)
    buyers = [Buyer(app) for _ in range(64)]
    for buyer in buyers:
        buyer.put(product["variants"][0]["sku"])
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(Buyer.check_out, buyers))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(201), codes.count(409)) == (10, 54)
    assert db.stock.find_one({}, {"_id": 0}) == {
        "on_hand": 10,
        "reserved": 10,
        "available": 0,
    }
    assert db.orders.count_documents({}) == 10
