"""What every page has: templates, notices that outlive a redirect, refusals as pages.

Forms answer with a redirect, so that loading again sends nothing again; what is to be
said goes along in a signed cookie that the next page eats.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from itsdangerous import BadSignature, URLSafeTimedSerializer
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import Field

from app.accounts.access import Permission, Person, by_cookie
from app.core import cookies, errors
from app.core.database import SAFE_METHODS, utcnow
from app.core.errors import Problem
from app.core.schemas import Schema
from app.dashboard.assets import address_of
from app.settings import Settings

NOTICE_SECONDS = 60
MILD = {409, 422, 429, 503}  # about what was sent, or about now
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

type Level = Literal["good", "bad"]
type Handler = Callable[[Request, Exception], Awaitable[Response]]


class PageForm(Schema):
    """A form: its fields, and the token that cookies.require_csrf has looked at."""

    csrf_token: Annotated[str, Field(max_length=200)] = ""


def when(time: datetime | None) -> str:
    """Write a moment for people; the script shows it in their own zone."""
    return "never" if time is None else f"{time:%Y-%m-%d %H:%M:%S} UTC"


def figure(value: float) -> str:
    """Write a value with as many digits as anybody reads."""
    return f"{value:.6g}"


TEMPLATES.filters |= {"when": when, "figure": figure}
TEMPLATES.globals |= {"asset": address_of, "Permission": Permission}


def render(
    request: Request,
    name: str,
    person: Person | None,
    *,
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    """Return the page of a template, with the notice that waits for it."""
    settings = settings_of(request)
    notice = _notice(request, settings)
    page = TEMPLATES.get_template(name).render(
        person=person,
        title=settings.title,
        notice=notice,
        path=request.url.path,
        now=utcnow(),
        csrf_token=person.csrf if person else "",
        **values,
    )
    response = HTMLResponse(page, status, {"Cache-Control": "private, no-store"})
    if notice is not None:
        response.delete_cookie(
            _cookie(settings), secure=settings.production, httponly=True
        )
    return response


def see_other(
    request: Request, path: str, text: str = "", level: Level = "good"
) -> RedirectResponse:
    """Return the way to a page of ours, with something to say there."""
    response = RedirectResponse(path, 303)
    if text:
        settings = settings_of(request)
        response.set_cookie(
            _cookie(settings),
            _serializer(settings).dumps([level, text[:500]]),
            max_age=NOTICE_SECONDS,
            secure=settings.production,
            httponly=True,
            samesite="lax",
        )
    return response


def settings_of(request: Request) -> Settings:
    """Return the settings of the application."""
    return cast("Settings", request.app.state.settings)


def local(address: str) -> str:
    """Return an address without its host; the first page for what is none of ours."""
    try:
        parts = urlsplit(address)
    except ValueError:  # "//[" begins an address of IPv6
        return "/"
    path = parts.path
    if not path.startswith("/") or path.startswith("//") or "\\" in address:
        return "/"
    return f"{path}?{parts.query}" if parts.query else path


def _notice(request: Request, settings: Settings) -> tuple[str, str] | None:
    given = request.cookies.get(_cookie(settings))
    if given is None or "X-Part" in request.headers:
        return None  # a script takes a part of the page: nobody would read it
    try:
        level, text = _serializer(settings).loads(given, max_age=NOTICE_SECONDS)
    except BadSignature:
        return ("", "")  # nothing to say, and a cookie to forget
    return (level, text)


def _cookie(settings: Settings) -> str:
    return "__Host-notice" if settings.production else "notice"


def _serializer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secret_key, salt="cookie:notice")


class PageRoute(APIRoute):
    """A route of a page: what it refuses, people read."""


def register(app: FastAPI) -> None:
    """Answer with a page, or the way to the login, where a page refuses something."""
    app.add_exception_handler(Problem, either(refused, errors.refused))
    app.add_exception_handler(RequestValidationError, either(unfit, errors.unfit))


def either(page: Handler, other: Handler) -> Handler:
    """Return a handler that calls `page` for the routes of pages, `other` elsewhere."""

    async def handle(request: Request, error: Exception) -> Response:
        is_page = isinstance(request.scope.get("route"), PageRoute)
        return await (page if is_page else other)(request, error)

    return handle


async def refused(request: Request, error: Exception) -> Response:
    """Return the page of a refusal, or the way back to the form with a notice."""
    problem = cast("Problem", error)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        return to_login(request)
    found = problem.extra.get("errors", [])
    text = "; ".join(f"{one['field']}: {one['message']}" for one in found)
    text = text or problem.detail
    origin = request.headers.get("Referer", "")
    if problem.status in MILD and request.method not in SAFE_METHODS and origin:
        return see_other(request, local(origin), text, "bad")
    response = render(
        request,
        "error.html",
        await by_cookie(request),
        status=problem.status,
        detail=text,
        code=problem.status,
    )
    response.headers.update(problem.headers)
    return response


async def unfit(request: Request, error: Exception) -> Response:
    """Say which fields of a form or an address do not fit."""
    found = [
        {
            "field": str(one["loc"][-1]).replace("_", " "),
            "message": str(one["msg"]).removeprefix("Value error, "),
        }
        for one in cast("RequestValidationError", error).errors()[:5]
    ]
    return await refused(request, Problem(422, "That does not fit.", errors=found))


def to_login(request: Request) -> Response:
    """Redirect to the login, which leads back to the page that was asked for.

    From a form it leads back to the form's page: nothing is sent a second time.
    """
    target = request.headers.get("Referer", "/")
    if request.method in SAFE_METHODS:
        target = str(request.url)
    return RedirectResponse(f"/login?next={quote(local(target))}", 303)


def login_page(
    request: Request,
    target: str,
    *,
    status: int = 200,
    error: str = "",
    email: str = "",
) -> Response:
    """Return the login; before its session a browser has a CSRF token of its own."""
    settings = settings_of(request)
    token = cookies.read(request, settings, "csrf")
    fresh = token or cookies.new_csrf()
    response = render(
        request,
        "login.html",
        None,
        status=status,
        error=error,
        email=email,
        token=fresh,
        target=local(target),
    )
    if token is None:
        cookies.write(response, settings, "csrf", fresh)
    return response
