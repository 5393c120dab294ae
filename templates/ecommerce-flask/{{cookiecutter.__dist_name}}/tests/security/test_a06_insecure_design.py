"""A06 Insecure Design: the rules hold against whoever knows the API well."""

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


@pytest.mark.parametrize(
    "more",
    [
        {"total": 1},
        {"price": 1},
        {"state": "paid"},
        {"user_id": "0" * 24},
        {"lines": []},
        {"currency": "JPY"},
    ],
)
def test_nobody_names_their_own_price(
    app: Flask, db: Database[Document], more: dict[str, Any]
) -> None:
    """A checkout has an address and nothing else (mass assignment)."""
    buyer = Buyer(app)
    buyer.put(make_product(db, stock=1)["variants"][0]["sku"])
    assert buyer.check_out(address=ADDRESS, **more).status_code == 422
    assert db.orders.count_documents({}) == 0


@pytest.mark.parametrize(
    "field", ["_id", "rating", "version", "created_at", "categories"]
)
def test_managers_write_the_fields_of_a_product_only(app: Flask, field: str) -> None:
    """Its rating and its version are the shop's own."""
    manager = Buyer(app, "manager")
    body = product_input() | {field: {"count": 1, "sum": 5}}
    answer = manager.client.post(f"{API}/products", json=body, headers=manager.headers)
    assert answer.status_code == 422


def test_nobody_becomes_staff_by_registering(
    app: Flask, db: Database[Document]
) -> None:
    """A role is given by an admin, not taken."""
    body = {"email": "eve@example.com", "name": "Eve", "password": "correct horse"}
    client = app.test_client()
    taken = client.post(f"{API}/auth/register", json=body | {"roles": ["admin"]})
    assert taken.status_code == 422
    assert client.post(f"{API}/auth/register", json=body).status_code == 202
    user = db.users.find_one({"email": body["email"]})
    assert user
    assert user["roles"] == ["customer"]


def test_a_large_body_is_refused_unread(app: Flask) -> None:
    """10 MiB are 413 before a byte of them is asked for; so is a body without end."""

    class Unread:
        def read(self, *_: object) -> bytes:
            raise AssertionError("the body was read")

        readline = read

    for headers, status in (
        ({"CONTENT_LENGTH": str(10 * 1024 * 1024)}, 413),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 411),
    ):
        answer = app.test_client().post(
            f"{API}/auth/login",
            content_type="application/json",
            environ_overrides={"wsgi.input": Unread()} | headers,
        )
        assert answer.status_code == status


def test_nobody_holds_the_whole_stock(app: Flask, db: Database[Document]) -> None:
    """Ten orders may wait for their money; whoever cancels one may place another."""
    product, greedy = make_product(db, stock=20), Buyer(app)
    orders = [greedy.order(product) for _ in range(10)]
    greedy.put(product["variants"][0]["sku"])
    assert greedy.check_out().status_code == 409
    assert db.orders.count_documents({}) == 10
    greedy.do(orders[0], "cancel")
    assert greedy.check_out().status_code == 201


def test_checkouts_are_counted_by_person(app: Flask) -> None:
    """A script that tries keys is stopped, its neighbours are not."""
    greedy, other = Buyer(app), Buyer(app)
    codes = [greedy.check_out().status_code for _ in range(31)]
    assert codes == [409] * 30 + [429]
    assert other.check_out().status_code == 409
