"""A05 Injection: what a client sends is a value, never a query, a tag or a header."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.buying import API, Buyer
from tests.factories import ADDRESS, make_product, product_input

if TYPE_CHECKING:
    from flask import Flask
    from pymongo.database import Database

    from shop.database import Document

pytestmark = pytest.mark.milestone(8)
OPERATORS: tuple[Any, ...] = (
    {"$gt": ""},
    {"$ne": None},
    {"$regex": ".*"},
    [{"$gt": ""}],
)
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/auth/register"): {
        "email": "eve@example.com",
        "name": "Eve",
        "password": "correct horse",
    },
    ("POST", "/auth/verify"): {"token": "t"},
    ("POST", "/auth/login"): {
        "email": "eve@example.com",
        "password": "p",
        "cart_token": "t",
    },
    ("POST", "/auth/forgot-password"): {"email": "eve@example.com"},
    ("POST", "/auth/reset-password"): {"token": "t", "password": "correct horse"},
    ("PATCH", "/me"): {"name": "Eve"},
    ("POST", "/me/password"): {"current": "p", "new": "correct horse"},
    ("POST", "/me/addresses"): ADDRESS,
    ("POST", "/products"): product_input(),
    ("PUT", "/cart/items/SKU"): {"quantity": 1},
    ("PUT", "/cart/coupon"): {"code": "CODE"},
    ("PUT", "/coupons/CODE"): {"kind": "fixed", "value": 1, "minimum": 1},
    ("POST", "/checkout"): {"address_id": "0" * 24},
    ("POST", "/stock/SKU"): {"quantity": 1},
    ("POST", "/fake-payments/none/pay"): {"outcome": "succeeded"},
}
FIELDS = [(*route, name) for route, body in BODIES.items() for name in body]


@pytest.mark.parametrize(("method", "path", "name"), FIELDS)
def test_an_operator_is_no_value(app: Flask, method: str, path: str, name: str) -> None:
    """`{"$gt": ""}` in any field is refused before any query is made of it."""
    app.config["RATELIMIT_ENABLED"] = False
    admin = Buyer(app, "admin")
    address = path if path.startswith("/fake") else API + path
    for operator in OPERATORS:
        answer = admin.client.open(
            address,
            method=method,
            json=BODIES[method, path] | {name: operator},
            headers=admin.headers | {"Idempotency-Key": "k"},
        )
        assert answer.status_code == 422, operator


def test_an_operator_in_a_query_is_a_word(app: Flask, db: Database[Document]) -> None:
    """`brand[$ne]=` is an unknown parameter, `$ne` in a search finds nothing."""
    make_product(db)
    client = app.test_client()
    for name in ("brand[$ne]", "category[$gt]", "$where", "q[$search]"):
        answer = client.get(f"{API}/products", query_string={name: ""})
        assert answer.status_code == 422
    for text in ('{"$gt": ""}', '"; db.products.drop(); //', "$where: 1", '"'):
        answer = client.get(f"{API}/products", query_string={"q": text})
        assert answer.json
        assert answer.json["items"] == []


def test_names_of_attributes_are_never_paths(app: Flask) -> None:
    """A key of the client's cannot become `$set` or a path into the document."""
    manager = Buyer(app, "manager")
    for key in ("$set", "a.b", "__proto__", "A", ""):
        body = product_input(attributes={key: "x"})
        answer = manager.client.post(
            f"{API}/products", json=body, headers=manager.headers
        )
        assert answer.status_code == 422


def test_an_order_of_a_page_comes_from_us(app: Flask) -> None:
    """A cursor that somebody made up is refused: it would be a query."""
    answer = app.test_client().get(
        f"{API}/products", query_string={"after": "WyJ7XCIkZ3RcIjogMX0iXQ.x"}
    )
    assert answer.status_code == 422


def test_a_name_adds_no_header(app: Flask, db: Database[Document]) -> None:
    """Line breaks in what comes back in a header or a mail's subject are refused."""
    answer = app.test_client().get("/healthz", headers={"X-Request-ID": "a b"})
    assert answer.headers["X-Request-ID"] != "a b"
    buyer = Buyer(app)
    buyer.put(make_product(db, stock=1)["variants"][0]["sku"])
    assert buyer.check_out("key\tinjected").status_code == 422
