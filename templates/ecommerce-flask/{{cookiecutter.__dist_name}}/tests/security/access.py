"""Who may do what: a row for each route and method of the API.

`test_a01_broken_access_control.py` plays every row with every role, and fails as long
as a route of the application is missing here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.factories import ADDRESS, product_input

ROLES = ("anonymous", "stranger", "owner", "support", "manager", "admin")
ANYONE = frozenset(ROLES)
PEOPLE = ANYONE - {"anonymous"}
OWNER = frozenset({"owner"})
READERS = frozenset({"owner", "support", "manager", "admin"})
STAFF = frozenset({"support", "manager", "admin"})
MANAGERS = frozenset({"manager", "admin"})
ADMIN = frozenset({"admin"})
HELPERS = frozenset({"support", "admin"})


@dataclass(frozen=True)
class Rule:
    """`method` at the endpoint is for those in `may` and for nobody else.

    `on` says which things of the test's world stand in the address.
    """

    endpoint: str
    method: str
    may: frozenset[str]
    on: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.endpoint}"


PRODUCT, ORDER = {"product_id": "product"}, {"order_id": "order"}
REVIEW, MATCH = {"review_id": "review"}, {"If-Match": '"1"'}
ADDRESS_ID, SKU = {"address_id": "address"}, {"sku": "sku"}
COUPON = {"kind": "fixed", "value": 1}

RULES = [
    Rule("auth.log_out", "POST", PEOPLE),
    Rule("auth.log_out_everywhere", "POST", PEOPLE),
    Rule("me.get_me", "GET", PEOPLE),
    Rule("me.change_me", "PATCH", PEOPLE, body={"name": "N"}),
    Rule("me.list_addresses", "GET", PEOPLE),
    Rule("me.add_address", "POST", PEOPLE, body=ADDRESS),
    Rule("me.replace_address", "PUT", OWNER, ADDRESS_ID, ADDRESS),
    Rule("me.delete_address", "DELETE", OWNER, ADDRESS_ID),
    Rule("users.list_users", "GET", ADMIN),
    Rule("users.put_roles", "PUT", ADMIN, {"user_id": "user"}, {"roles": ["admin"]}),
    Rule("products.get_product", "GET", MANAGERS, {"product_id": "hidden"}),
    Rule("products.get_product_by_slug", "GET", MANAGERS, {"slug": "hidden_slug"}),
    Rule("products.create_product", "POST", MANAGERS, body=product_input()),
    Rule("products.replace_product", "PUT", MANAGERS, PRODUCT, product_input(), MATCH),
    Rule("products.change_product", "PATCH", MANAGERS, PRODUCT, {"name": "N"}, MATCH),
    Rule("products.delete_product", "DELETE", MANAGERS, PRODUCT, None, MATCH),
    Rule("products.import_products", "POST", MANAGERS, body={}),
    Rule("stock.get_stock", "GET", MANAGERS, SKU),
    Rule("stock.receive_stock", "POST", MANAGERS, SKU, {"quantity": 1}),
    Rule("stock.correct_stock", "POST", MANAGERS, SKU, {"quantity": 1}),
    Rule("cart.get_cart", "GET", PEOPLE),
    Rule("cart.put_item", "PUT", PEOPLE, SKU, {"quantity": 1}),
    Rule("cart.remove_item", "DELETE", PEOPLE, SKU),
    Rule("cart.put_coupon", "PUT", PEOPLE, body={"code": "NONE"}),
    Rule("cart.remove_coupon", "DELETE", PEOPLE),
    Rule("cart.list_coupons", "GET", MANAGERS),
    Rule("cart.put_coupon_of_shop", "PUT", MANAGERS, {"code": "coupon"}, COUPON),
    Rule("cart.delete_coupon", "DELETE", MANAGERS, {"code": "coupon"}),
    Rule(
        "orders.check_out",
        "POST",
        PEOPLE,
        body={"address": ADDRESS},
        headers={"Idempotency-Key": "k"},
    ),
    Rule("orders.list_orders", "GET", PEOPLE),
    Rule("orders.get_order", "GET", READERS, ORDER),
    Rule("orders.cancel", "POST", OWNER | HELPERS, ORDER, {}),
    Rule("orders.pack", "POST", MANAGERS, ORDER, {}),
    Rule("orders.ship", "POST", MANAGERS, ORDER, {}),
    Rule("orders.deliver", "POST", MANAGERS, ORDER, {}),
    Rule("orders.refund", "POST", STAFF, ORDER, {}),
    Rule("payments.open_payment", "POST", OWNER, ORDER),
    Rule("payments.get_payment", "GET", READERS, ORDER),
    Rule("reports.revenue", "GET", MANAGERS),
    Rule("reports.best_sellers", "GET", MANAGERS),
    Rule("reports.low_stock", "GET", MANAGERS),
    Rule("reviews.write_review", "POST", OWNER, PRODUCT, {"rating": 5}),
    Rule("reviews.moderate_review", "PATCH", STAFF, REVIEW, {"hidden": True}),
    Rule("reviews.delete_review", "DELETE", READERS, REVIEW),
]
# The same for everyone, or proven by something else than a login: a password, a token
# out of a mail, a signature, a reference that nobody can guess.
OPEN = {
    *("auth.register", "auth.verify", "auth.log_in", "auth.refresh"),
    *("auth.forgot_password", "auth.reset_password"),
    *("products.list_products", "products.list_facets", "products.list_categories"),
    *("reviews.list_reviews", "feeds.products", "cart.open_cart"),
    *("payments.take_webhook", "fake_payments.pay"),
    *("health.healthz", "health.readyz", "health.metrics"),
    *("docs.home", "docs.page", "docs.start", "docs.file", "mails.list_mails"),
}
# Routes that APIFlask adds by itself (the description of the API), by their prefix.
MOUNTED = "openapi."
# Needs the account's own password as well; see tests/test_me.py.
PROVEN = {"me.change_password"}
