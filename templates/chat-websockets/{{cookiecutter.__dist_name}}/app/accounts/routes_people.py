"""One's own account and logins, and what one sees of other people."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request

from app.accounts import schemas, services, tickets
from app.accounts.access import Admin, Human
from app.accounts.models import Login, User
from app.core.database import Db, Session, utcnow
from app.core.pagination import Listing, keyset
from app.core.schemas import Page
from app.core.throttle import Throttle

router = APIRouter(prefix="/api/v1", tags=["Accounts"])
TICKETS = Throttle("ticket", "60/minute")
type Handle = Annotated[str, Path(max_length=30)]


@router.get("/me", response_model=schemas.MeAnswer)
async def get_me(person: Human, session: Session) -> User:
    """Show one's own account."""
    return await services.get(session, person.id)


@router.patch("/me", response_model=schemas.MeAnswer)
async def change_me(given: schemas.MeChange, person: Human, session: Session) -> User:
    """Take another name, or say something else about oneself."""
    user = await services.get(session, person.id)
    for field, value in given.model_dump(exclude_none=True).items():
        setattr(user, field, value)
    await session.flush()
    return user


@router.post("/me/password", status_code=204)
async def change_password(
    given: schemas.PasswordChange, person: Human, database: Db
) -> None:
    """Set another password; every login ends, this one too."""
    await services.change_password(database, person.id, given.current, given.new)


@router.get("/me/sessions", response_model=Page[schemas.SessionAnswer])
async def list_logins(
    person: Human,
    listing: Annotated[Listing, Query()],
    request: Request,
    session: Session,
) -> dict[str, Any]:
    """List one's logins, the newest first."""
    query = sa.select(Login).where(
        Login.user_id == person.id,
        Login.revoked_at.is_(None),
        Login.expires_at > utcnow(),
    )
    columns = [Login.created_at, Login.id]
    settings = request.app.state.settings
    items, following = await keyset(
        session, settings, query, columns, listing, descending=True
    )
    shown = [
        schemas.SessionAnswer(
            id=one.id,
            kind=one.kind,
            agent=one.agent,
            this=one.id == person.session,
            created_at=one.created_at,
            expires_at=one.expires_at,
        )
        for one in items
    ]
    return {"items": shown, "next": following}


@router.delete("/me/sessions/{login_id}", status_code=204)
async def end_login(
    login_id: Annotated[str, Path(max_length=64)], person: Human, session: Session
) -> None:
    """End one of one's logins; its sockets close at once."""
    await services.end(session, person.id, login_id)


@router.get("/me/blocks", response_model=Page[schemas.ProfileAnswer])
async def list_blocks(
    person: Human,
    listing: Annotated[Listing, Query()],
    request: Request,
    session: Session,
) -> dict[str, Any]:
    """List whom one does not want to hear from."""
    query = sa.select(User).where(User.id.in_(services.blocked_by(person.id)))
    settings = request.app.state.settings
    items, following = await keyset(session, settings, query, [User.handle], listing)
    return {"items": items, "next": following}


@router.post("/tickets", status_code=201, response_model=schemas.TicketAnswer)
async def make_ticket(person: Human, database: Db) -> schemas.TicketAnswer:
    """Make what opens one socket: send it as the subprotocol `ticket.…`."""
    await TICKETS.hit(database, str(person.id))
    async with database.begin() as session:
        ticket = await tickets.issue(session, person.session)
    return schemas.TicketAnswer(ticket=ticket, expires_in=tickets.SECONDS)


@router.get("/users/{handle}", response_model=schemas.ProfileAnswer)
async def get_user(_: Human, handle: Handle, session: Session) -> User:
    """Show what everybody may know of somebody."""
    return await services.by_handle(session, handle)


@router.patch("/users/{handle}", status_code=204)
async def change_user(
    person: Admin, handle: Handle, given: schemas.UserChange, session: Session
) -> None:
    """Give an account another role, or close it: its logins end at once."""
    query = sa.select(User).where(User.handle == handle.lower())
    user = services.found_or_404((await session.scalars(query)).one_or_none())
    fields = given.model_dump(exclude_none=True)
    await services.change(session, person.id, user, **fields)


@router.put("/users/{handle}/block", status_code=204)
async def block(person: Human, handle: Handle, session: Session) -> None:
    """Hear nothing from somebody any more."""
    await services.block(session, person.id, handle)


@router.delete("/users/{handle}/block", status_code=204)
async def unblock(person: Human, handle: Handle, session: Session) -> None:
    """Listen to somebody again."""
    await services.unblock(session, person.id, handle)
