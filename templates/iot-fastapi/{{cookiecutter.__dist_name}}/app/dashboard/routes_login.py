"""Getting in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from app.accounts import services, sessions
from app.accounts.access import Human, Visitor
from app.core import cookies
from app.core.database import Db, Session
from app.core.errors import Problem
from app.core.requests import client_address
from app.dashboard.pages import (
    PageForm,
    PageRoute,
    local,
    login_page,
    see_other,
    settings_of,
)
from app.dashboard.schemas import LogIn

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/login")
async def show_login(person: Visitor, request: Request) -> Response:
    """Show the form, or go on for who is in already."""
    target = request.query_params.get("next", "/")
    if person is not None:
        return see_other(request, local(target))
    return login_page(request, target)


@router.post("/login")
async def log_in(
    request: Request, database: Db, form: Annotated[LogIn, Form()]
) -> Response:
    """Begin a session: a new one, whatever cookie the browser had before."""
    settings = settings_of(request)
    expected = cookies.read(request, settings, "csrf")
    await cookies.require_csrf(request, settings, expected)
    try:
        user = await services.log_in(
            database, form.email, form.password, client_address(request)
        )
    except Problem as problem:
        page = login_page(
            request,
            form.next,
            status=problem.status,
            error=problem.detail,
            email=form.email,
        )
        if "Retry-After" in problem.headers:
            page.headers["Retry-After"] = problem.headers["Retry-After"]
        return page
    agent = request.headers.get("User-Agent", "")
    async with database.begin() as session:
        value, _ = await sessions.open_browser(session, user.id, agent)
    response = see_other(request, local(form.next))
    cookies.write(response, settings, "session", value, sessions.COOKIE_HOURS * 3600)
    cookies.delete(response, settings, "csrf")
    return response


@router.post("/logout")
async def log_out(
    person: Human, request: Request, session: Session, _: Annotated[PageForm, Form()]
) -> Response:
    """End the session."""
    await sessions.close(session, person.session)
    response = see_other(request, "/login", "You are logged out.")
    cookies.delete(response, settings_of(request), "session")
    return response
