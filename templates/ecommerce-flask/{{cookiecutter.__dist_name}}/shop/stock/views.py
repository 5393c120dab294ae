"""Stock, for managers: how much there is, why, and what has arrived."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from apiflask import APIBlueprint
from pydantic import Field

from shop.accounts.access import current_person, requires
from shop.catalogue.repository import find_by_sku
from shop.core.errors import Problem
from shop.core.schemas import Answer, Schema
from shop.database import get_db
from shop.database.transactions import transaction
from shop.stock.repository import Line, receive

blueprint = APIBlueprint("stock", __name__, url_prefix="/api/v1/stock", tag="Stock")
MOVEMENTS = 50


class Delivery(Schema):
    """How many pieces have arrived."""

    quantity: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


class Movement(Answer):
    """What changed, by how much, and when."""

    kind: Literal["received", "reserved", "released", "sold", "returned"]
    on_hand: int
    reserved: int
    at: datetime


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
    return shown(sku)


@blueprint.post("/<sku>")
@requires("stock.write")
@blueprint.input(Delivery, arg_name="given")
@blueprint.output(StockAnswer)
def receive_stock(sku: str, given: Delivery) -> dict[str, Any]:
    """Put pieces that have arrived on the shelf."""
    db = get_db()
    if not find_by_sku(db, [sku]):
        raise Problem(404, "There is no such SKU.")
    line, by = Line(sku, given.quantity), current_person().id
    transaction(db, partial(receive, db, line=line, by=by))
    return shown(sku)


def shown(sku: str) -> dict[str, Any]:
    """Return the stock of a SKU with its newest movements."""
    db = get_db()
    found = db.stock.find_one({"_id": sku})
    if found is None:
        raise Problem(404, "There was never any of this SKU.")
    newest = list(db.movements.find({"sku": sku}).sort("_id", -1).limit(MOVEMENTS))
    return found | {"sku": sku, "movements": newest}
