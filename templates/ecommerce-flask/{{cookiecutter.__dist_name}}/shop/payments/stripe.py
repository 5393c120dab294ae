"""Stripe behind the same interface: on when PAYMENTS=stripe and its keys are set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import stripe
import structlog

from shop.core.errors import Problem
from shop.payments import providers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shop.database import Document
    from shop.settings import Settings

TIMEOUT_SECONDS = 10
log = structlog.get_logger("payments")
KINDS: dict[str, providers.Kind] = {
    "payment_intent.succeeded": "succeeded",
    # A payment that failed is tried again with the same intent; this one is over.
    "payment_intent.canceled": "failed",
}


class StripeProvider:
    """Makes PaymentIntents; the customer pays them in Stripe's own form."""

    name = "stripe"

    def __init__(self, settings: Settings) -> None:
        """Talk to Stripe with the shop's key."""
        self.settings = settings
        # Less than the time that nginx and gunicorn give a request.
        web = stripe.new_default_http_client(timeout=TIMEOUT_SECONDS)
        self.client = stripe.StripeClient(settings.stripe_secret_key, http_client=web)

    def create(self, order: Document, attempt: int) -> providers.Intent:
        """Make a PaymentIntent, once for each attempt to pay the order."""
        try:
            made = self.client.v1.payment_intents.create(
                {
                    "amount": order["total"],
                    "currency": order["currency"].lower(),
                    "metadata": {"order_id": str(order["_id"])},
                },
                {"idempotency_key": f"{order['_id']}:{attempt}"},
            )
        except stripe.StripeError as error:
            log.exception("stripe took no payment", order_id=str(order["_id"]))
            detail = "The payment provider does not take it just now: try again."
            raise Problem(502, detail) from error
        return providers.Intent(made.id, made.client_secret or "")

    def refund(self, payment: Document) -> None:
        """Pay everything back, once for each payment."""
        self.client.v1.refunds.create(
            {"payment_intent": payment["reference"]},
            {"idempotency_key": f"refund:{payment['_id']}"},
        )

    def verify(self, headers: Mapping[str, str], body: bytes) -> providers.Event:
        """Return what the webhook says; other kinds of events are ignored."""
        signature = headers.get("Stripe-Signature", "")
        try:
            event = stripe.Webhook.construct_event(
                body, signature, self.settings.stripe_webhook_secret
            )
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise Problem(400, "The signature of the webhook is wrong.") from error
        about = event["data"]["object"].to_dict()
        return providers.Event(
            id=event["id"],
            kind=KINDS.get(event["type"], "ignored"),
            reference=str(about.get("id", "")),
            amount=int(about.get("amount") or 0),
            currency=str(about.get("currency", "")).upper(),
            signature=signature,
        )
