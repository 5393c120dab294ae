"""A08 Software or Data Integrity Failures: what comes from outside is checked first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from defusedxml import EntitiesForbidden
from defusedxml.ElementTree import fromstring
from pymongo.errors import WriteError

from tests.buying import API, Buyer

if TYPE_CHECKING:
    from flask import Flask
    from pymongo.database import Database

    from shop.database import Document

pytestmark = pytest.mark.milestone(8)
BOMB = '<!DOCTYPE a [<!ENTITY b "c">]><product>&b;</product>'


def test_the_database_refuses_what_the_schema_does_not_know(
    db: Database[Document],
) -> None:
    """Its validators hold against a mistake of ours as well."""
    with pytest.raises(WriteError):
        db.stock.insert_one({"_id": "A", "on_hand": 1, "reserved": 2, "available": 0})
    with pytest.raises(WriteError):
        db.users.insert_one({"email": "eve@example.com"})


def test_xml_is_written_and_never_read(app: Flask) -> None:
    """The shop takes none; what reads it, in tests, is defused."""
    manager = Buyer(app, "manager")
    for path in ("/products", "/products/import"):
        answer = manager.client.post(
            API + path,
            data=BOMB,
            headers=manager.headers | {"Content-Type": "application/xml"},
        )
        assert answer.status_code in {400, 415, 422}
    with pytest.raises(EntitiesForbidden):
        fromstring(BOMB)
