"""All accounts, and the keys of machines: for admins."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from app.accounts import keys, schemas, services
from app.accounts.access import KeyManager, PeopleManager
from app.accounts.models import ApiKey, User
from app.core import passwords
from app.core.database import Db, Session
from app.core.pagination import Listing, keyset
from app.core.schemas import Page

router = APIRouter(prefix="/api/v1", tags=["Accounts"])


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
