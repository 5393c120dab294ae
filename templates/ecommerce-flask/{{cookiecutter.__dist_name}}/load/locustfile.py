"""Visitors and buyers under load.

Start the shop (`uv run poe dev`), then `uv run --group load locust -f load`, and give
its page the address http://127.0.0.1:8000. A limit that answers 429 does its job, and
so does a 409 for what is sold out: they are no failures. Numbers of a development
server say little; use the stack.
"""

import random
import uuid

from locust import HttpUser, between, task
from locust.clients import ResponseContextManager

WORDS = ("cup", "lamp", "blanket", "notebook", "pot")
SORTS = ("newest", "price_asc", "price_desc", "name")
API = "/api/v1"
ADDRESS = {
    "name": "Load Test",
    "street": "1 Main Street",
    "city": "Oslo",
    "postal_code": "0150",
    "country": "NO",
}
CONFLICT, TOO_MANY = 409, 429


class Visitor(HttpUser):
    """Somebody who looks around, narrows a search, and fills a cart as a guest."""

    weight = 9
    wait_time = between(1, 5)

    def on_start(self) -> None:
        """Know no product yet, and have no cart."""
        self.products: list[dict[str, str]] = []
        self.cart: dict[str, str] = {}

    @task(5)
    def browse(self) -> None:
        """Look at a page of products."""
        params = {"sort": random.choice(SORTS)}
        with self.client.get(
            f"{API}/products", params=params, name="/products", catch_response=True
        ) as answer:
            if accepted(answer):
                self.products = answer.json()["items"]

    @task(5)
    def product(self) -> None:
        """Look at one of them."""
        if self.products:
            one = random.choice(self.products)
            self.client.get(f"{API}/products/{one['id']}", name="/products/[id]")

    @task(2)
    def search(self) -> None:
        """Look for a word, and for what narrows it down."""
        words = {"q": random.choice(WORDS)}
        self.client.get(f"{API}/products", params=words, name="/products?q=")
        self.client.get(f"{API}/products/facets", params=words, name="/products/facets")

    @task(1)
    def fill_a_cart(self) -> None:
        """Open a cart once, then put something into it."""
        if not self.cart:
            with self.client.post(
                f"{API}/cart", name="/cart", catch_response=True
            ) as answer:
                if accepted(answer):
                    self.cart = {"X-Cart-Token": answer.json()["token"]}
        if self.cart:
            put(self, "NOTEBOOK", self.cart)


class Buyer(HttpUser):
    """The demo customer, who orders and pays at the fake provider."""

    weight = 1
    wait_time = between(2, 5)

    def on_start(self) -> None:
        """Log in once; the token lasts a quarter of an hour."""
        login = {"email": "customer@example.com", "password": "buys-a-lot-of-cups"}
        with self.client.post(
            f"{API}/auth/login", json=login, name="/auth/login", catch_response=True
        ) as answer:
            token = answer.json()["access_token"] if accepted(answer) else ""
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    @task
    def buy(self) -> None:
        """From the cart to a paid order."""
        if not self.headers or not put(self, "NOTEBOOK", self.headers):
            return
        headers = self.headers | {"Idempotency-Key": uuid.uuid4().hex}
        with self.client.post(
            f"{API}/checkout",
            json={"address": ADDRESS},
            headers=headers,
            name="/checkout",
            catch_response=True,
        ) as answer:
            placed = accepted(answer)
        if placed:
            self.pay(answer.json()["id"])

    def pay(self, order: str) -> None:
        """Pay the order."""
        with self.client.post(
            f"{API}/orders/{order}/payment",
            headers=self.headers,
            name="/orders/[id]/payment",
            catch_response=True,
        ) as answer:
            opened = accepted(answer)
        if opened:
            reference = answer.json()["reference"]
            with self.client.post(
                f"/fake-payments/{reference}/pay",
                json={"outcome": "succeeded"},
                name="/fake-payments/[reference]/pay",
                catch_response=True,
            ) as answer:
                accepted(answer)


def put(user: HttpUser, sku: str, headers: dict[str, str]) -> bool:
    """Put one of the SKU into the cart, and return whether it is there."""
    with user.client.put(
        f"{API}/cart/items/{sku}",
        json={"quantity": 1},
        headers=headers,
        name="/cart/items/[sku]",
        catch_response=True,
    ) as answer:
        return accepted(answer)


def accepted(answer: ResponseContextManager) -> bool:
    """Whether there is something to read; 409 and 429 count as successes without it."""
    if answer.status_code in {CONFLICT, TOO_MANY}:
        answer.success()
    return answer.ok
