"""A10 Mishandling of Exceptional Conditions: a failure is told, logged and harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shop.outbox import repository
from tests.buying import API, Buyer
from tests.factories import make_product

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from pymongo.database import Database

    from shop.database import Document

pytestmark = pytest.mark.milestone(8)


def boom(*_: object, **__: object) -> None:
    """Fail as no one expects."""
    raise RuntimeError("the secret inside")


def test_a_failure_of_ours_tells_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets an id, the log the traceback under the same id."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("shop.catalogue.search.page", boom)
    answer = app.test_client().get(f"{API}/products")
    assert answer.status_code == 500
    assert answer.json
    assert "secret" not in answer.text
    assert answer.json["request_id"] in caplog.text
    assert "the secret inside" in caplog.text


def test_a_checkout_that_fails_half_way_never_was(
    app: Flask, db: Database[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stock, coupon, cart and order are as before; the same key works afterwards."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    buyer, product = Buyer(app), make_product(db, stock=3)
    buyer.put(product["variants"][0]["sku"])
    with monkeypatch.context() as patch:
        patch.setattr("shop.orders.checkout.enqueue_mail", boom)
        assert buyer.check_out("key-1").status_code == 500
    assert db.orders.count_documents({}) == db.outbox.count_documents({}) == 0
    assert db.stock.find_one({}, {"_id": 0}) == {
        "on_hand": 3,
        "reserved": 0,
        "available": 3,
    }
    assert buyer.check_out("key-1").status_code == 201


def test_a_database_that_is_away_is_503(make_app: Callable[..., Flask]) -> None:
    """In time, with when to come again, and without a word on where it is."""
    uri = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"
    app = make_app(mongodb_uri=uri)
    answer = app.test_client().get(f"{API}/categories")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "127.0.0.1" not in answer.text


def test_a_relay_that_dies_loses_nothing(db: Database[Document]) -> None:
    """What it had taken is another one's a minute later."""
    repository.enqueue(db, "order.paid", {})
    taken = repository.claim(db)
    assert taken
    assert repository.claim(db) is None
    assert taken["available_at"] > taken["created_at"]
    assert "sent_at" not in taken


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 200_000, 400),
        (b'{"token": ' + b"[" * 200_000, 400),
        (b'{"token": ' + b"9" * 5000 + b"}", 400),
        (b'{"token": NaN}', 422),
        (b'{"token": "\xff"}', 400),
        (rb'{"token": "\ud800"}', 422),
    ],
)
def test_a_strange_body_is_the_clients_mistake(
    app: Flask, body: bytes, status: int
) -> None:
    """Too deep, too large a number, half a character: refused, and nothing breaks."""
    answer = app.test_client().post(
        f"{API}/auth/verify", data=body, content_type="application/json"
    )
    assert answer.status_code == status


def test_half_a_character_names_no_account(app: Flask) -> None:
    """What counts the attempts on an account takes no address that is none."""
    body = rb'{"email": "\ud800@example.com", "password": "x"}'
    answer = app.test_client().post(
        f"{API}/auth/login", data=body, content_type="application/json"
    )
    assert answer.status_code == 422
