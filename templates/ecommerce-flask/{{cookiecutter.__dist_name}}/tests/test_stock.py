"""Nothing is sold that is not there, and every change leaves a record."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest
from bson import ObjectId

from shop.database.transactions import transaction
from shop.stock.repository import (
    Line,
    OutOfStock,
    available,
    give_back,
    receive,
    release,
    reserve,
    sell,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document

pytestmark = pytest.mark.milestone(4)
THREADS, UNITS = 64, 10


def stocked(db: Database[Document], **skus: int) -> None:
    """Have so many of each SKU."""
    for sku, quantity in skus.items():
        transaction(db, partial(receive, db, line=Line(sku, quantity), by=None))


def stock(db: Database[Document], sku: str) -> tuple[int, int]:
    """Return how many of the SKU are on hand and how many of them are reserved."""
    found = db.stock.find_one({"_id": sku})
    assert found
    return found["on_hand"], found["reserved"]


def movements(db: Database[Document], sku: str) -> tuple[int, int]:
    """Return what the movements of the SKU add up to."""
    found = list(db.movements.find({"sku": sku}))
    return sum(row["on_hand"] for row in found), sum(row["reserved"] for row in found)


def test_the_way_of_a_sale(db: Database[Document]) -> None:
    """Reserving holds pieces, selling takes them away, cancelling brings them back."""
    order, lines = ObjectId(), [Line("CUP", 2)]
    steps: list[tuple[Callable[..., None], tuple[int, int]]] = [
        (reserve, (5, 2)),
        (release, (5, 0)),
        (reserve, (5, 2)),
        (sell, (3, 0)),
        (give_back, (5, 0)),
    ]
    stocked(db, CUP=5)
    for step, expected in steps:
        transaction(db, partial(step, db, order_id=order, lines=lines))
        assert stock(db, "CUP") == movements(db, "CUP") == expected


def test_what_nobody_has_cannot_be_reserved(db: Database[Document]) -> None:
    """An unknown SKU is out of stock."""
    with pytest.raises(OutOfStock, match="NONE"):
        transaction(
            db, lambda session: reserve(db, session, ObjectId(), [Line("NONE", 1)])
        )
    assert available(db, "NONE") == 0


def test_an_order_is_held_whole_or_not_at_all(db: Database[Document]) -> None:
    """One SKU that is short gives the others back."""
    stocked(db, CUP=5, POT=1)
    lines = [Line("CUP", 2), Line("POT", 2)]
    with pytest.raises(OutOfStock, match="POT"):
        transaction(db, lambda session: reserve(db, session, ObjectId(), lines))
    assert available(db, "CUP") == 5
    assert movements(db, "CUP") == (5, 0)


@pytest.mark.parametrize("every", [0, 3])
def test_the_last_units_are_sold_once(db: Database[Document], every: int) -> None:
    """64 threads want the last 10: exactly 10 get one, whatever fails in between."""
    stocked(db, CUP=UNITS)

    def buy(number: int) -> bool:
        attempts: list[int] = []

        def work(session: ClientSession) -> None:
            attempts.append(number)
            reserve(db, session, order, [Line("CUP", 1)])
            # A buyer of these fails after reserving, the first time.
            if every and number % every == 0 and len(attempts) == 1:
                raise ConnectionAbortedError
            sell(db, session, order, [Line("CUP", 1)])

        order = ObjectId()
        try:
            try:
                transaction(db, work)
            except ConnectionAbortedError:
                transaction(db, work)
        except OutOfStock:
            return False
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        bought = list(pool.map(buy, range(THREADS)))
    assert sum(bought) == UNITS
    assert stock(db, "CUP") == movements(db, "CUP") == (0, 0)
