"""Stock, for managers: how much there is, why, and what has arrived."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from apiflask import APIBlueprint
from pydantic import Field

from shop.accounts.access import current_person, requires
from shop.core.errors import Problem
from shop.core.schemas import Answer, Schema
from shop.database import get_db
from shop.database.transactions import transaction
from shop.stock.repository import Kind, Line, OutOfStock, correct, receive

blueprint = APIBlueprint("stock", __name__, url_prefix="/api/v1/stock", tag="Stock")
MOVEMENTS = 50
MAX_PIECES = 1_000_000


class Delivery(Schema):
    """How many pieces have arrived."""

    quantity: Annotated[int, Field(ge=1, le=MAX_PIECES, strict=True)]


class Correction(Schema):
    """How many more pieces there are than the shop knew, or fewer, and why."""

    quantity: Annotated[int, Field(ge=-MAX_PIECES, le=MAX_PIECES, strict=True)]
    note: Annotated[str, Field(max_length=200)] = ""


class Movement(Answer):
    """What changed, by how much, and when."""

    kind: Kind
    on_hand: int
    reserved: int
    at: datetime
    note: str = ""


class StockAnswer(Answer):
    """How much of a SKU there is, and what happened last."""

    sku: str
    on_hand: int
    reserved: int
    movements: list[Movement]


@blueprint.get("/<sku>")
@requires("stock.write")
@blueprint.output(StockAnswer)
def get_stock(sku: str) -> dict[str, Any]:
    """Show how much of a SKU there is, and its newest movements."""
    return serialize_stock(sku)


@blueprint.post("/<sku>")
@requires("stock.write")
@blueprint.input(Delivery, arg_name="given")
@blueprint.output(StockAnswer)
def receive_stock(sku: str, given: Delivery) -> dict[str, Any]:
    """Put pieces that have arrived on the shelf."""
    db = get_db()
    require_sku(sku)
    line, by = Line(sku, given.quantity), current_person().id
    transaction(db, partial(receive, db, line=line, by=by))
    return serialize_stock(sku)


@blueprint.post("/<sku>/correct")
@requires("stock.write")
@blueprint.input(Correction, arg_name="given")
@blueprint.output(StockAnswer)
def correct_stock(sku: str, given: Correction) -> dict[str, Any]:
    """Bring the stock to what was counted: a negative quantity takes pieces away."""
    db = get_db()
    require_sku(sku)
    line, by = Line(sku, given.quantity), current_person().id
    try:
        transaction(db, partial(correct, db, line=line, by=by, note=given.note))
    except OutOfStock as error:
        raise Problem(409, f"Fewer pieces of {sku} are available.") from error
    return serialize_stock(sku)


def require_sku(sku: str) -> None:
    """Raise Problem 404 for a SKU of no product, be it hidden or not."""
    if get_db().products.find_one({"variants.sku": sku}, {"_id": 1}) is None:
        raise Problem(404, "There is no such SKU.")


def serialize_stock(sku: str) -> dict[str, Any]:
    """Return the stock of a SKU with its newest movements."""
    db = get_db()
    found = db.stock.find_one({"_id": sku})
    if found is None:
        require_sku(sku)
        found = {"on_hand": 0, "reserved": 0}
    newest = list(db.movements.find({"sku": sku}).sort("_id", -1).limit(MOVEMENTS))
    return found | {"sku": sku, "movements": newest}
