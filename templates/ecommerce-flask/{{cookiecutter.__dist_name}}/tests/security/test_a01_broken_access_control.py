"""OWASP A01:2025, broken access control: everybody gets what is theirs, no more.

Every route is played with every role: what is not for a role is 401, 403 or 404.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.buying import Buyer
from tests.factories import ADDRESS, make_product
from tests.security.access import MOUNTED, OPEN, PROVEN, ROLES, RULES, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

pytestmark = pytest.mark.milestone(8)
REFUSED = {401, 403, 404}


class World:
    """Somebody who owns one of everything, and others."""

    def __init__(self, app: Flask) -> None:
        """Make everybody and everything."""
        db = app.extensions["shop"].db
        self.app = app
        names = {"stranger": "customer", "owner": "customer"}
        self.people = {
            name: Buyer(app, names.get(name, name))
            for name in ROLES
            if name != "anonymous"
        }
        owner, manager = self.people["owner"], self.people["manager"]
        address = ADDRESS | {"id": "a" * 24}
        db.users.update_one({"_id": owner.id}, {"$set": {"addresses": [address]}})
        product, hidden = make_product(db, stock=9), make_product(db, active=False)
        delivered, order = owner.order(product), owner.order(product)
        owner.pay(delivered)
        for step in ("pack", "ship", "deliver"):
            manager.do(delivered, step)
        owner.payment(order)
        review = db.reviews.insert_one(
            {
                "product_id": hidden["_id"],
                "user_id": owner.id,
                "author": "O",
                "rating": 5,
                "text": "",
                "hidden": False,
                "created_at": product["created_at"],
            }
        ).inserted_id
        db.coupons.insert_one(
            {
                "_id": "CODE",
                "kind": "fixed",
                "value": 1,
                "minimum": 0,
                "expires_at": None,
            }
        )
        db.products.update_one({"_id": product["_id"]}, {"$set": {"version": 1}})
        self.things: dict[str, Any] = {
            "address": address["id"],
            "coupon": "CODE",
            "hidden": hidden["_id"],
            "hidden_slug": hidden["slug"],
            "order": order["id"],
            "product": product["_id"],
            "review": review,
            "sku": product["variants"][0]["sku"],
            "user": self.people["stranger"].id,
        }
        names = db.list_collection_names()
        self.kept = {name: list(db[name].find()) for name in names}

    def restore(self) -> None:
        """Have everything as it was made, whatever was done meanwhile."""
        db = self.app.extensions["shop"].db
        for name, documents in self.kept.items():
            if list(db[name].find()) != documents:
                db[name].delete_many({})
                db[name].insert_many(documents)

    def play(self, rule: Rule, role: str) -> int:
        """Return the status with which the role is answered."""
        with self.app.test_request_context():
            values = {name: self.things[thing] for name, thing in rule.on.items()}
            address = self.app.url_for(rule.endpoint, **values)
        headers = self.people[role].headers if role in self.people else {}
        return (
            self.app.test_client()
            .open(
                address,
                method=rule.method,
                json=rule.body,
                headers=headers | rule.headers,
            )
            .status_code
        )


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_every_route_with_every_role(app: Flask, rule: Rule) -> None:
    """Who may is served, all others are refused."""
    world = World(app)
    for role in ROLES:
        assert (world.play(rule, role) in REFUSED) == (role not in rule.may), role
        if role in rule.may and rule.method != "GET":
            world.restore()


def test_no_route_is_forgotten(app: Flask) -> None:
    """A new route needs a row in access.py, or stands among those that are open."""
    listed = {(rule.endpoint, rule.method) for rule in RULES}
    listed |= {(name, method) for name in OPEN | PROVEN for method in ("GET", "POST")}
    routes = {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.endpoint.startswith(MOUNTED)
    }
    advice = [
        "Add a row to RULES in tests/security/access.py that says who may use it: "
        f'Rule("{endpoint}", "{method}", PEOPLE). If it is for everybody, '
        f'add "{endpoint}" to OPEN there instead.'
        for endpoint, method in sorted(routes - listed)
    ]
    gone = {endpoint for endpoint, _ in listed} - {endpoint for endpoint, _ in routes}
    advice += [f'Delete "{each}" from tests/security/access.py.' for each in gone]
    if advice:
        pytest.fail("\n".join(advice), pytrace=False)


def test_routes_of_libraries_leak_no_account(app: Flask) -> None:
    """A stranger requests each of them, with another user's id where it takes one."""
    owner, stranger = Buyer(app), Buyer(app)
    found = owner.shop.db.users.find_one({"_id": owner.id})
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(MOUNTED):
            with app.test_request_context():
                values: dict[str, Any] = dict.fromkeys(rule.arguments, str(owner.id))
                address = app.url_for(rule.endpoint, **values)
            answer = stranger.client.get(address, headers=stranger.headers)
            assert answer.status_code < 500
            assert found["email"] not in answer.text


def test_a_refusal_is_logged(
    app: Flask,
    as_role: Callable[[str], dict[str, str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever watches the log sees who tried what."""
    app.test_client().get("/api/v1/users", headers=as_role("manager"))
    assert "permission refused" in caplog.text


def test_other_sites_read_nothing(make_app: Callable[..., Flask], app: Flask) -> None:
    """CORS answers the origins of its list, and by default nobody."""
    name = "Access-Control-Allow-Origin"
    ours = {"Origin": "https://shop.example"}
    assert name not in app.test_client().get("/healthz", headers=ours).headers
    listed = make_app(cors_allowed_origins=("https://shop.example",)).test_client()
    assert listed.get("/healthz", headers=ours).headers[name] == "https://shop.example"
    other = {"Origin": "https://evil.example"}
    assert name not in listed.get("/healthz", headers=other).headers
