"""A message is sent at least once, and by one relay at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from shop.database.transactions import transaction
from shop.outbox.repository import (
    CLAIM_SECONDS,
    claim,
    done,
    enqueue,
    enqueue_mail,
    failed,
)

if TYPE_CHECKING:
    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document

pytestmark = pytest.mark.milestone(6)


def pass_by(db: Database[Document], seconds: float) -> None:
    """Let so much time go by for the messages that wait."""
    earlier = {"$subtract": ["$available_at", seconds * 1000]}
    db.outbox.update_many({}, [{"$set": {"available_at": earlier}}])


def test_a_message_waits_until_it_was_sent(db: Database[Document]) -> None:
    """It is there after a crash of the relay, and gone once it was sent."""
    enqueue_mail(db, to="ann@example.com", subject="Hello", text="Ann")
    first = claim(db)
    assert first
    assert first["payload"]["to"] == "ann@example.com"
    assert claim(db) is None
    pass_by(db, CLAIM_SECONDS + 1)
    again = claim(db)
    assert again
    assert again["_id"] == first["_id"]
    done(db, again)
    pass_by(db, CLAIM_SECONDS + 1)
    assert claim(db) is None


def test_there_is_none_of_a_change_that_was_undone(db: Database[Document]) -> None:
    """The message belongs to the transaction."""

    def work(session: ClientSession) -> None:
        enqueue(db, "order.paid", {}, session)
        raise LookupError

    with pytest.raises(LookupError):
        transaction(db, work)
    assert claim(db) is None


def test_no_two_relays_hold_one(db: Database[Document]) -> None:
    """Eight at once share out what is there."""
    for number in range(20):
        enqueue(db, "order.paid", {"number": number})
    with ThreadPoolExecutor(8) as pool:
        claimed = [found for found in pool.map(lambda _: claim(db), range(40)) if found]
    assert sorted(found["payload"]["number"] for found in claimed) == list(range(20))


def test_what_fails_waits_longer_each_time(db: Database[Document]) -> None:
    """A mail server that is away is not asked every second."""
    enqueue(db, "mail", {})
    for seconds in (4, 8, 16):
        message = claim(db)
        assert message
        earliest = datetime.now(UTC) + timedelta(seconds=seconds - 1)
        failed(db, message)
        found = db.outbox.find_one()
        assert found
        assert found["available_at"] > earliest
        pass_by(db, 3600)
