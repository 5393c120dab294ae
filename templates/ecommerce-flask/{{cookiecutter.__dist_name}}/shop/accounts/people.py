"""People and what is known of them: their own name, password and addresses, roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from bson import ObjectId

from shop.accounts import passwords, tokens
from shop.core.errors import Problem
from shop.core.pagination import Sort, paginate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymongo.cursor import Cursor
    from pymongo.database import Database

    from shop.accounts.access import Person
    from shop.accounts.schemas import UserListing
    from shop.database import Document

MAX_ADDRESSES = 20
NEWEST: Sort = (("_id", -1),)
log = structlog.get_logger("security")


def get(db: Database[Document], user_id: ObjectId) -> Document:
    """Return the user; raise Problem 404 if there is none."""
    found = db.users.find_one({"_id": user_id})
    if found is None:
        raise Problem(404, "There is no such user.")
    return found


def page(
    db: Database[Document], listing: UserListing
) -> tuple[list[Document], str | None]:
    """Return the accounts of a page, the newest first, and the cursor of the next."""

    def fetch(beyond: Document, count: int) -> Cursor[Document]:
        return db.users.find(beyond).sort(NEWEST).limit(count)

    return paginate(NEWEST, listing.limit, listing.after, fetch)


def serialize_user(user: Document) -> Document:
    """Return a document as the API answers it: without its password, for one."""
    verified = user["verified_at"] is not None
    return user | {"id": str(user["_id"]), "verified": verified}


def rename(db: Database[Document], user_id: ObjectId, name: str) -> None:
    """Give the account another name."""
    change = {"$set": {"name": name}, "$inc": {"version": 1}}
    db.users.update_one({"_id": user_id}, change)


def change_password(
    db: Database[Document], user_id: ObjectId, current: str, new: str
) -> None:
    """Set the password and end every login.

    Raises Problem 403 where the current one is wrong, 422 for a poor new one.
    """
    user = get(db, user_id)
    if not passwords.matches(current, user["password"]):
        log.warning("password change refused")
        raise Problem(403, "The current password is wrong.")
    passwords.require_good(new, user["email"])
    hashed = passwords.hasher.hash(new)
    db.users.update_one(
        {"_id": user_id}, {"$set": {"password": hashed}, "$inc": {"version": 1}}
    )
    tokens.close_all(db, user_id)


def add_address(
    db: Database[Document], user_id: ObjectId, fields: Mapping[str, str]
) -> Document:
    """Keep another address and return it; raise Problem 409 if there are too many."""
    made = {"id": str(ObjectId())} | dict(fields)
    added = db.users.update_one(
        {"_id": user_id, f"addresses.{MAX_ADDRESSES - 1}": {"$exists": False}},
        {"$push": {"addresses": made}, "$inc": {"version": 1}},
    )
    if not added.matched_count:
        raise Problem(409, f"An account has at most {MAX_ADDRESSES} addresses.")
    return made


def replace_address(
    db: Database[Document],
    user_id: ObjectId,
    address_id: str,
    fields: Mapping[str, str],
) -> Document:
    """Write the address anew and return it; raise Problem 404 if there is none."""
    made = {"id": address_id} | dict(fields)
    changed = db.users.update_one(
        {"_id": user_id, "addresses.id": address_id},
        {"$set": {"addresses.$": made}, "$inc": {"version": 1}},
    )
    if not changed.matched_count:
        raise Problem(404, "Your account has no such address.")
    return made


def delete_address(db: Database[Document], user_id: ObjectId, address_id: str) -> None:
    """Forget the address; raise Problem 404 if there is none."""
    changed = db.users.update_one(
        {"_id": user_id, "addresses.id": address_id},
        {"$pull": {"addresses": {"id": address_id}}, "$inc": {"version": 1}},
    )
    if not changed.matched_count:
        raise Problem(404, "Your account has no such address.")


def give_roles(
    db: Database[Document], by: Person, user_id: ObjectId, roles: list[str]
) -> Document:
    """Give an account its roles and return it.

    Raises Problem 409 to an admin who would lock themselves out.
    """
    user = get(db, user_id)
    if user_id == by.id and "admin" not in roles:
        raise Problem(409, "Have another admin take this role from you.")
    given = sorted(roles)
    change = {"$set": {"roles": given}, "$inc": {"version": 1}}
    db.users.update_one({"_id": user_id}, change)
    log.warning("roles changed", account=str(user_id), roles=given)
    return user | {"roles": given}
