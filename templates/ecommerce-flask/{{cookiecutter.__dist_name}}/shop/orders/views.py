"""Checkout, a customer's orders, and the steps that staff take with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request, url_for

from shop.accounts.access import by_person, current_person, requires
from shop.core.conditional import add_etag
from shop.core.errors import Problem
from shop.core.limits import limiter
from shop.database import Document, get_db
from shop.orders import checkout, repository, schemas, services

if TYPE_CHECKING:
    from bson import ObjectId

    from shop.orders.states import State

blueprint = APIBlueprint("orders", __name__, url_prefix="/api/v1", tag="Orders")
KEY = re.compile(r"[\x21-\x7e]{1,64}")


@blueprint.post("/checkout")
@limiter.limit("30/minute", key_func=by_person)
@blueprint.input(schemas.Checkout, arg_name="given")
@blueprint.output(schemas.OrderAnswer, status_code=201)
def check_out(given: schemas.Checkout) -> Response:
    """Order what is in the cart; the same `Idempotency-Key` orders once."""
    person = current_person()
    key = request.headers.get("Idempotency-Key", "")
    if not KEY.fullmatch(key):
        raise Problem(422, "Send an Idempotency-Key of 1 to 64 visible characters.")
    placed = checkout.place(get_db(), person, key, request.get_data(), given)
    response = Response(placed.answer, 201, content_type="application/json")
    order_id = str((response.json or {})["id"])
    response.headers["Location"] = url_for("orders.get_order", order_id=order_id)
    if placed.again:
        response.headers["Idempotency-Replayed"] = "true"
    return response


@blueprint.get("/orders")
@blueprint.input(schemas.Listing, location="query", arg_name="listing")
@blueprint.output(schemas.OrderPage)
def list_orders(listing: schemas.Listing) -> dict[str, Any]:
    """List one's own orders; staff may ask for all."""
    person = current_person()
    if listing.all and not person.may("orders.read_all"):
        raise Problem(403, "Your account may see its own orders only.")
    items, following = repository.page(get_db(), listing, person)
    orders = [repository.serialize_order(item, person) for item in items]
    return {"items": orders, "next": following}


@blueprint.get("/orders/<objectid:order_id>")
@blueprint.output(schemas.OrderAnswer)
def get_order(order_id: ObjectId) -> Response:
    """Show an order with its history."""
    return make_response(repository.get_for(get_db(), order_id, current_person()))


@blueprint.post("/orders/<objectid:order_id>/cancel")
@blueprint.input(schemas.Reason, arg_name="given")
@blueprint.output(schemas.OrderAnswer)
def cancel(order_id: ObjectId, given: schemas.Reason) -> Response:
    """Cancel an order that is not sent yet; what was paid is paid back."""
    person = current_person()
    order = repository.get_for(get_db(), order_id, person)
    if order["user_id"] != person.id and not person.may("orders.cancel_any"):
        raise Problem(403, "Your account may not do this.")
    return advance(order_id, "cancelled", given)


@blueprint.post("/orders/<objectid:order_id>/pack")
@requires("orders.ship")
@blueprint.input(schemas.Reason, arg_name="given")
@blueprint.output(schemas.OrderAnswer)
def pack(order_id: ObjectId, given: schemas.Reason) -> Response:
    """Note that a paid order lies in its box."""
    return advance(order_id, "packed", given)


@blueprint.post("/orders/<objectid:order_id>/ship")
@requires("orders.ship")
@blueprint.input(schemas.Reason, arg_name="given")
@blueprint.output(schemas.OrderAnswer)
def ship(order_id: ObjectId, given: schemas.Reason) -> Response:
    """Note that the box is on its way."""
    return advance(order_id, "shipped", given)


@blueprint.post("/orders/<objectid:order_id>/deliver")
@requires("orders.ship")
@blueprint.input(schemas.Reason, arg_name="given")
@blueprint.output(schemas.OrderAnswer)
def deliver(order_id: ObjectId, given: schemas.Reason) -> Response:
    """Note that the customer has it."""
    return advance(order_id, "delivered", given)


@blueprint.post("/orders/<objectid:order_id>/refund")
@requires("orders.refund")
@blueprint.input(schemas.Reason, arg_name="given")
@blueprint.output(schemas.OrderAnswer)
def refund(order_id: ObjectId, given: schemas.Reason) -> Response:
    """Pay back what was paid."""
    return advance(order_id, "refunded", given)


def advance(order_id: ObjectId, state: State, given: schemas.Reason) -> Response:
    """Return the order after the step."""
    by = current_person().id
    return make_response(
        services.advance(get_db(), order_id, state, by=by, note=given.note)
    )


def make_response(order: Document) -> Response:
    """Return an order with its version as ETag."""
    fields = repository.serialize_order(order, current_person())
    body = schemas.OrderAnswer.model_validate(fields)
    return add_etag(jsonify(body.model_dump(mode="json")), str(order["version"]))
