"""Signing up, logging in and out: the routes under /api/v1/auth."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Form, Request, Response

from app.accounts import confirm, schemas, services, sessions
from app.accounts.access import Human
from app.core import cookies
from app.core.config import BaseSettings
from app.core.database import Db, Session
from app.core.requests import client_address
from app.core.throttle import Throttle
from app.settings import Settings

router = APIRouter(prefix="/api/v1/auth", tags=["Accounts"])
REFRESHES = Throttle("refresh", "600/minute")


@router.post("/register", status_code=202)
async def register(given: schemas.SignUp, request: Request, database: Db) -> None:
    """Ask for an account: a mail says how to confirm the address."""
    settings = cast("Settings", request.app.state.settings)
    await confirm.sign_up(database, settings, given, client_address(request))


@router.post("/verify", status_code=204)
async def verify(given: schemas.Proof, database: Db) -> None:
    """Make the account that was asked for, with the proof that was mailed."""
    await confirm.verify(database, given.token)


@router.post("/reset", status_code=202)
async def ask_reset(
    given: schemas.ResetRequest, request: Request, database: Db
) -> None:
    """Ask for a mail with which a forgotten password is replaced."""
    settings = cast("Settings", request.app.state.settings)
    address = client_address(request)
    await confirm.ask_reset(database, settings, given.email, address)


@router.post("/reset/confirm", status_code=204)
async def reset(given: schemas.Reset, database: Db) -> None:
    """Set a new password, with the proof that was mailed; every login ends."""
    await confirm.reset(database, given.token, given.password)


@router.post("/token", response_model=schemas.TokensAnswer)
async def log_in(
    given: Annotated[schemas.PasswordGrant, Form()], request: Request, database: Db
) -> sessions.Tokens:
    """Log in; the access token goes into `Authorization: Bearer`."""
    settings = cast("BaseSettings", request.app.state.settings)
    user = await services.log_in(
        database, given.username, given.password, client_address(request)
    )
    agent = request.headers.get("User-Agent", "")
    async with database.begin() as session:
        return await sessions.open_tokens(session, settings, user.id, agent)


@router.post("/refresh", response_model=schemas.TokensAnswer)
async def refresh(
    given: schemas.Refresh, request: Request, database: Db
) -> sessions.Tokens:
    """Trade the refresh token for new tokens; it works once."""
    await REFRESHES.hit(database, client_address(request))
    settings = cast("BaseSettings", request.app.state.settings)
    return await sessions.rotate(
        database, settings, given.refresh_token, services.end_login
    )


@router.post("/logout", status_code=204)
async def log_out(
    person: Human, request: Request, response: Response, session: Session
) -> None:
    """End this login."""
    await services.end(session, person.id, person.session)
    cookies.delete(response, request.app.state.settings, "session")


@router.post("/logout-all", status_code=204)
async def log_out_everywhere(
    person: Human, request: Request, response: Response, session: Session
) -> None:
    """End every login of this account."""
    await services.end_all(session, person.id)
    cookies.delete(response, request.app.state.settings, "session")
