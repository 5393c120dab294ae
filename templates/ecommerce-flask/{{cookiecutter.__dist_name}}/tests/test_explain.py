"""No list reads a whole collection, and no page costs more than the one before it.

Each query that a route really sends is handed to MongoDB's own `explain()`, on a large
database. EXPLAIN_PRODUCTS=100000 makes it as large as that of a large shop.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient
from pymongo.monitoring import CommandListener

from shop.app import create_app
from shop.catalogue.schemas import Filters
from shop.catalogue.search import SORTS, conditions
from shop.core.pagination import DEFAULT_LIMIT, cursor
from shop.database.collections import prepare
from tests.crowd import ORDER, PRODUCT, SKU, SLUG, fill
from tests.factories import log_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from pymongo.database import Database
    from pymongo.monitoring import (
        CommandFailedEvent,
        CommandStartedEvent,
        CommandSucceededEvent,
    )

    from shop.catalogue.schemas import SortName
    from shop.database import Document
    from shop.settings import Settings

pytestmark = pytest.mark.milestone(7)
SIZE = int(os.environ.get("EXPLAIN_PRODUCTS", "3000"))
READS = {"find", "aggregate", "count", "distinct"}
SCANS = {"COLLSCAN", "scan", "NestedLoopJoin", "HashJoin"}
A_PAGE = 3 * DEFAULT_LIMIT


class Listener(CommandListener):
    """Keeps what a client asks of MongoDB."""

    def __init__(self) -> None:
        self.asked: list[Document] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Keep the command, without what belongs to its session."""
        if event.command_name in READS:
            given = dict(event.command)
            names = {name for name in given if name[0] != "$"} - {"lsid"}
            self.asked.append({name: given[name] for name in given if name in names})

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Leave the answer alone."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Leave the failure to the test."""


@dataclass(frozen=True)
class Plan:
    """How MongoDB does a query: in which steps, and how much it looks at."""

    stages: set[str]
    keys: int
    documents: int


@dataclass(frozen=True)
class Case:
    """A request for a list; `most` is how many keys or documents it may look at.

    None is for what looks at all that it counts or finds by words, and for what is
    narrowed by several things: an index has one of them, the others are looked up.
    """

    endpoint: str
    role: str = ""
    query: dict[str, Any] = field(default_factory=dict)
    on: dict[str, Any] = field(default_factory=dict)
    most: int | None = A_PAGE

    def __str__(self) -> str:
        given = [f"{name}={value}" for name, value in self.query.items()]
        return " ".join([self.endpoint, self.role, *given])


LIST, FACETS = "products.list_products", "products.list_facets"
ORDERS = "orders.list_orders"
# Each has an index with each order of the list.
NARROWED: dict[str, dict[str, Any]] = {
    "all": {},
    "category": {"category": "home/c3"},
    "brand": {"brand": "Brand 3"},
    "attribute": {"attribute": "colour:c3"},
}
TOGETHER: tuple[dict[str, Any], ...] = (
    {"price_min": 1000, "price_max": 2000},
    {"attribute": ["colour:c3", "size:s2"]},
    {"category": "home/c3", "brand": "Brand 3"},
    {"category": "home", "price_max": 300},
    {"brand": "Brand 3", "attribute": "colour:c3", "price_min": 500},
    {"category": "home/c3", "brand": "Brand 4", "attribute": "colour:c3"},
    {"brand": "None"},
    {"q": "cup"},
    {"q": "17", "category": "home/c3"},
)
CASES = [
    *(
        Case(LIST, query=which | {"sort": sort})
        for which in NARROWED.values()
        for sort in SORTS
        if sort != "relevance"
    ),
    *(
        Case(LIST, query=which | {"sort": sort}, most=None)
        for which in TOGETHER
        for sort in SORTS
        if sort != "relevance" or "q" in which
    ),
    *(
        Case(FACETS, query=which, most=None)
        for which in (*NARROWED.values(), *TOGETHER)
    ),
    Case("products.list_categories", most=None),
    Case("products.get_product", on={"product_id": PRODUCT}),
    Case("products.get_product_by_slug", on={"slug": SLUG}),
    Case("feeds.products", most=12_000),
    Case("reviews.list_reviews", on={"product_id": PRODUCT}),
    Case("stock.get_stock", "manager", on={"sku": SKU}),
    Case("cart.get_cart", "customer"),
    Case("cart.list_coupons", "manager", most=1100),
    Case(ORDERS, "customer"),
    Case(ORDERS, "customer", {"state": "paid"}, most=None),
    Case(ORDERS, "support", {"all": True}),
    Case(ORDERS, "support", {"all": True, "state": "paid"}),
    Case("orders.get_order", "customer", on={"order_id": ORDER}),
    Case("payments.get_payment", "customer", on={"order_id": ORDER}),
    Case("users.list_users", "admin"),
    Case("me.get_me", "customer"),
    Case("me.list_addresses", "customer"),
    Case("reports.revenue", "manager", most=None),
    Case("reports.best_sellers", "manager", most=None),
    Case("reports.low_stock", "manager", most=None),
    Case("mails.list_mails"),
]


class World:
    """A large shop, and what MongoDB is asked there."""

    def __init__(self, app: Flask, db: Database[Document], listener: Listener) -> None:
        """Have the application ask through the client that is listened to."""
        self.app, self.db, self.listener = app, db, listener
        app.extensions["shop"] = replace(app.extensions["shop"], db=db)
        self.people = {
            role: log_in(app, user_id) for role, user_id in fill(db, SIZE).items()
        }

    def ask(self, case: Case, after: str | None = None) -> tuple[str | None, Plan]:
        """Return the cursor of the next page, and the plan of all queries together."""
        with self.app.test_request_context():
            address = self.app.url_for(case.endpoint, **case.on)
        query = case.query | ({"after": after} if after else {})
        self.listener.asked.clear()
        answer = self.app.test_client().get(
            address, query_string=query, headers=self.people.get(case.role)
        )
        assert answer.status_code == 200, answer.json
        plans = [explain(self.db, command) for command in [*self.listener.asked]]
        following = answer.json.get("next") if isinstance(answer.json, dict) else None
        return following, Plan(
            set[str]().union(*(plan.stages for plan in plans)),
            sum(plan.keys for plan in plans),
            sum(plan.documents for plan in plans),
        )


def explain(db: Database[Document], command: Document) -> Plan:
    """Return the plan that MongoDB chooses for the command, and what it costs."""
    explained = db.command("explain", command, verbosity="executionStats")
    stages, numbers = set[str](), {"totalKeysExamined": 0, "totalDocsExamined": 0}
    for name, value in within(explained):
        if name in {"stage", "strategy"}:
            stages.add(str(value))
        elif name == "collectionScans" and value:  # those of a $lookup
            stages.add("COLLSCAN")
        elif name in numbers:
            numbers[name] += int(value)
    return Plan(stages, numbers["totalKeysExamined"], numbers["totalDocsExamined"])


def within(explained: Any) -> Iterator[tuple[str, Any]]:
    """Yield every name and value of what was explained, but not of plans refused."""
    if isinstance(explained, list):
        for item in explained:
            yield from within(item)
    elif isinstance(explained, dict):
        for name, value in explained.items():
            if name not in {"rejectedPlans", "command"}:
                yield name, value
                yield from within(value)


@pytest.fixture(scope="module")
def world(settings: Settings) -> Iterator[World]:
    """Return a shop with a database of its own, which no test of this file changes."""
    name, listener = f"{settings.mongodb_name}_large", Listener()
    with MongoClient[dict[str, Any]](
        settings.mongodb_uri, event_listeners=[listener], tz_aware=True
    ) as client:
        prepare(client[name])
        app = create_app(replace(settings, mongodb_name=name))
        unwatched = app.extensions["shop"].client
        yield World(app, client[name], listener)
        unwatched.close()
        client.drop_database(name)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_list_reads_a_whole_collection(world: World, case: Case) -> None:
    """Every query of its first two pages has an index that also gives the order."""
    after, plan = world.ask(case)
    assert plan.stages
    plans = [plan, world.ask(case, after)[1]] if after else [plan]
    for each in plans:
        assert not each.stages & SCANS
        if case.most is not None:
            assert "SORT" not in each.stages
            assert max(each.keys, each.documents) <= case.most


@pytest.mark.parametrize("sort", [name for name in SORTS if name != "relevance"])
@pytest.mark.parametrize("narrowed", NARROWED)
def test_a_page_costs_the_same_however_far_it_is(
    world: World, sort: SortName, narrowed: str
) -> None:
    """Nothing before it is read, and nothing is sorted."""
    which = NARROWED[narrowed]
    found = conditions(Filters.model_validate(which))
    far = world.db.products.count_documents(found) * 3 // 4
    last = world.db.products.find(found).sort(SORTS[sort]).skip(far).next()
    with world.app.app_context():
        after = cursor(SORTS[sort], last)
    following, plan = world.ask(Case(LIST, query=which | {"sort": sort}), after)
    assert following
    assert not plan.stages & (SCANS | {"SORT"})
    assert max(plan.keys, plan.documents) <= A_PAGE


def test_categories_are_counted_in_an_index_alone(world: World) -> None:
    """Every product counts, and none is read."""
    assert world.ask(Case("products.list_categories"))[1].documents == 0


def test_explain_would_tell(world: World) -> None:
    """A query that no index serves is seen, in a `$lookup` as well."""
    plain = {"find": "products", "filter": {"description": "None"}}
    assert "COLLSCAN" in explain(world.db, plain).stages
    lookup = {
        "from": "stock",
        "localField": "version",
        "foreignField": "on_hand",
        "as": "found",
    }
    stages = [{"$match": {"slug": SLUG}}, {"$lookup": lookup}]
    joined = {"aggregate": "products", "pipeline": stages, "cursor": {}}
    assert explain(world.db, joined).stages & SCANS


def test_no_other_page_reads_a_whole_collection(world: World) -> None:
    """Routes without a case above that take no id, requested by an admin."""
    client, known = world.app.test_client(), {case.endpoint for case in CASES}
    for rule in world.app.url_map.iter_rules():
        if (
            rule.endpoint in known
            or rule.arguments
            or "GET" not in (rule.methods or ())
        ):
            continue
        world.listener.asked.clear()
        client.get(rule.rule, headers=world.people["admin"])
        for command in [*world.listener.asked]:
            advice = f"{rule.endpoint} scans a collection: filter or sort by an index."
            assert not explain(world.db, command).stages & SCANS, advice
