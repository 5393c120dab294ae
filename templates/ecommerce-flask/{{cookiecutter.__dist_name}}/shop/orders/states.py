"""The states of an order, and which may follow which."""

from __future__ import annotations

from typing import Literal

from shop.core.errors import Problem

type State = Literal[
    "pending", "paid", "packed", "shipped", "delivered", "cancelled", "refunded"
]

FOLLOWING: dict[State, frozenset[State]] = {
    "pending": frozenset({"paid", "cancelled"}),
    "paid": frozenset({"packed", "cancelled", "refunded"}),
    "packed": frozenset({"shipped", "cancelled", "refunded"}),
    "shipped": frozenset({"delivered", "refunded"}),
    "delivered": frozenset({"refunded"}),
    "cancelled": frozenset(),
    "refunded": frozenset(),
}


def require_step(state: State, wanted: State) -> None:
    """Raise Problem 409 unless an order in `state` may become `wanted`."""
    if wanted not in FOLLOWING[state]:
        allowed = ", ".join(sorted(FOLLOWING[state])) or "nothing"
        detail = f"An order that is {state} cannot become {wanted}, only {allowed}."
        raise Problem(409, detail, state=state)
