"""Registering, logging in and out: the routes under /api/v1/auth."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import request
from flask_jwt_extended import get_jwt, verify_jwt_in_request

from shop.accounts import schemas, services, tokens
from shop.accounts.access import by_account, current_person
from shop.cart.services import merge
from shop.core.limits import do_not_count, limiter
from shop.core.requests import client_address
from shop.database import get_db

blueprint = APIBlueprint("auth", __name__, url_prefix="/api/v1/auth", tag="Accounts")


@blueprint.post("/register")
@limiter.limit("20/hour")
@blueprint.input(schemas.Registration, arg_name="given")
@blueprint.output(schemas.Accepted, status_code=202)
def register(given: schemas.Registration) -> dict[str, str]:
    """Open an account; the answer is the same if there is one already."""
    services.register(get_db(), given.email, given.name, given.password)
    return {"detail": "We sent you a mail: confirm your address with its token."}


@blueprint.post("/verify")
@limiter.limit("60/hour")
@blueprint.input(schemas.Verification, arg_name="given")
@blueprint.output({}, status_code=204)
def verify(given: schemas.Verification) -> tuple[str, int]:
    """Confirm the address with the token of the mail."""
    services.verify(get_db(), given.token)
    return "", 204


@blueprint.post("/login")
@limiter.limit("10/minute;100/hour")
@limiter.limit("5/minute;20/hour", key_func=by_account)
@blueprint.input(schemas.Login, arg_name="given")
@blueprint.output(schemas.TokensAnswer)
def log_in(given: schemas.Login) -> tokens.Tokens:
    """Log in; the tokens go into `Authorization: Bearer`."""
    whence = request.headers.get("User-Agent", ""), client_address()
    made = services.log_in(get_db(), given.email, given.password, *whence)
    do_not_count()
    if given.cart_token:
        merge(get_db(), given.cart_token, made.user_id)
    return made


@blueprint.post("/refresh")
@limiter.limit("60/minute")
@blueprint.output(schemas.TokensAnswer)
def refresh() -> tokens.Tokens:
    """Trade the refresh token, sent as the bearer's, for new tokens; it works once."""
    verify_jwt_in_request(refresh=True)
    return tokens.rotate(get_db(), get_jwt())


@blueprint.post("/logout")
@blueprint.output({}, status_code=204)
def log_out() -> tuple[str, int]:
    """End this login."""
    tokens.close(get_db(), current_person().session)
    return "", 204


@blueprint.post("/logout-all")
@blueprint.output({}, status_code=204)
def log_out_everywhere() -> tuple[str, int]:
    """End every login of this account."""
    tokens.close_all(get_db(), current_person().id)
    return "", 204


@blueprint.post("/forgot-password")
@limiter.limit("20/hour")
@limiter.limit("5/hour", key_func=by_account)
@blueprint.input(schemas.PasswordResetRequest, arg_name="given")
@blueprint.output(schemas.Accepted, status_code=202)
def forgot_password(given: schemas.PasswordResetRequest) -> dict[str, str]:
    """Ask for a new password; the answer is the same if there is no such account."""
    services.forget_password(get_db(), given.email)
    return {"detail": "If there is such an account, a mail with a token is on its way."}


@blueprint.post("/reset-password")
@limiter.limit("60/hour")
@blueprint.input(schemas.Reset, arg_name="given")
@blueprint.output({}, status_code=204)
def reset_password(given: schemas.Reset) -> tuple[str, int]:
    """Set a new password with the token of the mail; every login ends."""
    services.reset_password(get_db(), given.token, given.password)
    return "", 204
