"""A customer who buys, by the routes of the API: what several tests begin with."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from shop.payments import signatures
from tests.factories import ADDRESS, log_in, make_user

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from shop.database import Document

API = "/api/v1"


class Buyer:
    """Somebody who is logged in and has an address."""

    def __init__(self, app: Flask, role: str = "customer") -> None:
        """Make the account."""
        self.app = app
        self.shop = app.extensions["shop"]
        self.client = app.test_client()
        self.id = make_user(self.shop.db, role)
        self.headers = log_in(app, self.id)

    def put(self, sku: str, quantity: int = 1) -> TestResponse:
        """Put so many into the cart."""
        return self.client.put(
            f"{API}/cart/items/{sku}",
            json={"quantity": quantity},
            headers=self.headers,
        )

    def check_out(self, key: str = "", **body: Any) -> TestResponse:
        """Order what is in the cart."""
        headers = self.headers | {"Idempotency-Key": key or secrets.token_hex(8)}
        return self.client.post(
            f"{API}/checkout", json=body or {"address": ADDRESS}, headers=headers
        )

    def order(self, product: Document, quantity: int = 1) -> dict[str, Any]:
        """Order so many of a product and return the order."""
        self.put(product["variants"][0]["sku"], quantity)
        answer = self.check_out()
        assert answer.json
        assert answer.status_code == 201, answer.json
        return dict(answer.json)

    def do(self, order: dict[str, Any], step: str) -> TestResponse:
        """Take a step with an order."""
        return self.client.post(
            f"{API}/orders/{order['id']}/{step}", json={}, headers=self.headers
        )

    def payment(self, order: dict[str, Any]) -> dict[str, Any]:
        """Ask to pay."""
        answer = self.client.post(
            f"{API}/orders/{order['id']}/payment", headers=self.headers
        )
        assert answer.json
        return dict(answer.json)

    def pay(self, order: dict[str, Any], outcome: str = "succeeded") -> TestResponse:
        """Have the provider say what became of the payment, as its webhook does."""
        payment = self.payment(order)
        return self.tell(event_of(payment, outcome))

    def tell(
        self, event: dict[str, Any], now: float | None = None, secret: str = ""
    ) -> TestResponse:
        """Send a webhook that is signed at a time."""
        body = json.dumps(event).encode()
        secret = secret or self.shop.settings.fake_webhook_secret
        return self.client.post(
            f"{API}/payments/webhooks/fake",
            data=body,
            content_type="application/json",
            headers={"Shop-Signature": signatures.sign(secret, body, now)},
        )

    def state(self, order: dict[str, Any]) -> str:
        """Return the state of the order now."""
        answer = self.client.get(f"{API}/orders/{order['id']}", headers=self.headers)
        assert answer.json
        return str(answer.json["state"])


def event_of(payment: dict[str, Any], outcome: str = "succeeded") -> dict[str, Any]:
    """Return what the fake provider tells of a payment."""
    return {
        "id": f"evt_{payment['reference']}",
        "kind": outcome,
        "reference": payment["reference"],
        "amount": payment["amount"],
        "currency": payment["currency"],
    }


def money(db: Any) -> tuple[int, int]:
    """Return what was paid and what of it was paid back, in minor units."""
    rows = list(
        db.payments.find({"state": {"$in": ["succeeded", "refunding", "refunded"]}})
    )
    back = sum(row["amount"] for row in rows if row["state"] != "succeeded")
    return sum(row["amount"] for row in rows), back


def assert_stock_adds_up(db: Any) -> None:
    """Each SKU has what its movements say, and holds what pending orders need."""
    held: dict[str, int] = {}
    for order in db.orders.find({"state": "pending"}):
        for line in order["lines"]:
            held[line["sku"]] = held.get(line["sku"], 0) + line["quantity"]
    for row in db.stock.find():
        moves = list(db.movements.find({"sku": row["_id"]}))
        assert sum(move["on_hand"] for move in moves) == row["on_hand"]
        assert sum(move["reserved"] for move in moves) == row["reserved"]
        assert row["reserved"] == held.get(row["_id"], 0)


def assert_money_adds_up(db: Any) -> None:
    """Paid less refunded is the price of the orders that stay paid."""
    kept = ["paid", "packed", "shipped", "delivered"]
    worth = sum(order["total"] for order in db.orders.find({"state": {"$in": kept}}))
    paid, back = money(db)
    assert paid - back == worth
