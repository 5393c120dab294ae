"""What the routes of carts and coupons take and give."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from shop.core.schemas import Answer, Schema

CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,29}")
type Code = Annotated[str, StringConstraints(pattern=f"^{CODE.pattern}$")]
MAX_PERCENT = 100


class Quantity(Schema):
    """How many of a SKU."""

    quantity: Annotated[int, Field(ge=1, le=99, strict=True)]


class CouponChoice(Schema):
    """Which coupon a cart uses."""

    code: Code


class CouponInput(Schema):
    """A coupon as a manager writes it: `value` is percent or minor units."""

    kind: Literal["percent", "fixed"]
    value: Annotated[int, Field(ge=1, le=100_000_000, strict=True)]
    minimum: Annotated[int, Field(ge=0, le=100_000_000, strict=True)] = 0
    expires_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def at_most_everything(self) -> Self:
        """Refuse more than a hundred percent."""
        if self.kind == "percent" and self.value > MAX_PERCENT:
            raise ValueError("a coupon takes at most 100 percent off")
        return self


class CouponAnswer(Answer):
    """A coupon as a manager sees it."""

    code: str
    kind: Literal["percent", "fixed"]
    value: int
    minimum: int
    expires_at: datetime | None


class Coupons(Answer):
    """All coupons."""

    items: list[CouponAnswer]


class CartLine(Answer):
    """A SKU in a cart with the price of now; what is gone from the shop costs none."""

    sku: str
    product_id: str | None
    name: str
    options: dict[str, str]
    quantity: int
    price: int
    total: int
    available: bool


class CartAnswer(Answer):
    """A cart and what it costs now."""

    lines: list[CartLine]
    currency: str
    coupon: str | None
    subtotal: int
    discount: int
    total: int


class GuestCart(Answer):
    """A new cart of a guest; the token goes into `X-Cart-Token`."""

    token: str
    cart: CartAnswer
