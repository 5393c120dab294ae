"""Whatever customers and staff do, no money and no stock appears or vanishes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from shop.outbox.relay import run_once
from tests.buying import Buyer, assert_money_adds_up, assert_stock_adds_up
from tests.factories import make_product

if TYPE_CHECKING:
    from flask import Flask

pytestmark = pytest.mark.milestone(6)
STOCK = 6
STAFF_STEPS = ("pack", "ship", "deliver", "refund", "cancel")


class Shop(RuleBasedStateMachine):
    """Two customers and an admin who do things in any order."""

    app: Flask
    orders: Bundle[dict[str, Any]] = Bundle("orders")

    @initialize()
    def open(self) -> None:
        """Begin with two products, a coupon and nobody's money."""
        self.db = self.app.extensions["shop"].db
        for name in self.db.list_collection_names():
            self.db[name].delete_many({})
        self.products = [make_product(self.db, stock=STOCK) for _ in range(2)]
        for kind, value in (("percent", 33), ("fixed", 1500)):
            coupon = {"kind": kind, "value": value, "minimum": 1000, "expires_at": None}
            self.db.coupons.insert_one({"_id": kind.upper()} | coupon)
        self.buyers = [Buyer(self.app) for _ in range(2)]
        self.admin = Buyer(self.app, "admin")

    @rule(who=st.integers(0, 1), what=st.integers(0, 1), quantity=st.integers(1, 4))
    def put(self, who: int, what: int, quantity: int) -> None:
        """Put something into a cart."""
        self.buyers[who].put(self.products[what]["variants"][0]["sku"], quantity)

    @rule(who=st.integers(0, 1), code=st.sampled_from(["PERCENT", "FIXED"]))
    def choose(self, who: int, code: str) -> None:
        """Choose a coupon."""
        buyer = self.buyers[who]
        buyer.client.put(
            "/api/v1/cart/coupon", json={"code": code}, headers=buyer.headers
        )

    @rule(target=orders, who=st.integers(0, 1), times=st.integers(1, 2))
    def check_out(self, who: int, times: int) -> Any:
        """Order, perhaps twice with one key; an empty cart orders nothing."""
        key = f"key-{self.steps()}"
        answers = [self.buyers[who].check_out(key) for _ in range(times)]
        assert {answer.status_code for answer in answers} in ({201}, {409})
        assert len({answer.data for answer in answers if answer.status_code == 201}) < 2
        if answers[0].status_code == 409:
            return multiple()
        return {"who": who, **(answers[0].json or {})}

    @rule(order=orders, outcome=st.sampled_from(["succeeded", "failed"]))
    def pay(self, order: dict[str, Any], outcome: str) -> None:
        """Pay, or try to."""
        buyer = self.buyers[order["who"]]
        if "reference" in buyer.payment(order):
            # The same words within a second are a replay.
            assert buyer.pay(order, outcome).status_code in {204, 409}

    @rule(order=orders)
    def cancel(self, order: dict[str, Any]) -> None:
        """Cancel one's own order."""
        assert self.buyers[order["who"]].do(order, "cancel").status_code in {200, 409}

    @rule(order=orders, step=st.sampled_from(STAFF_STEPS))
    def work(self, order: dict[str, Any], step: str) -> None:
        """Take a step as staff."""
        assert self.admin.do(order, step).status_code in {200, 409}

    @rule()
    def relay(self) -> None:
        """Send what waits, refunds among it."""
        run_once(self.db, self.app.extensions["shop"].settings)

    @invariant()
    def stock_is_the_sum_of_its_movements(self) -> None:
        """Each SKU has what its movements say, and nothing is held twice."""
        assert_stock_adds_up(self.db)

    @invariant()
    def what_was_paid_is_what_orders_cost(self) -> None:
        """Paid less refunded is the price of the orders that stay paid."""
        assert_money_adds_up(self.db)

    @invariant()
    def totals_add_up(self) -> None:
        """See that the snapshot of each order is right to the cent."""
        for order in self.db.orders.find():
            lines = sum(line["price"] * line["quantity"] for line in order["lines"])
            assert lines == order["subtotal"] == order["total"] + order["discount"]

    def steps(self) -> int:
        """Return a number that no checkout had before."""
        self.count = getattr(self, "count", 0) + 1
        return self.count


def test_nothing_appears_or_vanishes(app: Flask) -> None:
    """Random lives of a small shop."""
    machine = type("OneShop", (Shop,), {"app": app})
    app.config["RATELIMIT_ENABLED"] = False
    run_state_machine_as_test(
        machine, settings=settings(max_examples=12, stateful_step_count=20)
    )
