"""Who asks, and what they may do: one table of roles, one decorator."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Literal

import structlog
from bson import ObjectId
from flask import g, request
from flask_jwt_extended import get_jwt, verify_jwt_in_request
from pydantic import TypeAdapter

from shop.accounts import tokens
from shop.accounts.schemas import Email
from shop.core.errors import Problem
from shop.core.requests import client_address
from shop.database import get_db
from shop.settings import current_settings

if TYPE_CHECKING:
    from collections.abc import Callable

type Permission = Literal[
    "catalogue.write",
    "coupons.write",
    "orders.cancel_any",
    "orders.read_all",
    "orders.refund",
    "orders.ship",
    "reports.read",
    "reviews.moderate",
    "stock.write",
    "users.manage",
]

SUPPORT: frozenset[Permission] = frozenset(
    {"orders.read_all", "orders.cancel_any", "orders.refund", "reviews.moderate"}
)
MANAGER: frozenset[Permission] = frozenset(
    {
        "catalogue.write",
        "coupons.write",
        "orders.read_all",
        "orders.refund",
        "orders.ship",
        "reports.read",
        "reviews.moderate",
        "stock.write",
    }
)
ROLES: dict[str, frozenset[Permission]] = {
    "customer": frozenset(),
    "support": SUPPORT,
    "manager": MANAGER,
    "admin": SUPPORT | MANAGER | {"users.manage"},
}
EMAIL: TypeAdapter[str] = TypeAdapter(Email)
log = structlog.get_logger("security")


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever sent the request, as the database knows them now."""

    id: ObjectId
    email: str
    roles: frozenset[str]
    session: str

    def may(self, permission: Permission) -> bool:
        """Return whether one of their roles has the permission."""
        return any(permission in ROLES[role] for role in self.roles)


def current_person() -> Person:
    """Return who asks; without a token that counts, the request ends with 401."""
    found: Person | None = g.get("person")
    if found is None:
        verify_jwt_in_request()
        claims = get_jwt()
        user = get_db().users.find_one({"_id": ObjectId(claims["sub"])})
        if user is None:
            raise Problem(401, "The account is gone.")
        found = Person(
            user["_id"], user["email"], frozenset(user["roles"]), claims["fam"]
        )
        g.person, g.user_id = found, found.id
    return found


def optional_person() -> Person | None:
    """Return who asks, or None for a guest; a token that is sent has to count."""
    return current_person() if "Authorization" in request.headers else None


def by_person() -> str:
    """Return what throttles count by where one is logged in: not the address."""
    return f"person:{current_person().id}"


def by_account() -> str:
    """Return what counts the attempts on one account: the address in the body.

    It is read as the route reads it: an address can be written in many ways, and each
    would be another chance to guess. Where the account has logged in before, attempts
    count by themselves: no stranger can use up those of the owner. The log and the
    database get no e-mail address, only what stands for it.
    """
    body = request.get_json(force=True, silent=True)
    try:
        email = EMAIL.validate_python(body["email"] if isinstance(body, dict) else None)
    except (KeyError, ValueError):
        return "account:none"  # what the route refuses is no attempt
    secret = current_settings().secret_key.encode()
    account = hmac.new(secret, email.encode(), hashlib.sha256).hexdigest()
    known = tokens.known_place(get_db(), email, client_address())
    return f"account:{account}" + (f":{client_address()}" if known else "")


def may(permission: Permission) -> bool:
    """Return whether whoever asks has the permission; a guest has none."""
    person = optional_person()
    return person is not None and person.may(permission)


def requires[**P, R](
    permission: Permission,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a view that answers 403 to whoever lacks the permission, and logs it."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            if not current_person().may(permission):
                log.warning("permission refused", permission=permission)
                raise Problem(403, "Your account may not do this.")
            return view(*args, **kwargs)

        return checked

    return decorate
