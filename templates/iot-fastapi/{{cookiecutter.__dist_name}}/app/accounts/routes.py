"""Accounts over the API: logging in and out; for admins all of them, and keys."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, cast

import sqlalchemy as sa
from fastapi import APIRouter, Form, Query, Request, Response

from app.accounts import keys, schemas, services, sessions
from app.accounts.access import Human, KeyManager, PeopleManager
from app.accounts.models import ApiKey, User
from app.core import cookies, passwords
from app.core.config import BaseSettings
from app.core.database import Db, Session
from app.core.pagination import Listing, keyset
from app.core.requests import client_address
from app.core.schemas import Page
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


@router.get("/users", response_model=Page[schemas.UserAnswer])
async def list_users(
    _: PeopleManager,
    listing: Annotated[Listing, Query()],
    request: Request,
    session: Session,
) -> dict[str, Any]:
    """List the accounts, the newest first."""
    items, following = await keyset(
        session,
        request.app.state.settings,
        sa.select(User),
        [User.id],
        listing,
        descending=True,
    )
    return {"items": items, "next": following}


@router.post("/users", status_code=201, response_model=schemas.UserAnswer)
async def create_user(
    _: PeopleManager, given: schemas.NewUser, response: Response, database: Db
) -> User:
    """Make an account."""
    passwords.require_good(given.password, given.email)
    hashed = await passwords.hashed(given.password)
    async with database.begin() as session:
        made = await services.create(
            session, email=given.email, name=given.name, role=given.role, hashed=hashed
        )
    response.headers["Location"] = f"/api/v1/users/{made.id}"
    return made


@router.get("/users/{user_id}", response_model=schemas.UserAnswer)
async def get_user(_: PeopleManager, user_id: uuid.UUID, session: Session) -> User:
    """Show an account."""
    return await services.get(session, user_id)


@router.patch("/users/{user_id}", response_model=schemas.UserAnswer)
async def change_user(
    person: PeopleManager,
    user_id: uuid.UUID,
    given: schemas.UserChange,
    session: Session,
) -> User:
    """Change an account's name or role, or close it; that counts at once."""
    fields = given.model_dump(exclude_none=True)
    return await services.change(session, person.id, user_id, **fields)


@router.delete("/users/{user_id}", status_code=204)
async def delete_user(
    person: PeopleManager, user_id: uuid.UUID, session: Session
) -> None:
    """Forget an account."""
    await services.delete(session, person.id, user_id)


@router.get("/api-keys", response_model=Page[schemas.KeyAnswer])
async def list_keys(
    _: KeyManager,
    listing: Annotated[Listing, Query()],
    request: Request,
    session: Session,
) -> dict[str, Any]:
    """List the keys, the newest first."""
    items, following = await keyset(
        session,
        request.app.state.settings,
        sa.select(ApiKey),
        [ApiKey.id],
        listing,
        descending=True,
    )
    return {"items": items, "next": following}


@router.post("/api-keys", status_code=201, response_model=schemas.NewKeyAnswer)
async def create_key(
    person: KeyManager, given: schemas.NewKey, session: Session
) -> dict[str, Any]:
    """Make a key for a machine; its secret goes into `X-API-Key`."""
    scopes = [scope.value for scope in given.scopes]
    made, secret = await keys.make(
        session, name=given.name, scopes=scopes, by=person.id
    )
    shown = schemas.KeyAnswer.model_validate(made).model_dump()
    return shown | {"secret": secret}


@router.delete("/api-keys/{key_id}", status_code=204)
async def revoke_key(_: KeyManager, key_id: uuid.UUID, session: Session) -> None:
    """End a key at once."""
    await keys.revoke(session, key_id)
