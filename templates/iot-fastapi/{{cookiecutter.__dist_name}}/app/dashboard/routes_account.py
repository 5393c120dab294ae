"""One's own account: password, logins, and for admins the keys of machines."""

from __future__ import annotations

from typing import Annotated, get_args
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Form, Request, Response

from app.accounts import keys, services, sessions
from app.accounts.access import Human, KeyManager, Permission
from app.accounts.models import ApiKey, Login
from app.accounts.schemas import Scope
from app.core import cookies, passwords
from app.core.database import Db, Session, utcnow
from app.core.errors import Problem, invalid
from app.dashboard.pages import PageForm, PageRoute, render, see_other, settings_of
from app.dashboard.schemas import KeyForm, LoginForm, PasswordForm

router = APIRouter(prefix="/account", route_class=PageRoute, include_in_schema=False)
MOST_ROWS = 100


@router.get("")
async def show_account(person: Human, request: Request, session: Session) -> Response:
    """Show the account."""
    logins = await session.scalars(
        sa.select(Login)
        .where(Login.user_id == person.id, Login.revoked_at.is_(None))
        .where(Login.expires_at > utcnow())
        .order_by(Login.created_at.desc())
        .limit(MOST_ROWS)
    )
    found = sa.select(ApiKey).where(ApiKey.revoked_at.is_(None))
    newest = found.order_by(ApiKey.created_at.desc()).limit(MOST_ROWS)
    may_keys = person.may(Permission.KEYS)
    return render(
        request,
        "account.html",
        person,
        shortest=passwords.MINIMUM_LENGTH,
        user=await services.get(session, person.id),
        logins=list(logins),
        keys=list(await session.scalars(newest)) if may_keys else [],
        scopes=[str(scope) for scope in get_args(Scope.__value__)],
    )


@router.post("/password")
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


@router.post("/sessions")
async def end_login(
    person: Human,
    request: Request,
    session: Session,
    form: Annotated[LoginForm, Form()],
) -> Response:
    """End one of one's own logins."""
    login = await session.get(Login, form.id)
    if login is None or login.user_id != person.id:
        raise Problem(404, "There is no such login.")
    await sessions.close(session, login.id)
    return see_other(request, "/account", "That login has ended.")


@router.post("/sessions/all")
async def end_logins(
    person: Human, request: Request, session: Session, _: Annotated[PageForm, Form()]
) -> Response:
    """End all of one's own logins, this one too."""
    await sessions.close_all(session, person.id)
    response = see_other(request, "/login", "Every login has ended.")
    cookies.delete(response, settings_of(request), "session")
    return response


@router.post("/keys")
async def make_key(
    person: KeyManager,
    request: Request,
    session: Session,
    form: Annotated[KeyForm, Form()],
) -> Response:
    """Make a machine's key, and show it."""
    key, secret = await keys.make(
        session, name=form.name, scopes=[*map(str, form.scopes)], by=person.id
    )
    return render(
        request,
        "secret.html",
        person,
        heading=f"The key of {key.name}",
        facts={"Header": "X-API-Key", "May": ", ".join(key.scopes)},
        secret=secret,
        back="/account",
    )


@router.post("/keys/{key_id}/revoke")
async def revoke_key(
    _: KeyManager,
    request: Request,
    session: Session,
    key_id: UUID,
    _form: Annotated[PageForm, Form()],
) -> Response:
    """End a key at once."""
    await keys.revoke(session, key_id)
    return see_other(request, "/account", "The key has ended.")
