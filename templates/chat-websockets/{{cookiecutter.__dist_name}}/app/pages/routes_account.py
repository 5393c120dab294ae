"""One's own account, and the pages of other people: profiles, blocks."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Form, Request, Response

from app.accounts import services
from app.accounts.access import Human
from app.accounts.models import Block, Login, User
from app.core import cookies, passwords
from app.core.database import Db, Session, utcnow
from app.core.errors import Problem, invalid
from app.pages.pages import PageForm, PageRoute, render, see_other, settings_of
from app.pages.schemas import LoginForm, PasswordForm, ProfileForm, SwitchForm

router = APIRouter(route_class=PageRoute, include_in_schema=False)
MOST_ROWS = 100


@router.get("/account")
async def show_account(person: Human, request: Request, session: Session) -> Response:
    """Show the account."""
    logins = await session.scalars(
        sa.select(Login)
        .where(Login.user_id == person.id, Login.revoked_at.is_(None))
        .where(Login.expires_at > utcnow())
        .order_by(Login.created_at.desc())
        .limit(MOST_ROWS)
    )
    blocked = await session.scalars(
        sa.select(User)
        .join(Block, Block.blocked_id == User.id)
        .where(Block.user_id == person.id)
        .order_by(User.handle)
        .limit(MOST_ROWS)
    )
    return render(
        request,
        "account.html",
        person,
        shortest=passwords.MINIMUM_LENGTH,
        user=await services.get(session, person.id),
        logins=list(logins),
        blocked=list(blocked),
    )


@router.post("/account")
async def change_profile(
    person: Human,
    request: Request,
    session: Session,
    form: Annotated[ProfileForm, Form()],
) -> Response:
    """Say something else about oneself."""
    user = await services.get(session, person.id)
    user.name, user.about = form.name, form.about
    return see_other(request, "/account", "That is saved.")


@router.post("/account/password")
async def change_password(
    person: Human, request: Request, database: Db, form: Annotated[PasswordForm, Form()]
) -> Response:
    """Set another password; every login ends, and this browser logs in anew."""
    if form.new != form.again:
        raise invalid("again", "is not the same as the new password")
    try:
        await services.change_password(database, person.id, form.current, form.new)
    except Problem as problem:
        if problem.status != 403:
            raise
        raise invalid("current", problem.detail) from problem
    text = "The password is changed. Log in with it."
    response = see_other(request, "/login", text)
    cookies.delete(response, settings_of(request), "session")
    return response


@router.post("/account/sessions")
async def end_login(
    person: Human,
    request: Request,
    session: Session,
    form: Annotated[LoginForm, Form()],
) -> Response:
    """End one of one's own logins."""
    await services.end(session, person.id, form.id)
    return see_other(request, "/account", "That login has ended.")


@router.post("/account/sessions/all")
async def end_logins(
    person: Human, request: Request, session: Session, _: Annotated[PageForm, Form()]
) -> Response:
    """End all of one's own logins, this one too."""
    await services.end_all(session, person.id)
    response = see_other(request, "/login", "Every login has ended.")
    cookies.delete(response, settings_of(request), "session")
    return response


@router.get("/users/{handle}")
async def show_person(
    person: Human, request: Request, session: Session, handle: str
) -> Response:
    """Show what everybody may know of somebody."""
    user = await services.by_handle(session, handle)
    block = await session.get(Block, (person.id, user.id))
    return render(request, "user.html", person, user=user, blocked=block is not None)


@router.post("/users/{handle}/block")
async def block(
    person: Human,
    request: Request,
    session: Session,
    handle: str,
    form: Annotated[SwitchForm, Form()],
) -> Response:
    """Hear nothing from somebody, or listen to them again."""
    change = services.block if form.on else services.unblock
    await change(session, person.id, handle)
    return see_other(request, f"/users/{handle}")
