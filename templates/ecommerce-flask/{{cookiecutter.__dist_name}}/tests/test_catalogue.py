"""Products are found, shown, and changed by one manager at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from defusedxml.ElementTree import fromstring

from shop.catalogue.xml import GOOGLE, money
from tests.factories import make_product, product_input

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

    from flask.testing import FlaskClient
    from pymongo.database import Database

    from shop.database import Document

pytestmark = pytest.mark.milestone(2)
PRODUCTS = "/api/v1/products"
type Headers = dict[str, str]


def names(client: FlaskClient, **query: object) -> list[str]:
    """Return the names of the products that a query finds, through all pages."""
    found: list[str] = []
    while True:
        body = client.get(PRODUCTS, query_string=query).json
        assert body
        assert len(body["items"]) <= int(str(query.get("limit", 20)))
        found += [item["name"] for item in body["items"]]
        if not body["next"]:
            return found
        query["after"] = body["next"]


@pytest.fixture
def three(db: Database[Document]) -> list[Document]:
    """Have three products that differ in everything."""
    return [
        make_product(
            db,
            name=name,
            brand=brand,
            category=category,
            attributes={"colour": colour},
            variants=[
                {"sku": name.upper(), "price": price, "currency": "EUR", "options": {}}
            ],
        )
        for name, brand, category, colour, price in (
            ("Teapot", "Kiln", "home/kitchen", "blue", 3000),
            ("Mug", "Kiln", "home/kitchen/cups", "red", 1000),
            ("Lamp", "Lux", "home/light", "red", 2000),
        )
    ]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("newest", ["Lamp", "Mug", "Teapot"]),
        ("price_asc", ["Mug", "Lamp", "Teapot"]),
        ("price_desc", ["Teapot", "Lamp", "Mug"]),
        ("name", ["Lamp", "Mug", "Teapot"]),
    ],
)
@pytest.mark.usefixtures("three")
def test_each_order_gives_each_product_once(
    client: FlaskClient, sort: str, expected: list[str]
) -> None:
    """Pages of one follow each other in the order asked for."""
    assert names(client, sort=sort, limit=1) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"category": "home/kitchen"}, {"Teapot", "Mug"}),
        ({"brand": "Lux"}, {"Lamp"}),
        ({"attribute": "colour:red"}, {"Mug", "Lamp"}),
        ({"attribute": ["colour:red", "colour:blue"]}, set()),
        ({"price_min": 1500, "price_max": 2500}, {"Lamp"}),
        ({"q": "teapot"}, {"Teapot"}),
        ({"q": "kiln", "sort": "relevance", "limit": 1}, {"Teapot", "Mug"}),
        ({"q": "nothing"}, set()),
    ],
)
@pytest.mark.usefixtures("three")
def test_filters(
    client: FlaskClient, query: dict[str, object], expected: set[str]
) -> None:
    """Each narrows the list to what it names."""
    assert set(names(client, **query)) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 101},
        {"sort": "relevance"},
        {"sort": "price"},
        {"after": "nonsense"},
        {"colour": "red"},
        {"price_min": "cheap"},
    ],
)
def test_a_query_that_makes_no_sense(
    client: FlaskClient, query: dict[str, object]
) -> None:
    """It is refused with the field that is wrong."""
    answer = client.get(PRODUCTS, query_string=query)
    assert answer.status_code == 422
    assert answer.json
    assert answer.json["errors"]


@pytest.mark.usefixtures("three")
def test_facets_count_what_the_filters_leave(client: FlaskClient) -> None:
    """They say by what a search can be narrowed, and to how many."""
    body = client.get(f"{PRODUCTS}/facets", query_string={"brand": "Kiln"}).json
    assert body
    assert body["brands"] == [{"value": "Kiln", "count": 2}]
    assert {"value": "home/kitchen", "count": 2} in body["categories"]
    assert body["attributes"] == [
        {
            "name": "colour",
            "values": [{"value": "blue", "count": 1}, {"value": "red", "count": 1}],
        }
    ]


@pytest.mark.usefixtures("three")
def test_categories_are_a_tree(client: FlaskClient) -> None:
    """Parents come before their children and count them."""
    body = client.get("/api/v1/categories").json
    assert body
    assert [(item["path"], item["name"], item["count"]) for item in body["items"]] == [
        ("home", "home", 3),
        ("home/kitchen", "kitchen", 2),
        ("home/kitchen/cups", "cups", 1),
        ("home/light", "light", 1),
    ]


def test_what_is_known_is_not_sent_again(
    client: FlaskClient, db: Database[Document]
) -> None:
    """A reader with the ETag gets 304 without a body."""
    product = make_product(db)
    first = client.get(f"{PRODUCTS}/{product['_id']}")
    again = client.get(
        f"{PRODUCTS}/by-slug/{product['slug']}",
        headers={"If-None-Match": first.headers["ETag"]},
    )
    assert (again.status_code, again.data) == (304, b"")


def test_each_form_has_its_own_etag(
    client: FlaskClient, db: Database[Document], as_role: Callable[[str], Headers]
) -> None:
    """A cache never takes XML for JSON; a manager may have read either to change it."""
    address = f"{PRODUCTS}/{make_product(db)['_id']}"
    xml = {"Accept": "application/xml"}
    one, other = client.get(address), client.get(address, headers=xml)
    tag = {"If-None-Match": one.headers["ETag"]}
    assert client.get(address, headers=xml | tag).status_code == 200
    known = client.get(address, headers=tag)
    assert (known.status_code, known.headers["Vary"]) == (304, "Accept")
    manager = as_role("manager")
    for given, status in (
        ('"0-xml"', 412),
        (other.headers["ETag"], 200),
        ('W/"2"', 200),  # as a proxy that compresses hands it on
        (one.headers["ETag"], 412),
    ):
        changed = client.patch(
            address, json={"name": "Mug"}, headers=manager | {"If-Match": given}
        )
        assert changed.status_code == status


def test_a_product_as_xml(client: FlaskClient, db: Database[Document]) -> None:
    """Whoever prefers XML gets it, with every character that a name may have."""
    product = make_product(db, name="Cup & <saucer> \u0001 ☕")
    answer = client.get(
        f"{PRODUCTS}/{product['_id']}", headers={"Accept": "application/xml"}
    )
    assert answer.content_type.startswith("application/xml")
    root: Element = fromstring(answer.data)
    assert root.findtext("name") == "Cup & <saucer>  ☕"
    assert root.find("variants/variant/price") is not None
    refused = client.get(f"{PRODUCTS}/{product['_id']}", headers={"Accept": "image/*"})
    assert refused.status_code == 406


def test_the_feed_is_rss_for_merchants(
    client: FlaskClient, db: Database[Document]
) -> None:
    """Each variant is an item, with its price and whether it can be had."""
    make_product(db, slug="there", stock=1)
    make_product(db, slug="gone")
    make_product(db, slug="hidden", active=False)
    root: Element = fromstring(client.get("/feeds/products.xml").data)
    assert root.tag == "rss"
    items = {
        item.findtext(f"{{{GOOGLE}}}item_group_id"): item
        for item in root.findall("channel/item")
    }
    assert set(items) == {"there", "gone"}
    assert items["there"].findtext(f"{{{GOOGLE}}}price") == "10.00 EUR"
    for slug, availability in (("there", "in_stock"), ("gone", "out_of_stock")):
        assert items[slug].findtext(f"{{{GOOGLE}}}availability") == availability


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [(1999, "EUR", "19.99 EUR"), (5, "USD", "0.05 USD"), (500, "JPY", "500 JPY")],
)
def test_money_has_the_decimals_of_its_currency(
    amount: int, currency: str, expected: str
) -> None:
    """Yen have no cents."""
    assert money(amount, currency) == expected


def test_a_manager_writes_and_changes(
    client: FlaskClient, as_role: Callable[[str], Headers]
) -> None:
    """A new product has an address; a change needs the version that was read."""
    manager = as_role("manager")
    made = client.post(PRODUCTS, json=product_input(), headers=manager)
    assert made.status_code == 201
    address, etag = made.headers["Location"], made.headers["ETag"]
    match = manager | {"If-Match": etag}
    changed = client.patch(address, json={"name": "Bowl"}, headers=match)
    assert changed.json
    assert changed.json["name"] == "Bowl"
    assert changed.headers["ETag"] != etag
    late = client.put(address, json=product_input(), headers=match)
    assert late.status_code == 412
    assert client.delete(address, headers=manager).status_code == 428
    match = manager | {"If-Match": changed.headers["ETag"]}
    assert client.delete(address, headers=match).status_code == 204
    assert client.get(address).status_code == 404


def test_what_makes_a_product_what_it_is_stays_unique(
    client: FlaskClient, as_role: Callable[[str], Headers]
) -> None:
    """A slug or a SKU in use is a conflict that says which."""
    manager = as_role("manager")
    first = product_input()
    client.post(PRODUCTS, json=first, headers=manager)
    for field in ("slug", "variants"):
        second = product_input() | {field: first[field]}
        answer = client.post(PRODUCTS, json=second, headers=manager)
        assert answer.status_code == 409


def test_a_sku_is_in_a_product_once(
    client: FlaskClient, db: Database[Document], as_role: Callable[[str], Headers]
) -> None:
    """However the product is written: two prices of one SKU would be none."""
    manager = as_role("manager")
    body = product_input()
    body["variants"] *= 2
    assert client.post(PRODUCTS, json=body, headers=manager).status_code == 422
    address = f"{PRODUCTS}/{make_product(db)['_id']}"
    for write, given in (
        (client.put, body),
        (client.patch, {"variants": body["variants"]}),
    ):
        answer = write(address, json=given, headers=manager | {"If-Match": '"1"'})
        assert answer.status_code == 422


def test_a_price_in_another_currency(
    client: FlaskClient, as_role: Callable[[str], Headers]
) -> None:
    """A shop has one currency."""
    body = product_input()
    body["variants"][0]["currency"] = "USD"
    answer = client.post(PRODUCTS, json=body, headers=as_role("manager"))
    assert answer.status_code == 422


def test_a_hidden_product_is_for_managers(
    client: FlaskClient, db: Database[Document], as_role: Callable[[str], Headers]
) -> None:
    """For everybody else there is none."""
    address = f"{PRODUCTS}/{make_product(db, active=False)['_id']}"
    assert client.get(address).status_code == 404
    assert client.get(address, headers=as_role("customer")).status_code == 404
    assert client.get(address, headers=as_role("manager")).status_code == 200
