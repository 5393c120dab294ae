"""Reading, writing and importing products; who may, the views decide."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from shop.catalogue.repository import build_document
from shop.core.errors import Problem
from shop.stock.repository import OutOfStock, write_off

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.catalogue.schemas import ProductInput
    from shop.database import Document


def get(db: Database[Document], which: Document, *, hidden: bool) -> Document:
    """Return the product; raise Problem 404 if there is none that may be seen."""
    found = db.products.find_one(which)
    if found is None or not (found["active"] or hidden):
        raise Problem(404, "There is no such product.")
    return found


def create(
    db: Database[Document], given: ProductInput, session: ClientSession | None = None
) -> Document:
    """Write a new product and return it; raise Problem 409 for a slug or SKU in use."""
    now = datetime.now(UTC)
    product: Document = build_document(given.model_dump()) | {
        "rating": {"count": 0, "sum": 0},
        "created_at": now,
        "updated_at": now,
        "version": 1,
    }
    try:
        db.products.insert_one(product, session=session)
    except DuplicateKeyError as error:
        raise explain_duplicate(error) from error
    return product


def change(
    db: Database[Document],
    product: Document,
    fields: dict[str, Any],
    session: ClientSession,
) -> Document:
    """Set the fields of the product as it was read, and return it as it is then.

    Raises Problem 412 if somebody else was faster, 409 for a slug or SKU in use, and
    for one that is dropped while orders wait for it.
    """
    try:
        changed = db.products.find_one_and_update(
            {"_id": product["_id"], "version": product["version"]},
            {
                "$set": build_document(fields) | {"updated_at": datetime.now(UTC)},
                "$inc": {"version": 1},
            },
            return_document=ReturnDocument.AFTER,
            session=session,
        )
    except DuplicateKeyError as error:
        raise explain_duplicate(error) from error
    if changed is None:
        raise Problem(412, "It was changed since you read it: read it again.")
    _drop(db, session, _skus(product) - _skus(changed))
    return changed


def delete(db: Database[Document], product: Document, session: ClientSession) -> None:
    """Delete the product as it was read; orders keep their own copy of what it was.

    Raises Problem 412 if somebody else was faster, 409 while orders wait for it.
    """
    which = {"_id": product["_id"], "version": product["version"]}
    if not db.products.delete_one(which, session=session).deleted_count:
        raise Problem(412, "It was changed since you read it: read it again.")
    _drop(db, session, _skus(product))


def _skus(product: Document) -> set[str]:
    return {variant["sku"] for variant in product["variants"]}


def _drop(db: Database[Document], session: ClientSession, skus: Iterable[str]) -> None:
    # A SKU may be used again, for something of which there is none yet.
    for sku in sorted(skus):
        try:
            write_off(db, session, sku)
        except OutOfStock as error:
            detail = f"Orders wait for {sku}. Hide the product until they are paid."
            raise Problem(409, detail, skus=[sku]) from error


def explain_duplicate(error: DuplicateKeyError) -> Problem:
    """Return what a broken uniqueness means for the client."""
    pattern = (error.details or {}).get("keyPattern", {})
    field = "sku" if "variants.sku" in pattern else "slug"
    return Problem(409, f"Another product has this {field}.", field=field)
