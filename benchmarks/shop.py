"""What the shop's whole stack costs: its list of products and its checkout against bare Flask and PyMongo.

    python benchmarks/shop.py [--seconds 4]

Generates a shop with the `scaffold` beside this Python, fills it with 1,000 products, and serves it with
gunicorn as in production: two workers of four threads, a line of log per request, and headers as nginx
sends them on. MongoDB is the replica set of one that the shop's own development starts. With the same
settings of gunicorn, on the same database, the peer is served: a file of Flask and PyMongo (`BARE`) that

- lists with the same aggregation, and answers the same fields of the same 20 products as JSON;
- checks out in one transaction with the same reads and writes that an order is made of: the cart and its
  products are read, per line the stock is changed if there is enough and the movement is written, then the
  order, the key's record, the emptied cart and two messages of the outbox. It believes who the customer is
  and what the body says.

What it has not: validation, tokens and the two queries that check them, limits and their counters, looking
whether the key came before, request ids, security headers, metrics, a log.

Eight connections, each kept alive for a hundred requests, ask one side and the other in turn; the client and
MongoDB share the two cores with them. Told are requests per second and, as the median over pairs of rounds,
how many times as much a request costs the shop. Aim: at most 3 on the list.
"""

import argparse
import http
import itertools
import json
import math
import os
import re
import secrets
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from served import ROUNDS, SECRET, generated, gunicorn

from tests.templates.harness import tools
from tests.templates.harness.processes import run, running
from tests.templates.harness.projects import Project
from tests.templates.harness.waiting import free_port

AIM = 3.0
CONNECTIONS = 8
KEPT = 100  # requests on a connection; then a new one, lest all of them stay with one worker
LIST, CHECKOUT = "GET /api/v1/products", "POST /api/v1/checkout"
MOST_PER_SECOND = 1000  # checkouts, for which customers are made
ADDRESS = {
    "name": "Ann Example",
    "street": "1 Long Street",
    "city": "Springfield",
    "postal_code": "12345",
    "country": "DE",
}

MONGO = """
import signal, sys
from pathlib import Path
from shop.database.local import private_replica_set

with private_replica_set(Path(sys.argv[1])) as uri:
    print("serves at", uri, flush=True)
    signal.pause()
"""

# A customer orders once in each round, far less often than the limit of 30 a minute.
FILL = """
import json, sys
from functools import partial
from shop.accounts import tokens
from shop.accounts.services import create_user
from shop.app import create_app
from shop.catalogue import services
from shop.catalogue.schemas import ProductInput
from shop.database.transactions import transaction
from shop.stock.repository import Line, receive

app = create_app()
db = app.extensions["shop"].db
words = "river stone light winter garden letter window paper morning train harbour music".split()

def product(n):
    return ProductInput(
        slug=f"product-{n}", name=f"Product {n}", brand=f"Brand {n % 20}", category=f"home/{words[n % 12]}",
        description=" ".join(words[(n + i * i) % 12] for i in range(30)),
        attributes={"colour": ("blue", "red", "green")[n % 3], "material": "clay"},
        images=[f"https://example.com/{n}.jpg"],
        variants=[
            {"sku": f"P{n}-{size}", "options": {"size": size}, "price": 900 + n, "currency": "EUR"}
            for size in ("S", "L")
        ],
    )

def fill(session):
    for n in range(1000):
        services.create(db, product(n), session)
        receive(db, session, Line(f"P{n}-S", 1_000_000), by=None)

transaction(db, fill)
customers = []
for n in range(int(sys.argv[1])):
    user = create_user(db, email=f"c{n}@example.com", name="C", hashed="!", verified=True)
    with app.test_request_context():
        customers.append((str(user), tokens.open_session(db, user, "benchmark").access_token))
print(json.dumps(customers))
"""

# Two lines each; few customers share one, so that orders seldom wait for each other.
CARTS = """
import os
from datetime import UTC, datetime
from pymongo import MongoClient, UpdateOne

db = MongoClient(os.environ["MONGODB_URI"])[os.environ["MONGODB_NAME"]]
changes = []
for n, user in enumerate(db.users.find({}, {"_id": 1}).sort("_id", 1)):
    lines = [{"sku": f"P{(n * 2 + more) % 1000}-S", "quantity": 1} for more in range(2)]
    cart = {"lines": lines, "coupon": None, "updated_at": datetime.now(UTC)}
    changes.append(UpdateOne({"user_id": user["_id"]}, {"$set": cart}, upsert=True))
db.carts.bulk_write(changes)
# A customer may have so many unpaid orders and no more.
db.orders.update_many({"state": "pending"}, {"$set": {"state": "cancelled"}})
"""

BARE = """
import os
from datetime import UTC, datetime, timedelta
from bson import ObjectId
from flask import Flask, jsonify, request
from pymongo import MongoClient
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

app = Flask(__name__)
client = MongoClient(os.environ["MONGODB_URI"], tz_aware=True, w="majority", journal=True)
db = client[os.environ["MONGODB_NAME"]]
LIST = [{"$match": {"active": True}}, {"$sort": {"_id": -1}}, {"$limit": 21}]
SAME = ("slug", "name", "description", "brand", "category", "images", "active", "version")


def mapping(pairs):
    return {pair["name"]: pair["value"] for pair in pairs}


def shown(product):
    count, total = product["rating"]["count"], product["rating"]["sum"]
    variants = [variant | {"options": mapping(variant["options"])} for variant in product["variants"]]
    return {name: product[name] for name in SAME} | {
        "id": str(product["_id"]),
        "attributes": mapping(product["attributes"]),
        "variants": variants,
        "rating": {"count": count, "average": round(total / count, 2) if count else None},
    }


@app.get("/api/v1/products")
def products():
    found = list(db.products.aggregate(LIST))
    following = str(found[19]["_id"]) if len(found) > 20 else None
    return jsonify(items=[shown(product) for product in found[:20]], next=following)


@app.post("/api/v1/checkout")
def checkout():
    user, address = ObjectId(request.headers["X-Customer"]), request.json["address"]
    key = {"user": user, "key": request.headers["Idempotency-Key"]}

    def work(session):
        now = datetime.now(UTC)
        cart = db.carts.find_one({"user_id": user}, session=session)
        skus = [line["sku"] for line in cart["lines"]]
        found = db.products.find({"variants.sku": {"$in": skus}, "active": True}, session=session)
        sold = {variant["sku"]: (product, variant) for product in found for variant in product["variants"]}
        lines = []
        for line in cart["lines"]:
            product, variant = sold[line["sku"]]
            lines.append({
                "sku": line["sku"], "product_id": product["_id"], "name": product["name"],
                "options": variant["options"], "price": variant["price"], "quantity": line["quantity"],
                "total": variant["price"] * line["quantity"],
            })
        total = sum(line["total"] for line in lines)
        order = {
            "_id": ObjectId(), "user_id": user, "state": "pending", "lines": lines, "currency": "EUR",
            "subtotal": total, "discount": 0, "total": total, "coupon": None, "address": address,
            "reserved_until": now + timedelta(minutes=15), "created_at": now, "version": 1,
            "history": [{"state": "pending", "at": now, "by": user, "note": ""}],
        }
        for line in sorted(lines, key=lambda line: line["sku"]):
            sku, quantity = line["sku"], line["quantity"]
            enough = {"_id": sku, "available": {"$gte": quantity}}
            more = {"$inc": {"reserved": quantity, "available": -quantity}}
            if not db.stock.update_one(enough, more, session=session).matched_count:
                raise LookupError(sku)
            movement = {"sku": sku, "kind": "reserved", "on_hand": 0, "reserved": quantity, "at": now}
            db.movements.insert_one(movement | {"order_id": order["_id"]}, session=session)
        db.orders.insert_one(order, session=session)
        emptied = {"$set": {"lines": [], "coupon": None, "updated_at": now}}
        db.carts.update_one({"_id": cart["_id"]}, emptied, session=session)
        text = f"We hold your order {order['_id']} until you pay it."
        mail = {"to": "someone@example.com", "subject": "Your order", "text": text}
        for kind, payload in (("order.placed", {"order_id": order["_id"]}), ("mail", mail)):
            message = {"kind": kind, "payload": payload, "attempts": 0}
            db.outbox.insert_one(message | {"created_at": now, "available_at": now}, session=session)
        answer = app.json.dumps({name: order[name] for name in order.keys() - {"_id", "user_id"}} | {
            "id": str(order["_id"]),
            "lines": [
                line | {"product_id": str(line["product_id"]), "options": mapping(line["options"])}
                for line in lines
            ],
            "history": [step | {"by": str(step["by"])} for step in order["history"]],
        })
        record = {"_id": key, "body_hash": "", "answer": answer, "created_at": now}
        db.idempotency.insert_one(record, session=session)
        return answer

    with client.start_session() as session:
        answer = session.with_transaction(
            work, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority", j=True)
        )
    return answer, 201, {"Content-Type": "application/json"}
"""


def request(line: str, body: str = "", *headers: str) -> bytes:
    """Return a request as the shop's nginx sends it on."""
    known = ["Host: localhost", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Host: localhost"]
    known += ["X-Forwarded-Proto: https", "X-Request-ID: 0123456789abcdef0123456789abcdef"]
    if body:
        known += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([f"{line} HTTP/1.1", *known, *headers, "", body]).encode()


def order(customer: str) -> bytes:
    """Return the request with which a customer orders what is in the cart, under a new key."""
    key = f"Idempotency-Key: {secrets.token_hex(16)}"
    return request(CHECKOUT, json.dumps({"address": ADDRESS}), customer, key)


class Connection:
    """A connection that is kept alive: less work than `http.client`, which would blur what is compared."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._asked = 0
        self._socket = self._open()

    def _open(self) -> socket.socket:
        return socket.create_connection(self._address, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, request: bytes, status: int) -> bytes:
        """Return the body; another status ends the run. Where a worker was replaced, ask the next one."""
        self._asked += 1
        if self._asked % KEPT == 0:
            self._socket.close()
            self._socket = self._open()
        while not (answer := self._try(request)):
            self._socket.close()
            self._socket = self._open()
        if answer[0] != status:
            sys.exit(f"Status {answer[0]}, not {status}: {answer[1][:500]!r}")
        return answer[1]

    def _try(self, request: bytes) -> tuple[int, bytes] | None:
        try:
            self._socket.sendall(request)
            return self._read()
        except ConnectionError:
            return None

    def _read(self) -> tuple[int, bytes] | None:
        data = b""
        while b"\r\n\r\n" not in data:
            part = self._socket.recv(1 << 16)
            if not part:
                return None
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\ncontent-length: (\d+)", head)
        while length and len(body) < int(length[1]):
            part = self._socket.recv(1 << 16)
            if not part:
                return None
            body += part
        return int(head.split(maxsplit=2)[1]), body


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two servers: where it is, and the header by which it knows each customer."""

    port: int
    customers: tuple[str, ...]

    def list(self, seconds: float) -> float:
        """Return how many times a second it gives the first page of products."""
        return rate(self.port, itertools.repeat(request(LIST)), http.HTTPStatus.OK, seconds)

    def check_out(self, seconds: float) -> float:
        """Return how many orders a second it takes; each customer orders once at most."""
        orders = [order(customer) for customer in self.customers]
        return rate(self.port, iter(orders), http.HTTPStatus.CREATED, seconds)


@dataclass(frozen=True, slots=True)
class Sides:
    """The shop, its bare peer, and what fills the carts of all customers."""

    shop: Side
    bare: Side
    fill_carts: Callable[[], object]

    def compare(self) -> None:
        """End the run if the peer does not answer what the shop does."""
        lists, orders = [], []
        for side in (self.shop, self.bare):
            self.fill_carts()
            with Connection(side.port) as connection:
                lists.append(json.loads(connection.ask(request(LIST), http.HTTPStatus.OK)))
                asked = order(side.customers[0])
                orders.append(json.loads(connection.ask(asked, http.HTTPStatus.CREATED)))
        # Only the shop signs the cursor of the next page; orders have ids and times of their own.
        same = lists[0].keys() == lists[1].keys() and orders[0].keys() == orders[1].keys()
        if not same or lists[0]["items"] != lists[1]["items"] or orders[0]["lines"] != orders[1]["lines"]:
            sys.exit(f"The two sides do not answer the same: {orders}")

    def list(self, seconds: float) -> tuple[float, float]:
        """Return both rates of the list."""
        return self.shop.list(seconds), self.bare.list(seconds)

    def check_out(self, seconds: float) -> tuple[float, float]:
        """Return both rates of the checkout, each from full carts on."""
        rates = []
        for side in (self.shop, self.bare):
            self.fill_carts()
            rates.append(side.check_out(seconds))
        return rates[0], rates[1]


def rate(port: int, requests: Iterator[bytes], status: int, seconds: float) -> float:
    """Return how many requests per second are served to CONNECTIONS clients at once."""
    start = time.perf_counter()

    def client(_number: int) -> int:
        done = 0
        with Connection(port) as connection:
            while time.perf_counter() - start < seconds and (asked := next(requests, None)):
                connection.ask(asked, status)
                done += 1
        return done

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        done = sum(pool.map(client, range(CONNECTIONS)))
    return done / (time.perf_counter() - start)


def settings(mongodb_uri: str) -> dict[str, str]:
    """Return the shop's settings in production."""
    return {
        "APP_ENV": "production",
        "SECRET_KEY": SECRET,
        "JWT_SIGNING_KEY": SECRET[::-1],
        "FAKE_WEBHOOK_SECRET": SECRET.swapcase(),
        "MONGODB_URI": mongodb_uri,
        "MONGODB_NAME": "shop",
        "PAYMENTS": "fake",
        "EMAIL_URL": "smtp://localhost:25",
        "DEFAULT_FROM_EMAIL": "shop@example.com",
        "NUM_PROXIES": "1",
    }


@contextmanager
def replica_set(project: Project, folder: Path) -> Iterator[str]:
    """Run the replica set of one of the shop's development while the block lasts, and yield its URI."""
    mongod = tools.mongod()
    if not mongod:
        sys.exit("This needs a mongod.")
    env = project.env()
    env["PATH"] = os.pathsep.join([str(Path(mongod).parent), env["PATH"]])
    command: list[str | Path] = [project.uv, "run", "python", "-c", MONGO, folder / "mongo"]
    with running(command, project.path, env) as server:
        yield server.says("mongodb://").split()[-1]


@contextmanager
def serving(project: Project, customers: int) -> Iterator[Sides]:
    """Fill a database and serve the shop and the bare application on it."""
    folder = project.path.parent
    with ExitStack() as stack:
        env = project.env(**settings(stack.enter_context(replica_set(project, folder))))
        python = [project.uv, "run", "python"]
        run([*python, "-m", "shop", "setup"], project.path, env).good()
        filled = run([*python, "-c", FILL, str(customers)], project.path, env).good()
        people = json.loads(filled.out.splitlines()[-1])
        (folder / "bare.py").write_text(BARE, encoding="utf-8")
        shop = Side(free_port(), tuple(f"Authorization: Bearer {token}" for _, token in people))
        stack.enter_context(gunicorn(project, "shop.gunicorn", "shop.wsgi:app", shop.port, env))
        bare = Side(free_port(), tuple(f"X-Customer: {user}" for user, _ in people))
        beside = env | {"PYTHONPATH": str(folder)}
        stack.enter_context(gunicorn(project, "shop.gunicorn", "bare:app", bare.port, beside))
        yield Sides(shop, bare, lambda: run([*python, "-c", CARTS], project.path, env).good())


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=4, help="per page and side")
    seconds = parser.parse_args().seconds / ROUNDS
    with ExitStack() as stack:
        project = stack.enter_context(generated("ecommerce-flask"))
        customers = math.ceil(MOST_PER_SECOND * seconds)
        sides = stack.enter_context(serving(project, customers))
        sides.compare()
        print(f"{'requests per second':<20} {'shop':>6} {'bare':>6} {'cost ratio':>11}")
        for name, measure, aim in (
            ("list", sides.list, f"(aim: at most {AIM:g})"),
            ("checkout", sides.check_out, ""),
        ):
            measure(0.5)
            # Interleaved, so that what else this machine does meets both alike.
            pairs = [measure(seconds) for _ in range(ROUNDS)]
            shop, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratio = statistics.median(bare / shop for shop, bare in pairs)
            print(f"{name:<20} {shop:>6.0f} {bare:>6.0f} {ratio:>11.2f} {aim}", flush=True)


if __name__ == "__main__":
    os.umask(0o022)
    main()
