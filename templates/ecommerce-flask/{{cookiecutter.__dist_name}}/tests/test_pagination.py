"""Pages show everything once, in order, whatever the values are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shop.core.errors import Problem
from shop.core.pagination import Sort, after, paginate

if TYPE_CHECKING:
    from flask import Flask
    from pymongo.cursor import Cursor
    from pymongo.database import Database

    from shop.database import Document

pytestmark = pytest.mark.milestone(2)
CHEAP: Sort = (("price", 1), ("_id", 1))
DEAR: Sort = (("price", -1), ("_id", -1))


@pytest.mark.parametrize("sort", [CHEAP, DEAR])
def test_every_item_is_shown_once(
    app: Flask, db: Database[Document], sort: Sort
) -> None:
    """Though many have the same price."""
    db.things.insert_many([{"price": number % 3} for number in range(23)])

    def fetch(beyond: Document, count: int) -> Cursor[Document]:
        return db.things.find(beyond).sort(sort).limit(count)

    seen: list[Document] = []
    lengths, where = [], None
    with app.app_context():
        while where or not seen:
            items, where = paginate(sort, 5, where, fetch)
            seen += items
            lengths.append(len(items))
    assert seen == list(db.things.find().sort(sort))
    assert lengths == [5, 5, 5, 5, 3]


def test_what_is_no_cursor_is_refused(app: Flask) -> None:
    """Made up, changed, or of another order."""
    with app.app_context():
        _, good = paginate(CHEAP, 1, None, lambda *_: [{"price": 1, "_id": 2}] * 2)
        assert good
        for wrong in ("", "nonsense", good[:-1], good + "x"):
            with pytest.raises(Problem, match="`after` is not"):
                after(CHEAP, wrong)
        with pytest.raises(Problem, match="`after` is not"):
            after(DEAR, good)
        assert after(CHEAP, good) == [
            {"price": 1, "_id": {"$gt": 2}},
            {"price": {"$gt": 1}},
        ]
