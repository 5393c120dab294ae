"""Kill -9 amid checkouts: each order is whole or not there, and is paid for once.

First the server dies, then MongoDB. Customers do what customers of an API do when no
answer comes: ask again, with the same `Idempotency-Key`.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from shop.app import create_app
from shop.database.collections import prepare
from shop.database.local import HOST, free_port, private_replica_set
from shop.payments import signatures
from shop.settings import load
from tests.buying import API, assert_money_adds_up, assert_stock_adds_up, event_of
from tests.factories import ADDRESS, log_in, make_product, make_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.database import Database

    from shop.database import Document
    from shop.settings import Settings

pytestmark = pytest.mark.milestone(8)
ROOT = Path(__file__).resolve().parents[1]
SECRETS = ("SECRET_KEY", "JWT_SIGNING_KEY", "FAKE_WEBHOOK_SECRET")
CUSTOMERS = 8
BEFORE_EACH_CRASH = 12  # orders
PATIENCE = 300  # seconds


class Server:
    """`python -m shop dev` as a process of its own, which can be killed."""

    def __init__(self, env: dict[str, str]) -> None:
        """Start it."""
        self.env, self.port = env, int(env["PORT"])
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        """Run it; it makes the collections before it listens."""
        command = [sys.executable, "-m", "shop", "dev", "--no-reload"]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.env, stdout=subprocess.DEVNULL
        )

    def ask(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, Any]:
        """Return status and JSON of the answer; raise OSError where none comes."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        with contextlib.closing(connection):
            try:
                connection.request(method, API + path, body, headers)
                answer = connection.getresponse()
                text = answer.read()
            except http.client.HTTPException as error:
                raise ConnectionError from error
        return answer.status, json.loads(text or b"null")

    def kill(self) -> None:
        """End it as a power cut does, and start it again."""
        self.process.kill()
        self.process.wait()
        self.process = self.start()


class Customer:
    """Orders one thing after the other, and pays for it, whatever breaks meanwhile."""

    def __init__(self, server: Server, settings: Settings, token: str) -> None:
        """Act with that access token."""
        self.server, self.secret = server, settings.fake_webhook_secret
        self.headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
        }

    def insist(
        self, good: set[int], method: str, path: str, body: Any, **headers: str
    ) -> Any:
        """Ask until an answer with a good status comes, and return it."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        deadline = time.monotonic() + PATIENCE
        status, answer = 0, None
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                status, answer = self.server.ask(
                    method, path, raw, **self.headers | headers
                )
                if status in good:
                    return answer
                assert status >= 500, answer
            time.sleep(0.1)
        raise AssertionError((status, answer))

    def buy(self, sku: str) -> str:
        """Order one, pay for it, and return the order's id."""
        self.insist({200}, "PUT", f"/cart/items/{sku}", {"quantity": 1})
        key = {"Idempotency-Key": secrets.token_hex(8)}
        order = self.insist({201}, "POST", "/checkout", {"address": ADDRESS}, **key)
        payment = self.insist({200, 201}, "POST", f"/orders/{order['id']}/payment", {})
        event = json.dumps(event_of(payment)).encode()
        signed = {"Shop-Signature": signatures.sign(self.secret, event)}
        # 409 says that this very webhook was taken; only its answer was lost.
        self.insist({204, 409}, "POST", "/payments/webhooks/fake", event, **signed)
        return str(order["id"])


class Crowd:
    """Customers who buy all at once, until they are told that it is enough."""

    def __init__(self, customers: list[Customer], sku: str) -> None:
        """Open the shop's doors."""
        self.sku, self.enough = sku, threading.Event()
        self.orders: list[str] = []
        self.pool = ThreadPoolExecutor(len(customers))
        self.work = [self.pool.submit(self.shop, each) for each in customers]

    def shop(self, customer: Customer) -> None:
        """Buy and buy."""
        while not self.enough.is_set():
            self.orders.append(customer.buy(self.sku))

    def wait_for(self, more: int) -> None:
        """Return once so many more were sold; raise what stopped a customer."""
        wanted, deadline = len(self.orders) + more, time.monotonic() + PATIENCE
        while len(self.orders) < wanted:
            assert time.monotonic() < deadline, "nothing is sold any more"
            for each in self.work:
                if each.done():
                    each.result()
            time.sleep(0.01)

    def close(self) -> None:
        """Let everybody finish what they are at."""
        self.enough.set()
        for each in self.work:
            each.result()
        self.pool.shutdown()


@pytest.fixture
def mongod(tmp_path: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield the address of a MongoDB of our own, and what kills and restarts it."""
    folder, port = tmp_path / "mongo", free_port()
    with contextlib.ExitStack() as stack:
        uri = stack.enter_context(private_replica_set(folder, port))

        def kill() -> None:
            with MongoClient[dict[str, Any]](uri) as client:
                found = client.admin.command("serverStatus")["pid"]
            os.kill(found, getattr(signal, "SIGKILL", signal.SIGTERM))
            stack.close()
            stack.enter_context(private_replica_set(folder, port))

        yield uri, kill


def test_a_crash_loses_and_doubles_nothing(
    mongod: tuple[str, Callable[[], None]],
) -> None:
    """After both crashes, orders, stock and money are what customers were told."""
    uri, kill_mongod = mongod
    env = os.environ | {"APP_ENV": "development", "PORT": str(free_port())}
    env |= {"MONGODB_URI": uri, "MONGODB_NAME": "crash", "LOG_LEVEL": "CRITICAL"}
    env |= {name: secrets.token_hex() for name in SECRETS}
    settings = load(env)
    app = create_app(settings)
    shop = app.extensions["shop"]
    with shop.client:
        prepare(shop.db)
        product = make_product(shop.db, stock=10_000)
        sku = product["variants"][0]["sku"]
        server = Server(env)
        try:
            tokens = [
                log_in(app, make_user(shop.db))["Authorization"].split()[1]
                for _ in range(CUSTOMERS)
            ]
            crowd = Crowd([Customer(server, settings, each) for each in tokens], sku)
            for crash in (server.kill, kill_mongod):
                crowd.wait_for(BEFORE_EACH_CRASH)
                crash()
            crowd.wait_for(BEFORE_EACH_CRASH)
            crowd.close()
        finally:
            server.process.kill()
            server.process.wait()
        assert_all_is_whole(shop.db, crowd.orders, product)


def assert_all_is_whole(
    db: Database[Document], told: list[str], product: Document
) -> None:
    """Expect the orders that customers were told of, each paid once."""
    orders = list(db.orders.find())
    assert sorted(str(order["_id"]) for order in orders) == sorted(told)
    assert {order["state"] for order in orders} == {"paid"}
    payments = list(db.payments.find({"state": "succeeded"}))
    assert sorted(str(each["order_id"]) for each in payments) == sorted(told)
    assert_stock_adds_up(db)
    assert_money_adds_up(db)
    left = db.stock.find_one({"_id": product["variants"][0]["sku"]})
    assert left
    assert left["on_hand"] == 10_000 - len(told)
