"""All accounts and their roles, for admins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint

from shop.accounts import people, schemas
from shop.accounts.access import current_person, requires
from shop.database import get_db

if TYPE_CHECKING:
    from bson import ObjectId

    from shop.database import Document

blueprint = APIBlueprint("users", __name__, url_prefix="/api/v1/users", tag="Accounts")


@blueprint.get("")
@requires("users.manage")
@blueprint.input(schemas.UserListing, location="query", arg_name="listing")
@blueprint.output(schemas.UserPage)
def list_users(listing: schemas.UserListing) -> dict[str, Any]:
    """List the accounts, the newest first."""
    items, following = people.page(get_db(), listing)
    return {"items": [people.serialize_user(user) for user in items], "next": following}


@blueprint.put("/<objectid:user_id>/roles")
@requires("users.manage")
@blueprint.input(schemas.RolesChange, arg_name="given")
@blueprint.output(schemas.UserAnswer)
def put_roles(user_id: ObjectId, given: schemas.RolesChange) -> Document:
    """Give an account its roles; they count with its next request."""
    roles: list[str] = [*given.roles]
    return people.serialize_user(
        people.give_roles(get_db(), current_person(), user_id, roles)
    )
