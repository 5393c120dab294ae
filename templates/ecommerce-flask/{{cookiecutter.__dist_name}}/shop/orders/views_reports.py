"""Reports, for managers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from apiflask import APIBlueprint
from pydantic import ConfigDict, Field

from shop.accounts.access import requires
from shop.core.schemas import Answer, Schema
from shop.database import get_db
from shop.orders import reports
from shop.settings import current_settings

blueprint = APIBlueprint(
    "reports", __name__, url_prefix="/api/v1/reports", tag="Reports"
)


# Years that a report can have, so that no sum of dates leaves the calendar.
type Date = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(3000, 1, 1))]


class Period(Schema):
    """The first and the last day; without them, the last thirty."""

    model_config = ConfigDict(validate_by_alias=True)

    first: Annotated[Date | None, Field(alias="from")] = None
    to: Date | None = None


class Ranking(Period):
    """The days, and how many rows."""

    limit: Annotated[int, Field(ge=1, le=reports.MAX_ROWS)] = 10


class Day(Answer):
    """What one day brought, in minor units."""

    day: str
    orders: int
    gross: int
    refunded: int
    net: int


class Revenue(Answer):
    """The days that brought something."""

    currency: str
    items: list[Day]


class Seller(Answer):
    """How much of a SKU was sold."""

    sku: str
    name: str
    quantity: int
    revenue: int


class BestSellers(Answer):
    """What sells best."""

    items: list[Seller]


class Low(Answer):
    """How many of a SKU may still be ordered."""

    sku: str
    name: str
    available: int


class LowStock(Answer):
    """What runs out."""

    items: list[Low]


@blueprint.get("/revenue")
@requires("reports.read")
@blueprint.input(Period, location="query", arg_name="days")
@blueprint.output(Revenue)
def revenue(days: Period) -> dict[str, Any]:
    """Show what was paid and paid back, day by day."""
    which = reports.period(days.first, days.to)
    items = reports.revenue(get_db(), which)
    return {"currency": current_settings().currency, "items": items}


@blueprint.get("/best-sellers")
@requires("reports.read")
@blueprint.input(Ranking, location="query", arg_name="days")
@blueprint.output(BestSellers)
def best_sellers(days: Ranking) -> dict[str, Any]:
    """Show of what most was sold."""
    which = reports.period(days.first, days.to)
    return {"items": reports.best_sellers(get_db(), which, days.limit)}


@blueprint.get("/low-stock")
@requires("reports.read")
@blueprint.output(LowStock)
def low_stock() -> dict[str, Any]:
    """Show of what the shop has little left (see `low_stock` in shop.toml)."""
    return {"items": reports.low_stock(get_db(), current_settings().low_stock)}
