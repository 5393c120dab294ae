"""A file of products is taken whole, or not at all and with the reasons."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.factories import make_product, product_input

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient
    from pymongo.database import Database
    from werkzeug.test import TestResponse

    from shop.database import Document

pytestmark = pytest.mark.milestone(2)
type Headers = dict[str, str]
TABLE = """\
slug,name,brand,category,images,sku,price,currency,attribute:colour,option:size
mug,Mug,Kiln,home/kitchen,https://example.com/a.jpg,MUG-S,900,EUR,blue,small
mug,Mug,Kiln,home/kitchen,https://example.com/a.jpg,MUG-L,1200,EUR,blue,large
"Lamp","Lamp",Lux,home/light,,LAMP,2000,EUR,,
"""


@pytest.fixture
def send(
    client: FlaskClient, as_role: Callable[[str], Headers]
) -> Callable[..., TestResponse]:
    """Return what sends a file as a manager."""
    manager = as_role("manager")

    def post(body: str, media_type: str = "text/csv") -> TestResponse:
        return client.post(
            "/api/v1/products/import",
            data=body.encode(),
            headers=manager | {"Content-Type": media_type},
        )

    return post


def test_a_table(send: Callable[..., TestResponse], db: Database[Document]) -> None:
    """Lines with one slug are variants of one product; again, it is an update."""
    table = TABLE.replace('"Lamp",', "lamp,", 1)
    first, second = send(table), send("\ufeff" + table)
    assert first.status_code == second.status_code == 200
    assert first.json
    assert second.json
    assert (first.json["created"], first.json["updated"]) == (2, 0)
    assert (second.json["created"], second.json["updated"]) == (0, 2)
    mug = db.products.find_one({"slug": "mug"})
    assert mug
    assert [variant["sku"] for variant in mug["variants"]] == ["MUG-S", "MUG-L"]
    assert mug["price_min"] == 900


def test_one_wrong_line_stops_all(
    send: Callable[..., TestResponse], db: Database[Document]
) -> None:
    """The report names the line and the field; nothing was written."""
    answer = send(TABLE)
    assert answer.status_code == 422
    assert answer.json
    assert [bool(line["error"]) for line in answer.json["lines"]] == [False, True]
    assert answer.json["lines"][1]["line"] == 4
    assert "slug" in answer.json["lines"][1]["error"]
    assert db.products.count_documents({}) == 0


def test_a_conflict_undoes_what_was_written(
    send: Callable[..., TestResponse], db: Database[Document]
) -> None:
    """A SKU of another product is found by the database, in the transaction."""
    there = make_product(db)
    second = product_input(variants=there["variants"])
    second["variants"] = [
        {"sku": there["variants"][0]["sku"], "price": 1, "currency": "EUR"}
    ]
    answer = send(json.dumps([product_input(), second]), "application/json")
    assert answer.status_code == 422
    assert answer.json
    assert [bool(line["error"]) for line in answer.json["lines"]] == [False, True]
    assert db.products.count_documents({}) == 1


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        ("{}", "application/json", 422),
        ("[1]", "application/json", 422),
        ("[]", "application/json", 422),
        ("[" * 5000, "application/json", 422),
        ("slug,name\na\n", "text/csv", 422),
        ("slug,colour\na,b\n", "text/csv", 422),
        ("name,sku\na,b\n", "text/csv", 422),
        ("slug,name,name\na,b,c\n", "text/csv", 422),
        ("<a/>", "application/xml", 415),
    ],
)
def test_what_is_no_such_file(
    send: Callable[..., TestResponse], body: str, media_type: str, status: int
) -> None:
    """It is refused with a sentence, never a failure."""
    assert send(body, media_type).status_code == status
