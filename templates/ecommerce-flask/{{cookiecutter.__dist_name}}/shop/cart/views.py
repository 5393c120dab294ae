"""The cart of whoever asks, and the coupons that managers give out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import request

from shop.accounts.access import optional_person, requires
from shop.cart import coupons, schemas, services
from shop.core.errors import Problem
from shop.core.limits import limiter
from shop.database import get_db

if TYPE_CHECKING:
    from shop.cart.services import Owner

blueprint = APIBlueprint("cart", __name__, url_prefix="/api/v1", tag="Cart")


def owner() -> Owner:
    """Return whose cart is meant: who is logged in, else whose token it is."""
    if person := optional_person():
        return services.Owner(user_id=person.id)
    if token := request.headers.get("X-Cart-Token"):
        return services.guest(token)
    raise Problem(401, "Log in, or send the X-Cart-Token of a cart that you opened.")


@blueprint.post("/cart")
@limiter.limit("60/hour")
@blueprint.output(schemas.GuestCart, status_code=201)
def open_cart() -> dict[str, Any]:
    """Open a cart for a guest; its token goes into `X-Cart-Token`."""
    token = services.open_guest(get_db())
    return {
        "token": token,
        "cart": services.serialize_cart(get_db(), services.guest(token)),
    }


@blueprint.get("/cart")
@blueprint.output(schemas.CartAnswer)
def get_cart() -> dict[str, Any]:
    """Show the cart with the prices of now."""
    return services.serialize_cart(get_db(), owner())


@blueprint.put("/cart/items/<sku>")
@blueprint.input(schemas.Quantity, arg_name="given")
@blueprint.output(schemas.CartAnswer)
def put_item(sku: str, given: schemas.Quantity) -> dict[str, Any]:
    """Have so many of a SKU in the cart."""
    whose = owner()
    services.put(get_db(), whose, sku, given.quantity)
    return services.serialize_cart(get_db(), whose)


@blueprint.delete("/cart/items/<sku>")
@blueprint.output(schemas.CartAnswer)
def remove_item(sku: str) -> dict[str, Any]:
    """Take a SKU out of the cart."""
    whose = owner()
    services.remove(get_db(), whose, sku)
    return services.serialize_cart(get_db(), whose)


@blueprint.put("/cart/coupon")
@limiter.limit("30/minute")
@blueprint.input(schemas.CouponChoice, arg_name="given")
@blueprint.output(schemas.CartAnswer)
def put_coupon(given: schemas.CouponChoice) -> dict[str, Any]:
    """Use a coupon; what it takes off is in the totals."""
    whose = owner()
    services.choose_coupon(get_db(), whose, given.code)
    return services.serialize_cart(get_db(), whose)


@blueprint.delete("/cart/coupon")
@blueprint.output(schemas.CartAnswer)
def remove_coupon() -> dict[str, Any]:
    """Use no coupon."""
    whose = owner()
    services.choose_coupon(get_db(), whose, None)
    return services.serialize_cart(get_db(), whose)


@blueprint.get("/coupons")
@requires("coupons.write")
@blueprint.output(schemas.Coupons)
def list_coupons() -> dict[str, Any]:
    """List the coupons, by their code."""
    found = get_db().coupons.find().sort("_id").limit(1000)
    return {"items": [coupon | {"code": coupon["_id"]} for coupon in found]}


@blueprint.put("/coupons/<code>")
@requires("coupons.write")
@blueprint.input(schemas.CouponInput, arg_name="given")
@blueprint.output({}, status_code=204)
def put_coupon_of_shop(code: str, given: schemas.CouponInput) -> tuple[str, int]:
    """Make a coupon, or replace it."""
    if not schemas.CODE.fullmatch(code):
        raise Problem(422, f"A code looks like {schemas.CODE.pattern}.")
    coupons.write(get_db(), code, given.model_dump())
    return "", 204


@blueprint.delete("/coupons/<code>")
@requires("coupons.write")
@blueprint.output({}, status_code=204)
def delete_coupon(code: str) -> tuple[str, int]:
    """Delete a coupon; carts that have it lose it."""
    coupons.delete(get_db(), code)
    return "", 204
