"""Stock per SKU, changed only together with the movement that says why.

On hand is what lies in the warehouse, reserved is the part of it that orders wait for,
available is the rest.
The sum of a SKU's movements is its stock, at every moment: both are written in the
caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bson import ObjectId
    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document

type Kind = Literal["received", "corrected", "reserved", "released", "sold", "returned"]


@dataclass(frozen=True, slots=True)
class Line:
    """A SKU and how many of it: at least one, or fewer than none to correct it."""

    sku: str
    quantity: int


class OutOfStock(Exception):
    """Fewer are available than asked for; `sku` says of what."""

    def __init__(self, sku: str) -> None:
        super().__init__(sku)
        self.sku = sku


@dataclass(frozen=True, slots=True)
class Change:
    """What a kind of movement adds to both numbers, for each piece."""

    on_hand: int
    reserved: int


CHANGES: dict[Kind, Change] = {
    "received": Change(on_hand=1, reserved=0),
    "corrected": Change(on_hand=1, reserved=0),
    "reserved": Change(on_hand=0, reserved=1),
    "released": Change(on_hand=0, reserved=-1),
    "sold": Change(on_hand=-1, reserved=-1),
    "returned": Change(on_hand=1, reserved=0),
}


def receive(
    db: Database[Document], session: ClientSession, line: Line, *, by: ObjectId | None
) -> None:
    """Put new pieces on the shelf; a SKU that was never there begins with them."""
    _move(db, session, "received", line, by=by)


def correct(
    db: Database[Document],
    session: ClientSession,
    line: Line,
    *,
    by: ObjectId | None,
    note: str,
) -> None:
    """Bring the number to what was counted: the quantity is added, and may be negative.

    Raises OutOfStock where more would go than is available: the rest is reserved.
    """
    _move(db, session, "corrected", line, by=by, note=note)


def write_off(db: Database[Document], session: ClientSession, sku: str) -> None:
    """Bring a SKU that is no longer sold to nothing.

    Raises OutOfStock where an order still waits for a piece.
    """
    found = db.stock.find_one({"_id": sku}, session=session)
    if found and found["reserved"]:
        raise OutOfStock(sku)
    if found and found["on_hand"]:
        line = Line(sku, -found["on_hand"])
        correct(db, session, line, by=None, note="no longer sold")


def reserve(
    db: Database[Document],
    session: ClientSession,
    order_id: ObjectId,
    lines: Iterable[Line],
) -> None:
    """Hold the pieces for an order; raise OutOfStock if there are too few of one.

    SKUs are taken in their order, so that two orders never wait for each other.
    """
    for line in sorted(lines, key=lambda line: line.sku):
        _move(db, session, "reserved", line, order_id=order_id)


def release(
    db: Database[Document],
    session: ClientSession,
    order_id: ObjectId,
    lines: Iterable[Line],
) -> None:
    """Let go of what was held for an order that nobody paid."""
    for line in sorted(lines, key=lambda line: line.sku):
        _move(db, session, "released", line, order_id=order_id)


def sell(
    db: Database[Document],
    session: ClientSession,
    order_id: ObjectId,
    lines: Iterable[Line],
) -> None:
    """Take what was held for an order off the shelf: it is paid."""
    for line in sorted(lines, key=lambda line: line.sku):
        _move(db, session, "sold", line, order_id=order_id)


def give_back(
    db: Database[Document],
    session: ClientSession,
    order_id: ObjectId,
    lines: Iterable[Line],
) -> None:
    """Put the pieces of a paid order that was cancelled back on the shelf."""
    for line in sorted(lines, key=lambda line: line.sku):
        _move(db, session, "returned", line, order_id=order_id)


def available(db: Database[Document], sku: str) -> int:
    """Return how many of the SKU somebody may order now."""
    found = db.stock.find_one({"_id": sku})
    return int(found["available"]) if found else 0


def _move(
    db: Database[Document],
    session: ClientSession,
    kind: Kind,
    line: Line,
    **reason: ObjectId | str | None,
) -> None:
    change = CHANGES[kind]
    on_hand, reserved = change.on_hand * line.quantity, change.reserved * line.quantity
    # The condition and the change are one operation: nobody comes in between.
    wanted: dict[str, Any] = {"_id": line.sku}
    added = {"on_hand": on_hand, "reserved": reserved, "available": on_hand - reserved}
    if added["available"] < 0:
        wanted["available"] = {"$gte": -added["available"]}
    begins = kind in {"received", "corrected"} and line.quantity > 0
    changed = db.stock.update_one(wanted, {"$inc": added}, begins, session=session)
    if not changed.matched_count and not begins:
        raise OutOfStock(line.sku)
    movement = {
        "sku": line.sku,
        "kind": kind,
        "on_hand": on_hand,
        "reserved": reserved,
        "at": datetime.now(UTC),
    }
    given = {name: value for name, value in reason.items() if value is not None}
    db.movements.insert_one(movement | given, session=session)
