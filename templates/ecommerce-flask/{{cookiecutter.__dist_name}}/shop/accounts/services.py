"""What can be done with an account; who may do it, the views decide."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import structlog
from bson import ObjectId
from bson.errors import InvalidId
from itsdangerous import BadSignature, URLSafeTimedSerializer
from pymongo.errors import DuplicateKeyError

from shop.accounts import passwords, tokens
from shop.core.errors import Problem
from shop.database.transactions import transaction
from shop.outbox.repository import enqueue, enqueue_mail
from shop.settings import current_settings

if TYPE_CHECKING:
    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document

type Purpose = Literal["verify", "reset"]

LINK_SECONDS: dict[Purpose, int] = {"verify": 3 * 24 * 3600, "reset": 3600}
log = structlog.get_logger("security")


def register(db: Database[Document], email: str, name: str, password: str) -> None:
    """Make an account that waits for its mail, or tell the owner that there is one.

    The caller learns neither which, nor from the time that it takes.
    """
    passwords.require_good(password, email)
    hashed = passwords.hasher.hash(password)

    def work(session: ClientSession) -> None:
        user_id = create_user(
            db, email=email, name=name, hashed=hashed, session=session
        )
        text = f"Your token: {sign('verify', str(user_id))}"
        subject = "Confirm your address"
        enqueue_mail(db, to=email, subject=subject, text=text, session=session)

    try:
        transaction(db, work)
    except DuplicateKeyError:
        text = (
            "Somebody tried to register with your address, but there is an account. "
            "If it was you, ask for a new password."
        )
        enqueue_mail(db, to=email, subject="You have an account", text=text)


def create_user(
    db: Database[Document],
    *,
    email: str,
    name: str,
    hashed: str,
    roles: tuple[str, ...] = ("customer",),
    verified: bool = False,
    session: ClientSession | None = None,
) -> ObjectId:
    """Write a user and return the id; raise DuplicateKeyError for a known address."""
    now = datetime.now(UTC)
    user = {
        "email": email,
        "name": name,
        "password": hashed,
        "roles": list(roles),
        "verified_at": now if verified else None,
        "addresses": [],
        "created_at": now,
        "version": 1,
    }
    made: ObjectId = db.users.insert_one(user, session=session).inserted_id
    return made


def verify(db: Database[Document], token: str) -> None:
    """Note that the address works; raise Problem 422 for a token that does not."""
    user = _owner(db, "verify", token)
    now = datetime.now(UTC)
    db.users.update_one(
        {"_id": user["_id"], "verified_at": None}, {"$set": {"verified_at": now}}
    )


def log_in(
    db: Database[Document], email: str, password: str, agent: str, place: str
) -> tokens.Tokens:
    """Return the tokens of a new login.

    Raises Problem 401, the same for an unknown address and a wrong password, and 403
    to the owner of an account whose address is not confirmed yet.
    """
    user = db.users.find_one({"email": email})
    hashed = user["password"] if user else None
    if not passwords.matches(password, hashed) or not user:
        log.warning("login failed", account=str(user["_id"]) if user else None)
        raise Problem(401, "The e-mail address or the password is wrong.")
    if user["verified_at"] is None:
        raise Problem(403, "Confirm your address first: we sent you a mail.")
    made = tokens.open_session(db, user["_id"], agent, place)
    if not db.users.find_one({"_id": user["_id"], "password": hashed}):
        # Changed while it was compared: that ended every login, but not yet this one.
        tokens.close_all(db, user["_id"])
        raise Problem(401, "The e-mail address or the password is wrong.")
    return made


def forget_password(db: Database[Document], email: str) -> None:
    """Mail a token for a new password, if there is such an account."""
    if user := db.users.find_one({"email": email}):
        # The old hash is part of it, so that it works once.
        token = sign("reset", str(user["_id"]), user["password"])
        text = f"Your token: {token}"
        enqueue_mail(db, to=email, subject="Set a new password", text=text)
    else:
        # Nobody hears of it, but writing takes the time that the mail would.
        enqueue(db, "password.of_nobody", {})


def reset_password(db: Database[Document], token: str, password: str) -> None:
    """Set the password and end every login; raise Problem 422 for what is refused.

    Whoever has the token has the mail, so the address is confirmed by it as well: else
    an account whose first mail went astray would be closed to its owner for ever.
    """
    user = _owner(db, "reset", token)
    passwords.require_good(password, user["email"])
    changed = db.users.update_one(
        {"_id": user["_id"], "password": user["password"]},
        {
            "$set": {
                "password": passwords.hasher.hash(password),
                "verified_at": user["verified_at"] or datetime.now(UTC),
            },
            "$inc": {"version": 1},
        },
    )
    if changed.matched_count:
        tokens.close_all(db, user["_id"])


def sign(purpose: Purpose, user_id: str, state: str = "") -> str:
    """Return a token that proves who got a mail, for one purpose, for some time."""
    return str(_serializer(purpose, state).dumps(user_id))


def _owner(db: Database[Document], purpose: Purpose, token: str) -> Document:
    seconds = LINK_SECONDS[purpose]
    with suppress(BadSignature, InvalidId, TypeError):
        # Who it claims to be for tells with which state it has to be signed.
        _, claimed = _serializer(purpose, "").loads_unsafe(token)
        if user := db.users.find_one({"_id": ObjectId(claimed)}):
            state = user["password"] if purpose == "reset" else ""
            _serializer(purpose, state).loads(token, max_age=seconds)
            return user
    raise Problem(422, "The token does not work or is too old: ask for another one.")


def _serializer(purpose: Purpose, state: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        current_settings().secret_key, salt=f"{purpose}:{state}"
    )
