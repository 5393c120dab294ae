"""Reports say what orders and stock say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.buying import API, Buyer
from tests.factories import make_product

if TYPE_CHECKING:
    from flask import Flask
    from pymongo.database import Database

    from shop.database import Document

pytestmark = pytest.mark.milestone(7)


def report(who: Buyer, name: str, **query: Any) -> Any:
    """Return a report."""
    address = f"{API}/reports/{name}"
    return who.client.get(address, query_string=query, headers=who.headers).json


@pytest.fixture
def manager(app: Flask) -> Buyer:
    """Return a manager."""
    return Buyer(app, "manager")


def test_revenue(app: Flask, db: Database[Document], manager: Buyer) -> None:
    """What went back is taken off its day; what nobody paid is in none."""
    product, buyer = make_product(db, stock=9), Buyer(app)
    orders = [buyer.order(product) for _ in range(3)]
    for order in orders[:2]:
        buyer.pay(order)
    buyer.do(orders[0], "cancel")
    today = datetime.now(UTC).date()
    days = report(manager, "revenue")
    assert days["currency"] == "EUR"
    assert days["items"] == [
        {
            "day": str(today),
            "orders": 2,
            "gross": 2000,
            "refunded": 1000,
            "net": 1000,
        }
    ]
    before = str(today - timedelta(days=1))
    earlier = {"from": before, "to": before}
    assert report(manager, "revenue", **earlier)["items"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-02-02", "to": "2026-02-01"},
        {"from": "2020-01-01", "to": "2026-01-01"},
        {"from": "yesterday"},
        {"since": "2026-01-01"},
    ],
)
def test_a_period_that_makes_no_sense(manager: Buyer, query: dict[str, str]) -> None:
    """It is refused."""
    assert report(manager, "revenue", **query)["status"] == 422


def test_best_sellers(app: Flask, db: Database[Document], manager: Buyer) -> None:
    """By pieces that were paid and kept."""
    cup, pot, buyer = make_product(db, stock=9), make_product(db, stock=9), Buyer(app)
    for product, quantity in ((cup, 1), (pot, 2), (cup, 3)):
        buyer.pay(buyer.order(product, quantity))
    returned = buyer.order(pot, 5)
    buyer.pay(returned)
    buyer.do(returned, "cancel")
    rows = report(manager, "best-sellers", limit=5)["items"]
    found = [(row["name"], row["quantity"], row["revenue"]) for row in rows]
    assert found == [(cup["name"], 4, 4000), (pot["name"], 2, 2000)]


def test_low_stock(app: Flask, db: Database[Document], manager: Buyer) -> None:
    """What is reserved is not free; what is not sold any more is no matter."""
    few, many = make_product(db, stock=6), make_product(db, stock=50)
    make_product(db, stock=1, active=False)
    Buyer(app).order(few, 2)
    rows = report(manager, "low-stock")["items"]
    sku = few["variants"][0]["sku"]
    assert rows == [{"sku": sku, "name": few["name"], "available": 4}]
    assert many["variants"][0]["sku"] not in str(rows)


def test_stock_arrives(db: Database[Document], manager: Buyer) -> None:
    """A manager books it in, and sees why there is what there is."""
    sku = make_product(db)["variants"][0]["sku"]
    address = f"{API}/stock/{sku}"
    assert manager.client.get(address, headers=manager.headers).json == {
        "sku": sku,
        "on_hand": 0,
        "reserved": 0,
        "movements": [],
    }
    booked = manager.client.post(
        address, json={"quantity": 5}, headers=manager.headers
    ).json
    assert booked
    assert (booked["on_hand"], booked["reserved"]) == (5, 0)
    assert [row["kind"] for row in booked["movements"]] == ["received"]
    for wrong, status in (("NONE", 404), (sku, 422)):
        quantity = 0 if wrong == sku else 1
        answer = manager.client.post(
            f"{API}/stock/{wrong}", json={"quantity": quantity}, headers=manager.headers
        )
        assert answer.status_code == status
