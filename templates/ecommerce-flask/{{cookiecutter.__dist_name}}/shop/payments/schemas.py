"""What the routes of payments take and give."""

from __future__ import annotations

from typing import Literal

from shop.core.schemas import Answer, Schema


class PaymentAnswer(Answer):
    """A payment; `action` is where to pay, or the client secret of Stripe's form.

    It is null once there is nothing to pay.
    """

    order_id: str
    provider: str
    reference: str
    action: str | None
    amount: int
    currency: str
    state: Literal[
        "created", "succeeded", "failed", "mismatched", "refunding", "refunded"
    ]


class Decision(Schema):
    """What becomes of a payment at the fake provider."""

    outcome: Literal["succeeded", "failed"]


class WebhookDelivery(Answer):
    """Whether the shop has heard of it; if not, the relay tells it again."""

    delivered: bool
