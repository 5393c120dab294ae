"""One's own account: the routes under /api/v1/me."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint

from shop.accounts import people, schemas
from shop.accounts.access import by_person, current_person
from shop.core.limits import do_not_count, limiter
from shop.database import get_db

if TYPE_CHECKING:
    from shop.database import Document

blueprint = APIBlueprint("me", __name__, url_prefix="/api/v1/me", tag="Accounts")


@blueprint.get("")
@blueprint.output(schemas.Me)
def get_me() -> Document:
    """Show one's own account."""
    return people.serialize_user(people.get(get_db(), current_person().id))


@blueprint.patch("")
@blueprint.input(schemas.MeChange, arg_name="given")
@blueprint.output(schemas.Me)
def change_me(given: schemas.MeChange) -> Document:
    """Take another name."""
    person = current_person()
    people.rename(get_db(), person.id, given.name)
    return people.serialize_user(people.get(get_db(), person.id))


@blueprint.post("/password")
@limiter.limit("5/minute;20/hour", key_func=by_person)
@blueprint.input(schemas.PasswordChange, arg_name="given")
@blueprint.output({}, status_code=204)
def change_password(given: schemas.PasswordChange) -> tuple[str, int]:
    """Set another password; every login ends, this one too."""
    person = current_person()
    people.change_password(get_db(), person.id, given.current, given.new)
    do_not_count()
    return "", 204


@blueprint.get("/addresses")
@blueprint.output(schemas.Addresses)
def list_addresses() -> dict[str, Any]:
    """List one's addresses."""
    return {"items": people.get(get_db(), current_person().id)["addresses"]}


@blueprint.post("/addresses")
@blueprint.input(schemas.Address, arg_name="given")
@blueprint.output(schemas.AddressAnswer, status_code=201)
def add_address(given: schemas.Address) -> Document:
    """Keep another address."""
    return people.add_address(get_db(), current_person().id, given.model_dump())


@blueprint.put("/addresses/<address_id>")
@blueprint.input(schemas.Address, arg_name="given")
@blueprint.output(schemas.AddressAnswer)
def replace_address(address_id: str, given: schemas.Address) -> Document:
    """Write an address anew; orders keep where they went."""
    person = current_person()
    return people.replace_address(get_db(), person.id, address_id, given.model_dump())


@blueprint.delete("/addresses/<address_id>")
@blueprint.output({}, status_code=204)
def delete_address(address_id: str) -> tuple[str, int]:
    """Forget an address."""
    people.delete_address(get_db(), current_person().id, address_id)
    return "", 204
