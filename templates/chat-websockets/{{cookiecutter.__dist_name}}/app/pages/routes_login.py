"""Getting in and out: logging in, signing up, and what a mail's link leads to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import ValidationError

from app.accounts import confirm, services, sessions
from app.accounts.access import Human, Visitor
from app.accounts.schemas import SignUp
from app.core import cookies, passwords
from app.core.database import Db, Session
from app.core.errors import Problem
from app.core.requests import client_address
from app.pages.pages import (
    PageForm,
    PageRoute,
    local,
    login_page,
    require_ours,
    see_other,
    settings_of,
    stranger_page,
)
from app.pages.schemas import LogIn, ProofForm, ResetAsk, ResetForm, SignUpForm

router = APIRouter(route_class=PageRoute, include_in_schema=False)
type Token = Annotated[str, Query(max_length=200)]


@router.get("/login")
async def show_login(person: Visitor, request: Request) -> Response:
    """Show the form. Who is logged in already goes on to `next`."""
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
    await require_ours(request)
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
    await services.end(session, person.id, person.session)
    response = see_other(request, "/login", "You are logged out.")
    cookies.delete(response, settings_of(request), "session")
    return response


@router.get("/signup")
async def show_sign_up(request: Request) -> Response:
    """Show the form of a new account."""
    return sign_up_page(request, SignUpForm())


@router.post("/signup")
async def sign_up(
    request: Request, database: Db, form: Annotated[SignUpForm, Form()]
) -> Response:
    """Send a mail to whoever would like an account."""
    await require_ours(request)
    try:
        given = SignUp.model_validate(form.model_dump(exclude={"csrf_token"}))
        await confirm.sign_up(
            database, settings_of(request), given, client_address(request)
        )
    except ValidationError as error:
        first = error.errors()[0]
        text = f"{first['loc'][-1]}: {first['msg'].removeprefix('Value error, ')}"
        return sign_up_page(request, form, 422, text)
    except Problem as problem:
        return sign_up_page(request, form, problem.status, said(problem))
    text = "A mail is on its way to you. Follow its link, and log in."
    return see_other(request, "/login", text)


def sign_up_page(
    request: Request, given: SignUpForm, status: int = 200, error: str = ""
) -> Response:
    """Return the form, with what was typed but the password."""
    return stranger_page(
        request,
        "signup.html",
        status=status,
        error=error,
        given=given,
        shortest=passwords.MINIMUM_LENGTH,
    )


def said(problem: Problem) -> str:
    """Return what a refusal says, and of which fields."""
    errors = problem.extra.get("errors", [])
    return "; ".join(f"{one['field']}: {one['message']}" for one in errors) or (
        problem.detail
    )


# What stands above the form, and on its button.
PROOFS = {
    "/verify": ("Confirm your address", "Confirm it"),
    "/reset": ("Forgotten password", "Send the mail"),
    "/reset/confirm": ("A new password", "Set it"),
}


@router.get("/verify")
@router.get("/reset")
@router.get("/reset/confirm")
async def show_proof(request: Request, token: Token = "") -> Response:
    """Show the form that a mail's link leads to: looking at it uses nothing up."""
    return proof_page(request, token)


def proof_page(
    request: Request, token: str = "", status: int = 200, error: str = ""
) -> Response:
    """Return the form of this address."""
    heading, button = PROOFS[request.url.path]
    return stranger_page(
        request,
        "proof.html",
        status=status,
        error=error,
        heading=heading,
        button=button,
        proof=token,
        shortest=passwords.MINIMUM_LENGTH,
    )


@router.post("/verify")
async def verify(
    request: Request, database: Db, form: Annotated[ProofForm, Form()]
) -> Response:
    """Make the account that was asked for."""
    await require_ours(request)
    try:
        await confirm.verify(database, form.token)
    except Problem as problem:
        return proof_page(request, form.token, problem.status, said(problem))
    return see_other(request, "/login", "Welcome! Log in now.")


@router.post("/reset")
async def ask_reset(
    request: Request, database: Db, form: Annotated[ResetAsk, Form()]
) -> Response:
    """Send a mail to whoever forgot their password."""
    await require_ours(request)
    try:
        await confirm.ask_reset(
            database, settings_of(request), form.email, client_address(request)
        )
    except Problem as problem:
        return proof_page(request, "", problem.status, said(problem))
    text = "If there is an account with this address, a mail is on its way to it."
    return see_other(request, "/login", text)


@router.post("/reset/confirm")
async def reset(
    request: Request, database: Db, form: Annotated[ResetForm, Form()]
) -> Response:
    """Set a new password, with the proof that was mailed."""
    await require_ours(request)
    try:
        await confirm.reset(database, form.token, form.password)
    except Problem as problem:
        return proof_page(request, form.token, problem.status, said(problem))
    return see_other(request, "/login", "The password is changed. Log in with it.")
