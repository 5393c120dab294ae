"""Sent mails, for whoever develops: there is no mail server on their machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify

from shop.database import get_db

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("mails", __name__)


@blueprint.get("/dev/mail")
def list_mails() -> ResponseReturnValue:
    """Show the newest mails; in production there is no such address."""
    found: list[dict[str, Any]] = list(get_db().mails.find().sort("_id", -1).limit(50))
    return jsonify([mail | {"_id": str(mail["_id"])} for mail in found])
