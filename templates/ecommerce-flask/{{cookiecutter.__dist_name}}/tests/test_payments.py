"""The shop believes a provider that signed, once, and pays back what came too late."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock, patch

import pytest
import stripe

from shop.outbox.relay import run_once
from shop.payments import signatures
from shop.payments.stripe import StripeProvider
from tests.buying import API, Buyer, event_of, money
from tests.factories import make_product

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from pymongo.database import Database

    from shop.database import Document
    from shop.settings import Settings

pytestmark = pytest.mark.milestone(6)
SECRET = "whsec_of_the_tests_0123456789abcdef"


@pytest.fixture
def buyer(app: Flask) -> Buyer:
    """Return a customer."""
    return Buyer(app)


@pytest.fixture
def order(buyer: Buyer, db: Database[Document]) -> dict[str, Any]:
    """Return an order of theirs that waits for its money."""
    return buyer.order(make_product(db, stock=5))


def test_asking_again_gives_the_same_payment(
    buyer: Buyer, order: dict[str, Any]
) -> None:
    """One order has one open payment; another one after a failure."""
    first, second = buyer.payment(order), buyer.payment(order)
    assert first == second
    assert first["state"] == "created"
    assert buyer.pay(order, "failed").status_code == 204
    third = buyer.payment(order)
    assert third["reference"] != first["reference"]
    assert buyer.pay(order).status_code == 204
    shown = buyer.client.get(
        f"{API}/orders/{order['id']}/payment", headers=buyer.headers
    )
    assert shown.json
    assert shown.json["state"] == "succeeded"


def test_a_webhook_counts_once(
    buyer: Buyer, order: dict[str, Any], db: Database[Document]
) -> None:
    """The same words are a replay; the same event, signed anew, has no effect."""
    event, now = event_of(buyer.payment(order)), time.time()
    assert buyer.tell(event, now).status_code == 204
    assert buyer.tell(event, now).status_code == 409
    assert buyer.tell(event, now - 1).status_code == 204
    assert buyer.state(order) == "paid"
    assert money(db) == (1000, 0)


@pytest.mark.parametrize("seconds", [-301, 600])
def test_a_webhook_of_another_time(
    buyer: Buyer, order: dict[str, Any], seconds: int
) -> None:
    """Five minutes is the window."""
    event = event_of(buyer.payment(order))
    assert buyer.tell(event, time.time() + seconds).status_code == 400
    assert buyer.state(order) == "pending"


def test_a_webhook_of_somebody_else(buyer: Buyer, order: dict[str, Any]) -> None:
    """Another secret, no signature, or another body than the signed one."""
    event = event_of(buyer.payment(order))
    assert buyer.tell(event, secret="x" * 40).status_code == 400
    address = f"{API}/payments/webhooks/fake"
    assert buyer.client.post(address, json=event).status_code == 400
    signature = signatures.sign(buyer.shop.settings.fake_webhook_secret, b"{}")
    changed = buyer.client.post(
        address, json=event, headers={"Shop-Signature": signature}
    )
    assert changed.status_code == 400
    assert buyer.client.post(f"{API}/payments/webhooks/stripe").status_code == 404
    assert buyer.state(order) == "pending"


def test_another_amount_is_not_believed(
    buyer: Buyer, order: dict[str, Any], db: Database[Document]
) -> None:
    """A cent less is not paid, nor is a payment of nobody."""
    event = event_of(buyer.payment(order))
    assert buyer.tell(event | {"id": "evt_1", "amount": 1}).status_code == 204
    assert buyer.tell(event | {"id": "evt_2", "reference": "none"}).status_code == 204
    assert buyer.state(order) == "pending"
    assert money(db) == (0, 0)


def test_money_that_comes_too_late_goes_back(
    buyer: Buyer, order: dict[str, Any], db: Database[Document], settings: Settings
) -> None:
    """The order was cancelled meanwhile: the relay refunds what was paid."""
    payment = buyer.payment(order)
    buyer.do(order, "cancel")
    assert buyer.tell(event_of(payment)).status_code == 204
    assert buyer.state(order) == "cancelled"
    run_once(db, settings)
    found = db.payments.find_one({})
    assert found
    assert found["state"] == "refunded"
    assert db.stock.find_one({}, {"_id": 0}) == {
        "on_hand": 5,
        "reserved": 0,
        "available": 5,
    }


def test_nothing_to_pay(buyer: Buyer, order: dict[str, Any]) -> None:
    """A cancelled order takes no money, and has no payment to show."""
    buyer.do(order, "cancel")
    address = f"{API}/orders/{order['id']}/payment"
    assert buyer.client.post(address, headers=buyer.headers).status_code == 409
    assert buyer.client.get(address, headers=buyer.headers).status_code == 404


def test_only_the_customer_pays(app: Flask, order: dict[str, Any]) -> None:
    """For a stranger there is no such order; support sees it and may not."""
    for role, status in (("customer", 404), ("support", 403)):
        someone = Buyer(app, role)
        answer = someone.client.post(
            f"{API}/orders/{order['id']}/payment", headers=someone.headers
        )
        assert answer.status_code == status


def test_the_fake_provider_tells_again(
    buyer: Buyer, order: dict[str, Any], db: Database[Document], settings: Settings
) -> None:
    """A shop that does not answer is called again by the relay, until it does."""
    reference = buyer.payment(order)["reference"]
    address = f"/fake-payments/{reference}/pay"
    body = {"outcome": "succeeded"}
    answer = buyer.client.post(address, json=body)
    assert answer.json == {"delivered": False}  # nobody listens there in this test
    assert buyer.client.post(address, json=body).status_code == 409
    unknown = buyer.client.post("/fake-payments/none/pay", json=body)
    assert unknown.status_code == 404
    run_once(db, settings)
    charge = db.fake_charges.find_one({})
    assert charge
    assert (charge["delivered"], charge["amount"]) == (False, 1000)


@pytest.mark.parametrize("change", [{"kind": "paid"}, {"reference": {"$ne": 1}}, None])
def test_a_webhook_that_says_nothing(
    app: Flask, change: dict[str, Any] | None, db: Database[Document]
) -> None:
    """Signed by the provider or not, it is input like any other."""
    buyer = Buyer(app)
    order = buyer.order(make_product(db, stock=1))
    event: Any = event_of(buyer.payment(order)) | change if change else []
    assert buyer.tell(event).status_code == 400
    assert db.webhook_events.count_documents({}) == 0


def signed(
    event: dict[str, Any], secret: str = SECRET, age: int = 0
) -> tuple[str, bytes]:
    """Return the header and the body with which Stripe would send an event."""
    body = json.dumps(event).encode()
    return signatures.sign(secret, body, time.time() - age), body


@pytest.fixture
def stripe_app(make_app: Callable[..., Flask], app: Flask) -> Flask:
    """Return a shop that is paid by Stripe, on the same database."""
    return make_app(
        payments="stripe",
        stripe_secret_key="sk_test_of_nobody",
        stripe_webhook_secret=SECRET,
    )


def test_stripe_pays_an_order(stripe_app: Flask, db: Database[Document]) -> None:
    """Its signed event is believed, one with another secret or an old one is not."""
    buyer = Buyer(stripe_app)
    order = buyer.order(make_product(db, stock=1))
    with patch("stripe.StripeClient") as client:
        create = client.return_value.v1.payment_intents.create
        create.return_value = Mock(id="pi_1", client_secret="pi_1_secret")
        payment = buyer.payment(order)
    assert (payment["reference"], payment["action"]) == ("pi_1", "pi_1_secret")
    sent, options = create.call_args.args
    assert (sent["amount"], sent["currency"]) == (1000, "eur")
    assert options == {"idempotency_key": f"{order['id']}:1"}
    about = {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 1000,
        "currency": "eur",
    }
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "data": {"object": about},
    }
    for header, body, status in (
        (*signed(event, "whsec_other"), 400),
        (*signed(event, age=600), 400),
        ("", b"{}", 400),
        (*signed(event | {"id": "evt_0", "type": "charge.updated"}), 204),
        (*signed(event), 204),
    ):
        answer = buyer.client.post(
            f"{API}/payments/webhooks/stripe",
            data=body,
            content_type="application/json",
            headers={"Stripe-Signature": header},
        )
        assert answer.status_code == status
    assert buyer.state(order) == "paid"
    pay = buyer.client.post("/fake-payments/pi_1/pay", json={"outcome": "succeeded"})
    assert pay.status_code == 404


def test_stripe_that_is_away(stripe_app: Flask, db: Database[Document]) -> None:
    """It is no failure of the shop; the customer may try again."""
    buyer = Buyer(stripe_app)
    order = buyer.order(make_product(db, stock=1))
    with patch("stripe.StripeClient") as client:
        create = client.return_value.v1.payment_intents.create
        create.side_effect = stripe.APIConnectionError("away: sk_test")
        answer = buyer.payment(order)
    assert answer["status"] == 502
    assert "sk_test" not in str(answer)
    assert db.payments.count_documents({}) == 0


def test_stripe_refunds_once(stripe_app: Flask) -> None:
    """The payment's own id is the key, so a second call does nothing."""
    with patch("stripe.StripeClient") as client:
        provider = StripeProvider(stripe_app.extensions["shop"].settings)
        provider.refund({"_id": "1", "reference": "pi_1"})
    create = client.return_value.v1.refunds.create
    create.assert_called_once_with(
        {"payment_intent": "pi_1"}, {"idempotency_key": "refund:1"}
    )
