"""Paying an order; the provider's webhook; the page that stands in for a bank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from apiflask import APIBlueprint
from flask import request

from shop.accounts.access import by_person, current_person
from shop.core.errors import Problem
from shop.core.limits import limiter
from shop.database import Document, get_db
from shop.orders.repository import get_for
from shop.payments import fake, schemas, services
from shop.settings import current_settings

if TYPE_CHECKING:
    from bson import ObjectId

blueprint = APIBlueprint("payments", __name__, url_prefix="/api/v1", tag="Payments")
log = structlog.get_logger("security")
fake_blueprint = APIBlueprint(
    "fake_payments", __name__, url_prefix="/fake-payments", tag="Fake provider"
)


@blueprint.post("/orders/<objectid:order_id>/payment")
@limiter.limit("30/minute", key_func=by_person)
@blueprint.output(schemas.PaymentAnswer)
def open_payment(order_id: ObjectId) -> Document:
    """Ask to pay an order; asking again gives the same payment."""
    person = current_person()
    order = get_for(get_db(), order_id, person)
    if order["user_id"] != person.id:
        raise Problem(403, "Only its customer pays an order.")
    provider = services.provider_of(current_settings(), get_db())
    return serialize_payment(services.open_payment(get_db(), provider, order), order)


@blueprint.get("/orders/<objectid:order_id>/payment")
@blueprint.output(schemas.PaymentAnswer)
def get_payment(order_id: ObjectId) -> Document:
    """Show how the payment of an order stands."""
    order = get_for(get_db(), order_id, current_person())
    found = services.find(get_db(), order)
    if found is None:
        raise Problem(404, "The order has no payment.")
    return serialize_payment(found, order)


@blueprint.post("/payments/webhooks/<provider>")
@blueprint.output({}, status_code=204)
def take_webhook(provider: str) -> tuple[str, int]:
    """Take what the payment provider tells, if the signature is theirs."""
    settings = current_settings()
    services.require_provider(provider, settings)
    adapter = services.provider_of(settings, get_db())
    try:
        event = adapter.verify(dict(request.headers), request.get_data())
        services.handle_webhook(get_db(), provider, event)
    except Problem as refusal:
        log.warning("webhook refused", provider=provider, reason=refusal.detail)
        raise
    return "", 204


@fake_blueprint.post("/<reference>/pay")
@limiter.limit("60/minute")
@fake_blueprint.input(schemas.Decision, arg_name="given")
@fake_blueprint.output(schemas.WebhookDelivery)
def pay(reference: str, given: schemas.Decision) -> dict[str, Any]:
    """Pay at the fake provider, or be refused by it; it calls the webhook back."""
    settings, db = current_settings(), get_db()
    services.require_provider("fake", settings)
    payment = db.payments.find_one({"reference": reference})
    if payment is None:
        raise Problem(404, "There is no such payment.")
    return {
        "delivered": fake.send_webhook(
            settings, db, fake.charge(db, payment, given.outcome)
        )
    }


def serialize_payment(payment: Document, order: Document) -> Document:
    """Return a document as the API answers it."""
    to_pay = payment["state"] == "created" and order["state"] == "pending"
    action = payment["action"] if to_pay else None
    return payment | {"order_id": str(payment["order_id"]), "action": action}
