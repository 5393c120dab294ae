"""Logging in and out: the routes under /api/v1/auth, and one's own account."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Form, Request, Response

from app.accounts import schemas, services, sessions
from app.accounts.access import Human
from app.accounts.models import User
from app.core import cookies
from app.core.config import BaseSettings
from app.core.database import Db, Session
from app.core.requests import client_address
from app.core.throttle import Throttle

router = APIRouter(prefix="/api/v1", tags=["Accounts"])
REFRESHES = Throttle("refresh", "60/minute")


@router.post("/auth/token", response_model=schemas.TokensAnswer)
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


@router.post("/auth/refresh", response_model=schemas.TokensAnswer)
async def refresh(
    given: schemas.Refresh, request: Request, database: Db
) -> sessions.Tokens:
    """Trade the refresh token for new tokens; it works once."""
    await REFRESHES.hit(database, client_address(request))
    settings = cast("BaseSettings", request.app.state.settings)
    return await sessions.rotate(database, settings, given.refresh_token)


@router.post("/auth/logout", status_code=204)
async def log_out(
    person: Human, request: Request, response: Response, session: Session
) -> None:
    """End this login."""
    await sessions.close(session, person.session)
    cookies.delete(response, request.app.state.settings, "session")


@router.post("/auth/logout-all", status_code=204)
async def log_out_everywhere(
    person: Human, request: Request, response: Response, session: Session
) -> None:
    """End every login of this account."""
    await sessions.close_all(session, person.id)
    cookies.delete(response, request.app.state.settings, "session")


@router.get("/me", response_model=schemas.UserAnswer)
async def get_me(person: Human, session: Session) -> User:
    """Show one's own account."""
    return await services.get(session, person.id)


@router.patch("/me", response_model=schemas.UserAnswer)
async def change_me(given: schemas.MeChange, person: Human, session: Session) -> User:
    """Take another name."""
    user = await services.get(session, person.id)
    user.name = given.name
    await session.flush()
    return user


@router.post("/me/password", status_code=204)
async def change_password(
    given: schemas.PasswordChange, person: Human, database: Db
) -> None:
    """Set another password; every login ends, this one too."""
    await services.change_password(database, person.id, given.current, given.new)
