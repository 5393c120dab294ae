"""What a cart costs: whole minor units (cents), computed here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Priced:
    """So many of something, and what one of it costs."""

    quantity: int
    price: int


@dataclass(frozen=True, slots=True)
class Coupon:
    """Takes `value` percent or minor units off a cart of at least `minimum`."""

    kind: Literal["percent", "fixed"]
    value: int
    minimum: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """What the lines cost, what is taken off, and what is left to pay."""

    subtotal: int
    discount: int
    total: int


def totals(lines: Iterable[Priced], coupon: Coupon | None = None) -> Totals:
    """Return what the lines cost with the coupon, which counts from its minimum on.

    Half a minor unit of discount is rounded up, for the customer; a coupon never
    takes off more than there is to pay.
    """
    subtotal = sum(line.quantity * line.price for line in lines)
    discount = 0
    if coupon and subtotal >= coupon.minimum:
        percent = (subtotal * coupon.value + 50) // 100
        discount = percent if coupon.kind == "percent" else coupon.value
    discount = min(discount, subtotal)
    return Totals(subtotal, discount, subtotal - discount)
