"""Pages show everything once, in order, whatever the values are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shop.core.errors import Problem
from shop.core.pagination import Sort, after, cursor

if TYPE_CHECKING:
    from flask import Flask
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
    seen, where = [], None
    with app.app_context():
        while page := list(db.things.find(after(sort, where)).sort(sort).limit(5)):
            seen += page
            where = cursor(sort, page[-1])
    assert seen == list(db.things.find().sort(sort))
    assert len(seen) == 23


def test_what_is_no_cursor_is_refused(app: Flask) -> None:
    """Made up, changed, or of another order."""
    with app.app_context():
        good = cursor(CHEAP, {"price": 1, "_id": 2})
        for wrong in ("", "nonsense", good[:-1], good + "x"):
            with pytest.raises(Problem, match="`after` is not"):
                after(CHEAP, wrong)
        with pytest.raises(Problem, match="`after` is not"):
            after(DEAR, good)
        assert after(CHEAP, good)["$or"]
