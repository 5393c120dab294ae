"""Orders take only the steps that they may, and remember who took them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shop.core.errors import Problem
from shop.orders.states import FOLLOWING, require_step
from shop.outbox.relay import run_once
from tests.buying import Buyer, money
from tests.factories import make_product

if TYPE_CHECKING:
    from flask import Flask
    from pymongo.database import Database

    from shop.database import Document
    from shop.settings import Settings

pytestmark = pytest.mark.milestone(5)


def test_the_way_of_an_order(app: Flask, db: Database[Document]) -> None:
    """From the cart to the door; the history says who took each step."""
    buyer, manager = Buyer(app), Buyer(app, "manager")
    order = buyer.order(make_product(db, stock=3), 2)
    assert buyer.pay(order).status_code == 204
    for step in ("pack", "ship", "deliver"):
        assert manager.do(order, step).status_code == 200
    shown = manager.client.get(
        f"/api/v1/orders/{order['id']}", headers=manager.headers
    ).json
    assert shown
    states = ["pending", "paid", "packed", "shipped", "delivered"]
    assert [step["state"] for step in shown["history"]] == states
    by = [str(buyer.id), None, *[str(manager.id)] * 3]
    assert [step["by"] for step in shown["history"]] == by
    assert db.stock.find_one({}, {"_id": 0}) == {
        "on_hand": 1,
        "reserved": 0,
        "available": 1,
    }
    kinds = {row["kind"] for row in db.outbox.find()}
    assert kinds >= {"mail", "order.placed", "order.paid", "order.delivered"}


@pytest.mark.parametrize("state", FOLLOWING)
@pytest.mark.parametrize("wanted", FOLLOWING)
def test_only_the_steps_of_the_table(state: str, wanted: str) -> None:
    """Every other one is a conflict that names what is possible."""
    if wanted in FOLLOWING[state]:  # type: ignore[index]  # a State
        require_step(state, wanted)  # type: ignore[arg-type]  # both are
        return
    with pytest.raises(Problem, match="cannot become") as caught:
        require_step(state, wanted)  # type: ignore[arg-type]  # both are
    assert caught.value.status == 409


def test_an_illegal_step_changes_nothing(app: Flask, db: Database[Document]) -> None:
    """What nobody paid is not packed."""
    order = Buyer(app).order(make_product(db, stock=3))
    assert Buyer(app, "manager").do(order, "pack").status_code == 409
    assert db.outbox.count_documents({"kind": "order.packed"}) == 0


def test_cancelling_gives_everything_back(app: Flask, db: Database[Document]) -> None:
    """Before it was paid the pieces, after that the money too; not once it is sent."""
    product, buyer, manager = make_product(db, stock=3), Buyer(app), Buyer(app, "admin")
    pending, paid, sent = (buyer.order(product) for _ in range(3))
    for order in (paid, sent):
        buyer.pay(order)
    for step in ("pack", "ship"):
        manager.do(sent, step)
    assert buyer.do(pending, "cancel").status_code == 200
    assert buyer.do(paid, "cancel").status_code == 200
    assert buyer.do(sent, "cancel").status_code == 409
    assert db.stock.find_one({}, {"_id": 0}) == {
        "on_hand": 2,
        "reserved": 0,
        "available": 2,
    }
    assert money(db) == (2000, 1000)


def test_refunding(app: Flask, db: Database[Document]) -> None:
    """Pieces that were sent do not come back by themselves, those in their box do."""
    product, buyer, manager = make_product(db, stock=2), Buyer(app), Buyer(app, "admin")
    packed, sent = (buyer.order(product) for _ in range(2))
    for order in (packed, sent):
        buyer.pay(order)
        manager.do(order, "pack")
    manager.do(sent, "ship")
    for order in (packed, sent):
        assert Buyer(app, "support").do(order, "refund").status_code == 200
        assert manager.do(order, "refund").status_code == 409
    assert db.stock.find_one({}, {"_id": 0}) == {
        "on_hand": 1,
        "reserved": 0,
        "available": 1,
    }
    assert money(db) == (2000, 2000)


def test_lists(app: Flask, db: Database[Document]) -> None:
    """Customers see their own, staff everybody's, page by page."""
    product, ann, bob = make_product(db, stock=9), Buyer(app), Buyer(app)
    orders = [buyer.order(product)["id"] for buyer in (ann, bob, ann)]
    address = "/api/v1/orders"
    own = ann.client.get(address, headers=ann.headers).json
    assert own
    assert [order["id"] for order in own["items"]] == [orders[2], orders[0]]
    everybody = {"all": "true", "limit": "2", "state": "pending"}
    refused = ann.client.get(address, query_string=everybody, headers=ann.headers)
    assert refused.status_code == 403
    support = Buyer(app, "support").headers
    page = ann.client.get(address, query_string=everybody, headers=support).json
    assert page
    rest = ann.client.get(
        address, query_string=everybody | {"after": page["next"]}, headers=support
    ).json
    assert rest
    found = [order["id"] for order in page["items"] + rest["items"]]
    assert found == orders[::-1]
    assert rest["next"] is None


def test_an_order_is_its_customers(app: Flask, db: Database[Document]) -> None:
    """For others there is none; staff sees it, but only some may cancel it."""
    buyer = Buyer(app)
    order = buyer.order(make_product(db, stock=1))
    stranger, manager, support = (
        Buyer(app, r) for r in ("customer", "manager", "support")
    )
    assert stranger.do(order, "cancel").status_code == 404
    assert manager.do(order, "cancel").status_code == 403
    assert support.do(order, "cancel").status_code == 200


@pytest.mark.milestone(6)
def test_no_step_of_an_order_reads_a_whole_collection(
    app: Flask, db: Database[Document], settings: Settings
) -> None:
    """From the cart to the refund, writes too: MongoDB's profiler has the plan of each."""
    buyer, admin = Buyer(app), Buyer(app, "admin")
    product = make_product(db, stock=3)
    db.command("profile", 2)
    try:
        cancelled, paid = buyer.order(product), buyer.order(product)
        buyer.do(cancelled, "cancel")
        for outcome in ("failed", "succeeded"):
            buyer.pay(paid, outcome)
        for step in ("pack", "ship", "refund"):
            assert admin.do(paid, step).status_code == 200
        run_once(db, settings)
    finally:
        db.command("profile", 0)
    asked = list(db["system.profile"].find({"op": {"$ne": "killcursors"}}))
    db.drop_collection("system.profile")
    kinds = {"insert", "query", "update", "remove"}
    assert kinds <= {one["op"] for one in asked}
    for one in asked:
        assert "COLLSCAN" not in one.get("planSummary", ""), one["command"]
