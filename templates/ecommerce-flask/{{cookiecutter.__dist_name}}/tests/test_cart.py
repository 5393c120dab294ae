"""A cart belongs to one guest or customer, and the server alone says what it costs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories import make_product

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient
    from pymongo.database import Database

    from shop.database import Document

pytestmark = pytest.mark.milestone(4)
CART = "/api/v1/cart"
type Headers = dict[str, str]


def sku(product: Document) -> str:
    """Return the SKU of a product's only variant."""
    return str(product["variants"][0]["sku"])


def put(client: FlaskClient, whose: Headers, code: str, quantity: int = 1) -> Any:
    """Put so many into the cart and return it."""
    return client.put(
        f"{CART}/items/{code}", json={"quantity": quantity}, headers=whose
    ).json


@pytest.fixture
def guest(client: FlaskClient) -> Headers:
    """Return the headers of a guest with a cart."""
    body = client.post(CART).json
    assert body
    return {"X-Cart-Token": body["token"]}


def test_a_guest_fills_a_cart(
    client: FlaskClient, guest: Headers, db: Database[Document]
) -> None:
    """Putting a SKU again sets how many, taking it out empties the cart."""
    code = sku(make_product(db))
    put(client, guest, code, 1)
    cart = put(client, guest, code, 3)
    assert (cart["subtotal"], cart["total"]) == (3000, 3000)
    assert cart["lines"][0]["options"] == {"size": "small"}
    client.delete(f"{CART}/items/{code}", headers=guest)
    assert client.get(CART, headers=guest).json == {
        "lines": [],
        "currency": "EUR",
        "coupon": None,
        "subtotal": 0,
        "discount": 0,
        "total": 0,
    }


def test_prices_are_those_of_now(
    client: FlaskClient, guest: Headers, db: Database[Document]
) -> None:
    """What changes or goes while it lies in a cart shows there."""
    product = make_product(db)
    put(client, guest, sku(product))
    db.products.update_one({}, {"$set": {"variants.0.price": 700}})
    cart = client.get(CART, headers=guest).json
    assert cart
    assert cart["total"] == 700
    db.products.update_one({}, {"$set": {"active": False}})
    cart = client.get(CART, headers=guest).json
    assert cart
    assert (cart["total"], cart["lines"][0]["available"]) == (0, False)


def test_a_cart_needs_its_owner(client: FlaskClient, guest: Headers) -> None:
    """Nobody's is refused, and so is a token that we did not sign."""
    assert client.get(CART).status_code == 401
    forged = {"X-Cart-Token": guest["X-Cart-Token"] + "x"}
    assert client.get(CART, headers=forged).status_code == 401


def test_a_cart_that_expired(
    client: FlaskClient, guest: Headers, db: Database[Document]
) -> None:
    """MongoDB deletes it; its token says so."""
    db.carts.delete_many({})
    code = sku(make_product(db))
    assert client.get(CART, headers=guest).status_code == 404
    answer = client.put(f"{CART}/items/{code}", json={"quantity": 1}, headers=guest)
    assert answer.status_code == 404


@pytest.mark.parametrize("quantity", [0, 100, -1, "2", 1.5, None, {"$gt": ""}])
def test_a_quantity_that_makes_no_sense(
    client: FlaskClient, guest: Headers, db: Database[Document], quantity: object
) -> None:
    """It is refused."""
    answer = client.put(
        f"{CART}/items/{sku(make_product(db))}",
        json={"quantity": quantity},
        headers=guest,
    )
    assert answer.status_code == 422


def test_what_nobody_sells(client: FlaskClient, guest: Headers) -> None:
    """An unknown SKU is not found."""
    answer = client.put(f"{CART}/items/NONE", json={"quantity": 1}, headers=guest)
    assert answer.status_code == 404


def test_a_cart_has_an_end(
    client: FlaskClient, guest: Headers, db: Database[Document]
) -> None:
    """It takes fifty lines."""
    variants = [
        {"sku": f"V-{number}", "price": 1, "currency": "EUR"} for number in range(50)
    ]
    make_product(db, variants=variants)
    for number in range(50):
        put(client, guest, f"V-{number}")
    answer = client.put(
        f"{CART}/items/{sku(make_product(db))}", json={"quantity": 1}, headers=guest
    )
    assert answer.status_code == 409


def test_a_cart_at_the_same_moment(
    client: FlaskClient, guest: Headers, db: Database[Document]
) -> None:
    """Whoever clicks eight times at once has the SKU in the cart, and no refusal."""
    code = sku(make_product(db))

    def click(_: int) -> int:
        one = client.application.test_client()
        answer = one.put(f"{CART}/items/{code}", json={"quantity": 2}, headers=guest)
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(click, range(8))) == {200}
    cart = client.get(CART, headers=guest)
    assert cart.json
    assert [line["quantity"] for line in cart.json["lines"]] == [2]
    assert cart.headers["Cache-Control"] == "private, no-store"


def test_a_login_brings_the_cart_along(
    client: FlaskClient,
    guest: Headers,
    db: Database[Document],
    member: Callable[[], dict[str, str]],
    as_user: Callable[[str], Headers],
) -> None:
    """What guest and customer had is added up, and the guest's cart is gone."""
    one, two = (sku(make_product(db)) for _ in range(2))
    login = member()
    customer = as_user(login["email"])
    put(client, customer, one, 60)
    put(client, guest, one, 60)
    put(client, guest, two, 2)
    body = login | {"cart_token": guest["X-Cart-Token"]}
    assert client.post("/api/v1/auth/login", json=body).status_code == 200
    cart = client.get(CART, headers=customer).json
    assert cart
    assert {line["sku"]: line["quantity"] for line in cart["lines"]} == {
        one: 99,
        two: 2,
    }
    assert client.get(CART, headers=guest).status_code == 404
    assert client.post("/api/v1/auth/login", json=body).status_code == 200


def test_a_coupon(
    client: FlaskClient,
    guest: Headers,
    db: Database[Document],
    as_role: Callable[[str], Headers],
) -> None:
    """It counts from its minimum on, until it is deleted."""
    code = sku(make_product(db))
    put(client, guest, code)
    manager = as_role("manager")
    coupon = {"kind": "percent", "value": 10, "minimum": 2000}
    made = client.put("/api/v1/coupons/TEN", json=coupon, headers=manager)
    assert made.status_code == 204
    listed = client.get("/api/v1/coupons", headers=manager).json
    assert listed
    assert [item["code"] for item in listed["items"]] == ["TEN"]
    chosen = client.put(f"{CART}/coupon", json={"code": "TEN"}, headers=guest).json
    assert chosen
    assert chosen["discount"] == 0
    assert put(client, guest, code, 2)["discount"] == 200
    client.delete("/api/v1/coupons/TEN", headers=manager)
    cart = client.get(CART, headers=guest).json
    assert cart
    assert (cart["coupon"], cart["discount"]) == (None, 0)
    again = client.delete("/api/v1/coupons/TEN", headers=manager)
    assert again.status_code == 404


def test_coupons_that_do_not_count(
    client: FlaskClient, guest: Headers, as_role: Callable[[str], Headers]
) -> None:
    """Unknown and expired ones are a conflict; nonsense cannot be made."""
    manager = as_role("manager")
    past = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    old = {"kind": "fixed", "value": 1, "expires_at": past}
    client.put("/api/v1/coupons/OLD", json=old, headers=manager)
    for code in ("OLD", "NONE"):
        answer = client.put(f"{CART}/coupon", json={"code": code}, headers=guest)
        assert answer.status_code == 409
    for code, body in (
        ("x", {"kind": "fixed", "value": 1}),
        ("MORE", {"kind": "percent", "value": 101}),
    ):
        answer = client.put(f"/api/v1/coupons/{code}", json=body, headers=manager)
        assert answer.status_code == 422


def test_a_coupon_is_taken_off_the_cart(
    client: FlaskClient, guest: Headers, as_role: Callable[[str], Headers]
) -> None:
    """The guest changes their mind."""
    body = {"kind": "fixed", "value": 1}
    client.put("/api/v1/coupons/ONE", json=body, headers=as_role("manager"))
    client.put(f"{CART}/coupon", json={"code": "ONE"}, headers=guest)
    cart = client.delete(f"{CART}/coupon", headers=guest).json
    assert cart
    assert cart["coupon"] is None
