"""The shop over HTTP: money, stock, imports and logins when things do not go the usual way."""

import base64
import hashlib
import hmac
import itertools
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .harness.devserver import DevServer, dev
from .harness.projects import Project
from .harness.tools import Needs
from .harness.waiting import until
from .harness.web import Answer

API = "/api/v1"
OK, CREATED, NO_CONTENT = 200, 201, 204
UNAUTHORIZED, CONFLICT, PRECONDITION_FAILED, TOO_MANY = 401, 409, 412, 429
ADDRESS = {"name": "Ann", "street": "1 Long Street", "city": "Oslo", "postal_code": "0150", "country": "NO"}
PASSWORD = "correct horse battery"  # noqa: S105 - of people who live for one run
DAYS = 24 * 3600
numbers = itertools.count(1)


@pytest.fixture(scope="module", autouse=True)
def _mongod_on_path(need: Needs) -> Iterator[None]:
    """Put MongoDB where the project looks for it."""
    with pytest.MonkeyPatch.context() as patch:
        folder = str(Path(need("mongod")).parent)
        patch.setenv("PATH", os.pathsep.join([os.environ["PATH"], folder]))
        yield


@pytest.fixture(scope="module")
def shop(project: Callable[..., Project]) -> Project:
    """The shop with the defaults."""
    return project(template="ecommerce-flask")


@pytest.fixture(scope="module")
def server(shop: Project) -> Iterator[DevServer]:
    """Its development server, behind a proxy that says where a request comes from."""
    with dev(shop, NUM_PROXIES="1") as running:
        yield running


def database(shop: Project, script: str) -> str:
    """Run a script on the database that the development server started; return what it prints."""
    head = (
        "import json; from datetime import UTC, datetime, timedelta; from pathlib import Path\n"
        "from pymongo import MongoClient\n"
        "port = int(Path('data/mongo/port').read_text())\n"
        "db = MongoClient('127.0.0.1', port, directConnection=True, tz_aware=True).shop\n"
    )
    return shop.run("python", "-c", head + script).good().out.strip()


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody who uses the API from an address of their own."""

    server: DevServer
    place: str
    email: str = ""
    token: str = field(default="", repr=False)

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send a request; a body that is not text goes as JSON."""
        sent = {"X-Forwarded-For": self.place} | {
            name.replace("_", "-"): text for name, text in headers.items()
        }
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        data = body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        return self.server.browser().open(f"{API}{path}", data, sent, method)

    def ok(self, method: str, path: str, body: object = None, **headers: str) -> dict[str, object]:
        """Send a request that has to succeed, and return what is answered."""
        answer = self.call(method, path, body, **headers)
        assert answer.status < 300, (method, path, answer.status, answer.text)
        found = json.loads(answer.body or b"{}")
        assert isinstance(found, dict)
        return found

    def order(self, sku: str, quantity: int = 1) -> str:
        """Order so many of a SKU and return the order's id."""
        self.ok("PUT", f"/cart/items/{sku}", {"quantity": quantity})
        return str(
            self.ok("POST", "/checkout", {"address": ADDRESS}, Idempotency_Key=secrets.token_hex(8))["id"]
        )

    def state(self, order: str) -> object:
        """Return the state of the order now."""
        return self.ok("GET", f"/orders/{order}")["state"]


def log_in(server: DevServer, email: str, password: str, place: str) -> Client:
    """Log in from a place."""
    made = Client(server, place).ok("POST", "/auth/login", {"email": email, "password": password})
    return Client(server, place, email, str(made["access_token"]))


def mails(server: DevServer, to: str) -> list[dict[str, str]]:
    """Return the mails to an address, the newest first."""
    sent = server.browser().open("/dev/mail").json()
    assert isinstance(sent, list)
    return [mail for mail in sent if mail["to"] == to]


def mail_that_says(server: DevServer, to: str, words: str, within: float = 30) -> str:
    """Wait for a mail to the address that has these words, and return its text."""

    def found() -> str | None:
        texts = (mail["text"] for mail in mails(server, to))
        return next((text for text in texts if words in text), None)

    return until(
        found, within=within, what=lambda: f"{words!r} in {mails(server, to)}\n{server.program.text[-3000:]}"
    )


@pytest.fixture(scope="module")
def new_customer(server: DevServer) -> Callable[[], Client]:
    """Return what makes a customer who has confirmed the address by mail."""

    def make() -> Client:
        number = next(numbers)
        email, place = f"customer{number}@example.net", f"198.51.100.{number}"
        stranger = Client(server, place)
        stranger.ok("POST", "/auth/register", {"email": email, "name": "New", "password": PASSWORD})
        token = mail_that_says(server, email, "Your token: ").partition(": ")[2]
        stranger.ok("POST", "/auth/verify", {"token": token})
        return log_in(server, email, PASSWORD, place)

    return make


@pytest.fixture(scope="module")
def customer(new_customer: Callable[[], Client]) -> Client:
    """A customer for what several can do one after the other."""
    return new_customer()


@pytest.fixture(scope="module")
def manager(server: DevServer) -> Client:
    """The demo's manager."""
    return log_in(server, *server.account("manager"), "198.51.100.201")


def product(manager: Client, stock: int = 0, *, active: bool = True, **changes: object) -> dict[str, object]:
    """Make a product of one SKU, with so many of it on the shelf; return what was sent, and its id."""
    number = next(numbers)
    variant = {"sku": f"THING-{number}", "options": {"size": "small"}, "price": 1000, "currency": "EUR"}
    body: dict[str, object] = {
        "slug": f"thing-{number}",
        "name": f"Thing {number}",
        "description": "A long text.",
        "brand": "Kiln",
        "category": "home/kitchen",
        "attributes": {"colour": "blue"},
        "images": ["https://example.com/thing.jpg"],
        "variants": [variant],
        "active": active,
    }
    body |= changes
    made = manager.ok("POST", "/products", body)
    if stock:
        manager.ok("POST", f"/stock/{variant['sku']}", {"quantity": stock})
    return body | {"id": made["id"], "sku": variant["sku"]}


def webhook(server: DevServer, shop: Project, payment: Mapping[str, object], **changes: object) -> Answer:
    """Tell the shop of a payment, signed as its provider signs."""
    names = ("reference", "amount", "currency")
    event = {"id": f"evt_{secrets.token_hex(4)}", "kind": "succeeded"} | {
        name: payment[name] for name in names
    }
    body = json.dumps(event | changes).encode()
    (secret,) = re.findall(r"^FAKE_WEBHOOK_SECRET=(.+)$", (shop.path / ".env").read_text(), re.MULTILINE)
    seconds = str(int(time.time()))
    digest = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "Shop-Signature": f"t={seconds},v1={digest}"}
    return server.browser().open(f"{API}/payments/webhooks/fake", body, headers)


def pay(client: Client, order: str) -> None:
    """Pay the order at the fake provider."""
    action = str(client.ok("POST", f"/orders/{order}/payment")["action"])
    answer = client.server.browser().post_json(action, {"outcome": "succeeded"})
    assert answer.json() == {"delivered": True}, answer.text


def test_an_order_that_wants_no_money_gives_no_payment_link(
    customer: Client, manager: Client, server: DevServer, shop: Project
) -> None:
    """Cancelled or paid: asking to pay is 409, and the payment of before has no link either.

    Who pays over an old link all the same is told that the money goes back.
    """
    sku = str(product(manager, 5)["sku"])
    cancelled, paid = customer.order(sku), customer.order(sku)
    payment = customer.ok("POST", f"/orders/{cancelled}/payment")
    assert payment["action"]
    customer.ok("POST", f"/orders/{cancelled}/cancel", {})
    pay(customer, paid)
    for order in (cancelled, paid):
        refused = customer.call("POST", f"/orders/{order}/payment")
        assert refused.status == CONFLICT, refused.text
        assert customer.ok("GET", f"/orders/{order}/payment")["action"] is None
    assert webhook(server, shop, payment).status == NO_CONTENT
    text = mail_that_says(server, customer.email, str(payment["reference"]))
    assert "came when the order was cancelled. It goes back in full." in text


def test_a_payment_of_the_wrong_amount_goes_back(
    customer: Client, manager: Client, server: DevServer, shop: Project
) -> None:
    """The customer and the shop are told, the money goes back, and the order can be paid again."""
    order = customer.order(str(product(manager, 5)["sku"]))
    payment = customer.ok("POST", f"/orders/{order}/payment")
    assert webhook(server, shop, payment, amount=1001).status == NO_CONTENT
    assert customer.state(order) == "pending"
    for to in (customer.email, "shop@localhost"):
        text = mail_that_says(server, to, str(payment["reference"]))
        assert "1001 EUR instead of 1000 EUR" in text
    until(
        lambda: (
            "failed"
            in database(shop, f"print(db.payments.find_one({{'reference': '{payment['reference']}'}}))")
        ),
        within=30,
        what="the payment to be paid back",
    )
    again = customer.ok("POST", f"/orders/{order}/payment")
    assert again["reference"] != payment["reference"]
    assert webhook(server, shop, again).status == NO_CONTENT
    assert customer.state(order) == "paid"


def test_one_broken_order_stops_no_other(
    customer: Client, manager: Client, new_customer: Callable[[], Client], shop: Project
) -> None:
    """An order that cannot be cancelled keeps no mail, no other order and no customer waiting."""
    broken, good = (str(product(manager, 5)["sku"]) for _ in range(2))
    rare = str(product(manager, 1)["sku"])
    first, second = customer.order(broken), customer.order(good)
    # Somebody repaired the stock by hand, and both orders are over their time.
    database(
        shop,
        f"db.stock.update_one({{'_id': '{broken}'}}, {{'$set': {{'reserved': 0, 'available': 5}}}})\n"
        "from bson import ObjectId\n"
        f"for order in ('{first}', '{second}'):\n"
        "    past = {'reserved_until': datetime.now(UTC) - timedelta(minutes=1)}\n"
        "    db.orders.update_one({'_id': ObjectId(order)}, {'$set': past})\n",
    )
    other = new_customer()  # who gets a mail
    other.ok("PUT", f"/cart/items/{rare}", {"quantity": 2})
    refused = other.call("POST", "/checkout", {"address": ADDRESS}, Idempotency_Key="sold-out")
    assert refused.status == CONFLICT, refused.text
    assert rare in refused.text
    until(lambda: customer.state(second) == "cancelled", within=30, what="the order behind the broken one")
    assert customer.state(first) == "pending"
    assert "order not cancelled" in customer.server.program.text


def test_a_replay_asks_for_nothing_but_its_key(customer: Client, manager: Client) -> None:
    """The same checkout again gives the same order, though its address was deleted meanwhile."""
    address = customer.ok("POST", "/me/addresses", ADDRESS)["id"]
    customer.ok("PUT", f"/cart/items/{product(manager, 5)['sku']}", {"quantity": 1})
    before = customer.call("POST", "/checkout", {"address_id": address}, Idempotency_Key="once")
    customer.ok("DELETE", f"/me/addresses/{address}")
    after = customer.call("POST", "/checkout", {"address_id": address}, Idempotency_Key="once")
    assert (before.status, after.status) == (CREATED, CREATED), after.text
    assert before.json() == after.json()
    assert after.headers["Idempotency-Replayed"] == "true"
    unknown = customer.call("POST", "/checkout", {"address_id": "0" * 24}, Idempotency_Key="twice")
    assert unknown.status == 422


def test_an_import_changes_what_it_names(customer: Client, manager: Client) -> None:
    """A table of prices leaves hidden products hidden, and every other field and variant as it was."""
    sizes = [
        {"sku": f"SIZE-{next(numbers)}", "options": {"size": size}, "price": 1000, "currency": "EUR"}
        for size in ("small", "large")
    ]
    made = product(manager, active=False, variants=sizes)
    table = f"slug,sku,price\n{made['slug']},{sizes[0]['sku']},1100\n"
    report = manager.ok("POST", "/products/import", table, Content_Type="text/csv")
    assert (report["created"], report["updated"]) == (0, 1)
    found = manager.ok("GET", f"/products/{made['id']}")
    assert {name: found[name] for name in made if name not in {"sku", "variants"}} == {
        name: made[name] for name in made if name not in {"sku", "variants"}
    }
    assert found["variants"] == [sizes[0] | {"price": 1100}, sizes[1]]
    assert customer.call("GET", f"/products/{made['id']}").status == 404
    patch = json.dumps([{"slug": made["slug"], "attributes": {"material": "clay", "colour": ""}}])
    manager.ok("POST", "/products/import", patch)
    found = manager.ok("GET", f"/products/{made['id']}")
    assert (found["attributes"], found["active"], found["brand"]) == ({"material": "clay"}, False, "Kiln")


def test_no_query_reads_a_whole_collection(
    new_customer: Callable[[], Client], manager: Client, server: DevServer, shop: Project
) -> None:
    """MongoDB's profiler sees every command of an order's life, writes too: each has an index."""
    database(shop, "db.command('profile', 2)")
    sku = str(product(manager, 9)["sku"])
    customer = new_customer()
    delivered, cancelled, refunded = (customer.order(sku) for _ in range(3))
    payment = customer.ok("POST", f"/orders/{delivered}/payment")
    assert webhook(server, shop, payment, kind="failed").status == NO_CONTENT
    for order in (delivered, refunded, cancelled):
        pay(customer, order)
    for step in ("pack", "ship", "deliver"):
        manager.ok("POST", f"/orders/{delivered}/{step}", {})
    customer.ok("POST", f"/orders/{cancelled}/cancel", {})
    manager.ok("POST", f"/orders/{refunded}/refund", {})
    until(
        lambda: database(shop, "print(db.outbox.count_documents({'sent_at': None}))") == "0",
        within=60,
        what="the relay to send all that waits",
    )
    script = (
        "db.command('profile', 0)\n"
        "asked = list(db['system.profile'].find({'appName': 'shop'}))\n"
        "scans = [(one['ns'], one['command']) for one in asked if 'COLLSCAN' in one.get('planSummary', '')]\n"
        "print(json.dumps([len(asked), scans], default=str))\n"
    )
    count, scans = json.loads(database(shop, script))
    assert count > 100
    assert scans == []


def test_stock_is_counted_before_a_product_is_shown_and_corrected(manager: Client) -> None:
    """Pieces of a hidden product are booked in; a count that finds fewer takes them away."""
    stock = f"/stock/{product(manager, active=False)['sku']}"
    assert manager.ok("GET", stock)["on_hand"] == 0
    assert manager.ok("POST", stock, {"quantity": 5})["on_hand"] == 5
    corrected = manager.ok("POST", f"{stock}/correct", {"quantity": -2, "note": "broken"})
    assert corrected["on_hand"] == 3
    movements = corrected["movements"]
    assert isinstance(movements, list)
    assert (movements[0]["kind"], movements[0]["on_hand"], movements[0]["note"]) == (
        "corrected",
        -2,
        "broken",
    )
    assert manager.call("POST", f"{stock}/correct", {"quantity": -4}).status == CONFLICT
    assert manager.call("POST", "/stock/NONE/correct", {"quantity": 1}).status == 404
    assert manager.ok("GET", stock)["on_hand"] == 3


def test_a_new_product_inherits_no_stock(customer: Client, manager: Client) -> None:
    """One with the SKU of a deleted product begins with nothing; what orders wait for is not deleted."""
    old = product(manager, 5)
    order = customer.order(str(old["sku"]))
    tag = manager.call("GET", f"/products/{old['id']}").headers["ETag"]
    assert manager.call("DELETE", f"/products/{old['id']}", If_Match=tag).status == CONFLICT
    customer.ok("POST", f"/orders/{order}/cancel", {})
    manager.ok("DELETE", f"/products/{old['id']}", If_Match=tag)
    product(manager, variants=old["variants"])
    assert manager.ok("GET", f"/stock/{old['sku']}")["on_hand"] == 0


def test_a_variant_that_was_dropped_leaves_no_stock(manager: Client) -> None:
    """A SKU taken out of one product begins with nothing in another."""
    old = product(manager, 5)
    other = [{"sku": f"OTHER-{next(numbers)}", "price": 1, "currency": "EUR"}]
    tag = manager.call("GET", f"/products/{old['id']}").headers["ETag"]
    manager.ok("PATCH", f"/products/{old['id']}", {"variants": other}, If_Match=tag)
    product(manager, variants=old["variants"])
    assert manager.ok("GET", f"/stock/{old['sku']}")["on_hand"] == 0


def test_prices_are_those_of_any_variant(manager: Client, customer: Client) -> None:
    """A product is found by what its dearer variants cost, and only if one of them is within both limits."""
    brand, prices = f"Brand {next(numbers)}", (500, 9000)
    made = product(
        manager,
        brand=brand,
        variants=[{"sku": f"PRICED-{next(numbers)}", "price": price, "currency": "EUR"} for price in prices],
    )
    for query, found in (
        ("price_min=8000", True),
        ("price_max=600", True),
        ("price_min=400&price_max=600", True),
        ("price_min=600&price_max=8000", False),
        ("price_min=9001", False),
    ):
        items = customer.ok("GET", f"/products?brand={brand.replace(' ', '%20')}&{query}")["items"]
        assert isinstance(items, list)
        assert [item["id"] for item in items] == ([made["id"]] if found else []), query


def test_a_step_needs_no_body_and_knows_no_304(customer: Client, manager: Client) -> None:
    """POST /cancel without a body works, and If-None-Match is for those who read."""
    order = customer.order(str(product(manager, 2)["sku"]))
    answer = customer.call("POST", f"/orders/{order}/cancel", If_None_Match='"2"')
    assert (answer.status, json.loads(answer.body or b"{}").get("state")) == (OK, "cancelled"), answer.text
    read = customer.call("GET", f"/orders/{order}", If_None_Match=answer.headers["ETag"])
    assert read.status == 304
    missing = customer.call("PUT", "/cart/coupon", "")
    assert missing.status == 422
    assert "code" in missing.text


def test_notes_of_staff_are_for_staff(customer: Client, manager: Client) -> None:
    """A customer reads their own note and none of staff, in the order and in the list."""
    order = customer.order(str(product(manager, 2)["sku"]))
    customer.ok("POST", f"/orders/{order}/cancel", {"note": "changed my mind"})
    refunded = customer.order(str(product(manager, 2)["sku"]))
    pay(customer, refunded)
    manager.ok("POST", f"/orders/{refunded}/refund", {"note": "customer is a pain"})
    seen = customer.call("GET", f"/orders/{refunded}").text + customer.call("GET", "/orders").text
    assert "changed my mind" in seen
    assert "pain" not in seen
    assert "customer is a pain" in manager.call("GET", f"/orders/{refunded}").text


def test_each_step_is_told_by_mail(
    new_customer: Callable[[], Client], manager: Client, server: DevServer
) -> None:
    """Placed, paid, shipped, refunded and cancelled: one mail each."""
    customer, sku = new_customer(), str(product(manager, 3)["sku"])
    order, other = customer.order(sku), customer.order(sku)
    customer.ok("POST", f"/orders/{other}/cancel", {})
    pay(customer, order)
    for step in ("pack", "ship", "deliver", "refund"):
        manager.ok("POST", f"/orders/{order}/{step}", {})
    mail_that_says(server, customer.email, f"We pay back your order {order}")
    mail_that_says(server, customer.email, f"Your order {other} is cancelled")
    texts = [mail["text"] for mail in mails(server, customer.email) if order in mail["text"]]
    assert len(texts) == 4, texts
    for words in ("We hold your", "is paid", "is on its way", "We pay back"):
        assert sum(words in text for text in texts) == 1, texts


def test_correct_logins_are_no_attempts(new_customer: Callable[[], Client], server: DevServer) -> None:
    """The owner logs in as often as needed; a guesser is stopped, and the owner is not."""
    owner = new_customer()
    for _ in range(12):
        log_in(server, owner.email, PASSWORD, owner.place)
    guess = {"email": owner.email, "password": "wrong"}
    guesses = [
        Client(server, f"203.0.113.{number}").call("POST", "/auth/login", guess).status for number in range(6)
    ]
    assert guesses == [UNAUTHORIZED] * 5 + [TOO_MANY]
    log_in(server, owner.email, PASSWORD, owner.place)
    here = [Client(server, owner.place).call("POST", "/auth/login", guess).status for _ in range(6)]
    assert here == [UNAUTHORIZED] * 5 + [TOO_MANY]
    assert owner.email not in server.program.text


def test_a_session_lasts_as_long_as_its_token(
    new_customer: Callable[[], Client], server: DevServer, shop: Project
) -> None:
    """Rotated in the last hour of a login, a refresh token counts for the thirty days that it says."""
    owner = new_customer()
    login = {"email": owner.email, "password": PASSWORD}
    first = Client(server, owner.place).ok("POST", "/auth/login", login)
    family = claims(str(first["refresh_token"]))["fam"]
    soon = "{'expires_at': datetime.now(UTC) + timedelta(hours=1)}"
    database(shop, f"db.sessions.update_one({{'_id': '{family}'}}, {{'$set': {soon}}})")
    second = Client(server, owner.place, token=str(first["refresh_token"])).ok("POST", "/auth/refresh")
    ends = float(
        database(shop, f"print(db.sessions.find_one({{'_id': '{family}'}})['expires_at'].timestamp())")
    )
    promised = claims(str(second["refresh_token"]))["exp"]
    assert isinstance(promised, int)
    assert promised - time.time() > 29 * DAYS
    assert abs(ends - promised) < 60


def claims(token: str) -> dict[str, object]:
    """Return what a token says."""
    found = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert isinstance(found, dict)
    return found


def test_a_review_is_no_edit(customer: Client, manager: Client) -> None:
    """A manager's edit passes after a review came in; a reader is told of the new rating."""
    made = product(manager, 2)
    order = customer.order(str(made["sku"]))
    pay(customer, order)
    for step in ("pack", "ship", "deliver"):
        manager.ok("POST", f"/orders/{order}/{step}", {})
    page = f"/products/{made['id']}"
    tag = manager.call("GET", page).headers["ETag"]
    assert customer.call("GET", page, If_None_Match=tag).status == 304
    customer.ok("POST", f"{page}/reviews", {"rating": 5})
    read = customer.call("GET", page, If_None_Match=tag)
    assert read.status == OK
    edited = manager.call("PATCH", page, {"name": "New"}, If_Match=tag)
    assert edited.status == OK, edited.text
    assert manager.call("PATCH", page, {"name": "Newer"}, If_Match=tag).status == PRECONDITION_FAILED
