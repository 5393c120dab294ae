"""Reviews by those who bought; a product's rating is their sum, always."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pymongo.errors import DuplicateKeyError

from shop.catalogue import services as catalogue
from shop.core.errors import Problem
from shop.core.pagination import Sort, paginate
from shop.database.transactions import transaction

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.client_session import ClientSession
    from pymongo.cursor import Cursor
    from pymongo.database import Database

    from shop.accounts.access import Person
    from shop.database import Document
    from shop.reviews.schemas import Listing, ReviewInput

NEWEST: Sort = (("_id", -1),)


def write(
    db: Database[Document], person: Person, product_id: ObjectId, given: ReviewInput
) -> Document:
    """Keep a review and return it.

    Raises Problem 404 for no such product, 403 to whoever has none of it delivered,
    409 for a second review.
    """
    catalogue.get(db, {"_id": product_id}, hidden=False)
    bought = {"user_id": person.id, "lines.product_id": product_id}
    if not db.orders.find_one(bought | {"state": "delivered"}):
        raise Problem(403, "A review is written by those to whom it was delivered.")
    user = db.users.find_one({"_id": person.id}) or {"name": ""}
    review: Document = {
        "product_id": product_id,
        "user_id": person.id,
        "author": user["name"],
        "rating": given.rating,
        "text": given.text,
        "hidden": False,
        "created_at": datetime.now(UTC),
    }

    def work(session: ClientSession) -> None:
        db.reviews.insert_one(review, session=session)
        if not _count(db, session, review, 1):
            # Deleted since it was looked at: no review outlives that.
            raise Problem(404, "There is no such product.")

    try:
        transaction(db, work)
    except DuplicateKeyError as error:
        raise Problem(409, "You have reviewed this product.") from error
    return review


def page(
    db: Database[Document], product_id: ObjectId, listing: Listing
) -> tuple[list[Document], str | None]:
    """Return the reviews of a page, the newest first, and the cursor of the next.

    Raises Problem 404 for no such product.
    """
    catalogue.get(db, {"_id": product_id}, hidden=False)
    query = {"product_id": product_id, "hidden": False}

    def fetch(beyond: Document, count: int) -> Cursor[Document]:
        return db.reviews.find(query | beyond).sort(NEWEST).limit(count)

    return paginate(NEWEST, listing.limit, listing.after, fetch)


def moderate(db: Database[Document], review_id: ObjectId, *, hidden: bool) -> Document:
    """Hide a review or show it again, and return it; the rating follows."""

    def work(session: ClientSession) -> Document:
        review = get(db, review_id, session)
        if review["hidden"] != hidden:
            change = {"$set": {"hidden": hidden}}
            db.reviews.update_one({"_id": review_id}, change, session=session)
            _count(db, session, review, -1 if hidden else 1)
        return review | {"hidden": hidden}

    return transaction(db, work)


def delete(db: Database[Document], person: Person, review_id: ObjectId) -> None:
    """Delete a review; for others than its author and moderators there is none."""

    def work(session: ClientSession) -> None:
        review = get(db, review_id, session)
        if review["user_id"] != person.id and not person.may("reviews.moderate"):
            raise Problem(404, "There is no such review.")
        db.reviews.delete_one({"_id": review_id}, session=session)
        if not review["hidden"]:
            _count(db, session, review, -1)

    transaction(db, work)


def get(
    db: Database[Document], review_id: ObjectId, session: ClientSession
) -> Document:
    """Return the review; raise Problem 404 if there is none."""
    found = db.reviews.find_one({"_id": review_id}, session=session)
    if found is None:
        raise Problem(404, "There is no such review.")
    return found


def _count(
    db: Database[Document], session: ClientSession, review: Document, sign: int
) -> bool:
    rating = {"rating.count": sign, "rating.sum": sign * review["rating"]}
    counted = db.products.update_one(
        {"_id": review["product_id"]},
        {"$inc": rating},  # a version is what managers write
        session=session,
    )
    return counted.matched_count == 1
