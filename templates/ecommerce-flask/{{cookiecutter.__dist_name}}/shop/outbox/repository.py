"""Messages that wait in the database until the relay has sent them.

The transactional outbox: a message is written in the transaction of the change that
causes it, so there is never one without the other. It is sent at least once; whoever
gets it twice knows it by its id.
Source: https://microservices.io/patterns/data/transactional-outbox.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pymongo import ReturnDocument

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document

CLAIM_SECONDS = 60
FIRST_RETRY_SECONDS = 2
LAST_RETRY_SECONDS = 3600


def enqueue(
    db: Database[Document],
    kind: str,
    payload: Document,
    session: ClientSession | None = None,
) -> ObjectId:
    """Write down a message and return its id."""
    now = datetime.now(UTC)
    message = {
        "kind": kind,
        "payload": payload,
        "created_at": now,
        "available_at": now,
        "attempts": 0,
    }
    made: ObjectId = db.outbox.insert_one(message, session=session).inserted_id
    return made


def enqueue_mail(
    db: Database[Document],
    *,
    to: str,
    subject: str,
    text: str,
    session: ClientSession | None = None,
) -> ObjectId:
    """Write down a mail and return the message's id."""
    mail = {"to": to, "subject": subject, "text": text}
    return enqueue(db, "mail", mail, session)


def claim(db: Database[Document]) -> Document | None:
    """Take the message that waits longest, so that no other relay takes it as well.

    A relay that dies with it loses it after CLAIM_SECONDS: then it waits again.
    """
    now = datetime.now(UTC)
    return db.outbox.find_one_and_update(
        {"sent_at": None, "available_at": {"$lte": now}},
        {
            "$set": {"available_at": now + timedelta(seconds=CLAIM_SECONDS)},
            "$inc": {"attempts": 1},
        },
        sort=[("available_at", 1)],
        return_document=ReturnDocument.AFTER,
    )


def done(db: Database[Document], message: Document) -> None:
    """Note that the message was sent; MongoDB deletes it a week later."""
    _update(db, message, {"sent_at": datetime.now(UTC)})


def failed(db: Database[Document], message: Document) -> None:
    """Let the message wait, twice as long each time, an hour at most."""
    seconds = min(FIRST_RETRY_SECONDS * 2 ** message["attempts"], LAST_RETRY_SECONDS)
    _update(
        db, message, {"available_at": datetime.now(UTC) + timedelta(seconds=seconds)}
    )


def _update(db: Database[Document], message: Document, values: dict[str, Any]) -> None:
    db.outbox.update_one({"_id": message["_id"]}, {"$set": values})
