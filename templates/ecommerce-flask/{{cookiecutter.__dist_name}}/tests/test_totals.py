"""Money neither appears nor vanishes in a cart, and an order takes legal steps only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.cart.totals import Coupon, Priced, Totals, totals
from shop.core.errors import Problem
from shop.orders.states import FOLLOWING, State, require_step

pytestmark = pytest.mark.milestone(4)
LINES = st.lists(
    st.builds(Priced, st.integers(1, 99), st.integers(0, 10**9)), max_size=50
)
COUPONS = (
    st.none()
    | st.builds(Coupon, st.just("percent"), st.integers(1, 100), st.integers(0, 10**9))
    | st.builds(Coupon, st.just("fixed"), st.integers(1, 10**12), st.integers(0, 10**9))
)


@given(LINES, COUPONS)
def test_what_is_paid_and_taken_off_is_what_it_costs(
    lines: list[Priced], coupon: Coupon | None
) -> None:
    """No unit is lost to rounding, and nobody is paid for shopping."""
    found = totals(lines, coupon)
    assert found.total + found.discount == found.subtotal
    assert 0 <= found.total <= found.subtotal


@pytest.mark.parametrize(
    ("coupon", "discount"),
    [
        (Coupon("percent", 10), 101),  # 100.5 of 1005
        (Coupon("percent", 100), 1005),
        (Coupon("fixed", 500), 500),
        (Coupon("fixed", 2000), 1005),
        (Coupon("fixed", 500, minimum=1005), 500),
        (Coupon("fixed", 500, minimum=1006), 0),
    ],
)
def test_a_coupon_takes_off_what_it_says(coupon: Coupon, discount: int) -> None:
    """Half a unit is the customer's, and never more than there is to pay."""
    found = totals([Priced(3, 335)], coupon)
    assert found == Totals(1005, discount, 1005 - discount)


@pytest.mark.parametrize("state", FOLLOWING)
def test_only_what_may_follow_follows(state: State) -> None:
    """Every other step is a conflict that names the ways there are."""
    for wanted in FOLLOWING:
        if wanted in FOLLOWING[state]:
            require_step(state, wanted)
        else:
            with pytest.raises(Problem, match=f"is {state} cannot") as refused:
                require_step(state, wanted)
            assert refused.value.status == 409
