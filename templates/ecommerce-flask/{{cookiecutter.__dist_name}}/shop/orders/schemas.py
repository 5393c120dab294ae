"""What the routes of checkout and orders take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shop.accounts.schemas import Address
from shop.core.pagination import DEFAULT_LIMIT, MAX_LIMIT
from shop.core.schemas import Answer, Schema
from shop.orders.states import State

type Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{24}$")]


class Checkout(Schema):
    """Where the order goes: an address, or the id of one that the account has."""

    address: Address | None = None
    address_id: Id | None = None

    @model_validator(mode="after")
    def one_address(self) -> Self:
        """Refuse none and both."""
        if (self.address is None) == (self.address_id is None):
            raise ValueError("give either address or address_id")
        return self


class Listing(Schema):
    """Which orders, from where on; `all` is for those who may read everybody's."""

    all: bool = False
    state: State | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    after: Annotated[str, Field(max_length=2000)] | None = None


class Reason(Schema):
    """Why a step is taken, for the order's history."""

    note: Annotated[str, Field(max_length=200)] = ""


class LineAnswer(Answer):
    """What was ordered, as it was then."""

    sku: str
    product_id: str
    name: str
    options: dict[str, str]
    price: int
    quantity: int
    total: int


class AddressAnswer(Answer):
    """Where the order goes."""

    name: str
    street: str
    city: str
    postal_code: str
    country: str


class StepAnswer(Answer):
    """A step of the order's history; `by` is nobody's where the shop took it."""

    state: State
    at: datetime
    by: str | None
    note: str


class OrderAnswer(Answer):
    """An order: its prices are those of the moment in which it was placed."""

    id: str
    state: State
    lines: list[LineAnswer]
    currency: str
    subtotal: int
    discount: int
    total: int
    coupon: str | None
    address: AddressAnswer
    reserved_until: datetime
    history: list[StepAnswer]
    created_at: datetime
    version: int


class OrderPage(Answer):
    """Some orders, and the cursor with which the next ones are asked for."""

    items: list[OrderAnswer]
    next: str | None
