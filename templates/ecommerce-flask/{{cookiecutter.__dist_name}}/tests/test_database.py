"""MongoDB keeps its own rules: validators, indexes, transactions, a private server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient
from pymongo.errors import WriteError

from shop.database import local
from shop.database.collections import COLLECTIONS, prepare
from shop.database.transactions import transaction

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document

pytestmark = pytest.mark.milestone(1)
CUP = {"_id": "CUP", "on_hand": 1, "reserved": 0, "available": 1}


def test_preparing_again_changes_nothing(db: Database[Document]) -> None:
    """The command that makes collections may run with every start."""
    before = {name: db[name].index_information() for name in COLLECTIONS}
    prepare(db)
    assert {name: db[name].index_information() for name in COLLECTIONS} == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"on_hand": -1, "reserved": 0, "available": -1},
        {"on_hand": 1, "reserved": 2, "available": -1},
        {"on_hand": 2, "reserved": 1, "available": 2},
        {"on_hand": "1", "reserved": 0, "available": 1},
        {"on_hand": 1, "reserved": 0, "available": 1, "price": 1},
    ],
)
def test_the_database_refuses_what_cannot_be(
    db: Database[Document], wrong: Document
) -> None:
    """Even code with a mistake cannot sell what is not there."""
    with pytest.raises(WriteError):
        db.stock.insert_one({"_id": "CUP", **wrong})


def test_a_transaction_that_fails_leaves_nothing(db: Database[Document]) -> None:
    """What was written before the failure is undone."""

    def work(session: ClientSession) -> None:
        db.stock.insert_one(CUP.copy(), session=session)
        raise LookupError

    with pytest.raises(LookupError):
        transaction(db, work)
    assert db.stock.find_one() is None


def test_a_transaction_returns_what_its_work_does(db: Database[Document]) -> None:
    """What was written is there, and the value comes back."""

    def work(session: ClientSession) -> str:
        db.stock.insert_one(CUP.copy(), session=session)
        return "done"

    assert transaction(db, work) == "done"
    assert db.stock.count_documents({}) == 1


def test_the_private_server_keeps_its_data(tmp_path: Path) -> None:
    """A second start finds it, though the port is another one."""
    for expected in (0, 1):
        with (
            local.private_replica_set(tmp_path) as uri,
            MongoClient[dict[str, object]](uri) as one,
        ):
            assert one.shop.things.count_documents({}) == expected
            one.shop.things.insert_one({})


def test_a_running_private_server_is_taken_over(tmp_path: Path) -> None:
    """Two commands in one project share the server of the first."""
    with (
        local.private_replica_set(tmp_path) as first,
        local.private_replica_set(tmp_path) as second,
    ):
        assert first == second
