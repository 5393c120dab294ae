"""Orders as MongoDB keeps them: with their own copy of every name and price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop.catalogue.repository import mapping
from shop.core.errors import Problem
from shop.core.pagination import Sort, paginate
from shop.stock.repository import Line

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.client_session import ClientSession
    from pymongo.cursor import Cursor
    from pymongo.database import Database

    from shop.accounts.access import Person
    from shop.database import Document
    from shop.orders.schemas import Listing

NEWEST: Sort = (("_id", -1),)


def get(
    db: Database[Document], order_id: ObjectId, session: ClientSession | None = None
) -> Document:
    """Return the order; raise Problem 404 if there is none."""
    found = db.orders.find_one({"_id": order_id}, session=session)
    if found is None:
        raise Problem(404, "There is no such order.")
    return found


def get_for(db: Database[Document], order_id: ObjectId, person: Person) -> Document:
    """Return the order to its customer or to staff; for others there is none."""
    order = get(db, order_id)
    if order["user_id"] != person.id and not person.may("orders.read_all"):
        raise Problem(404, "There is no such order.")
    return order


def page(
    db: Database[Document], listing: Listing, person: Person
) -> tuple[list[Document], str | None]:
    """Return the orders of a page, the newest first, and the cursor of the next."""
    query: Document = {} if listing.all else {"user_id": person.id}
    if listing.state:
        query["state"] = listing.state

    def fetch(beyond: Document, count: int) -> Cursor[Document]:
        return db.orders.find(query | beyond).sort(NEWEST).limit(count)

    return paginate(NEWEST, listing.limit, listing.after, fetch)


def stock_lines(order: Document) -> list[Line]:
    """Return what the order holds of the stock."""
    return [Line(line["sku"], line["quantity"]) for line in order["lines"]]


def serialize_order(order: Document, person: Person) -> Document:
    """Return a document as the API answers it; what staff notes is for staff."""
    staff = person.may("orders.read_all")
    public = {None, order["user_id"]}
    return order | {
        "id": str(order["_id"]),
        "lines": [
            line
            | {
                "product_id": str(line["product_id"]),
                "options": mapping(line["options"]),
            }
            for line in order["lines"]
        ],
        "history": [
            step
            | {
                "by": str(step["by"]) if step["by"] else None,
                "note": step["note"] if staff or step["by"] in public else "",
            }
            for step in order["history"]
        ],
    }
