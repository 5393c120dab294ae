"""What every page has: templates, notices that outlive a redirect, refusals as pages.

Forms answer with a redirect, so that loading again sends nothing again; what is to be
said goes along in a signed cookie that the next page eats.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from urllib.parse import urlencode, urlsplit

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from itsdangerous import BadSignature, URLSafeTimedSerializer
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import Field, field_validator
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from app.accounts.access import Person, by_cookie
from app.core import cookies
from app.core.database import SAFE_METHODS, utcnow
from app.core.errors import Problem, stopped
from app.core.pagination import Listing
from app.core.schemas import Schema
from app.pages.assets import address_of
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


class PageForm(Schema):
    """A form: its fields, and the token that cookies.require_csrf has looked at."""

    csrf_token: Annotated[str, Field(max_length=200)] = ""

    @field_validator("*")
    @classmethod
    def storable(cls, value: object) -> object:
        """Refuse the one character that PostgreSQL cannot store."""
        if isinstance(value, str) and "\x00" in value:
            raise ValueError("has a character that is none")
        return value


def when(time: datetime | None) -> str:
    """Write a moment for people; the script shows it in their own zone."""
    return "never" if time is None else f"{time:%Y-%m-%d %H:%M:%S} UTC"


def clock(time: datetime) -> str:
    """Write the time of day."""
    return f"{time:%H:%M}"


def day(time: datetime) -> str:
    """Write the day, and that it is one of UTC."""
    return f"{time:%A}, {time.day} {time:%B %Y}, UTC"


def initials(name: str) -> str:
    """Return what stands for a name on a small square; log.js does the same."""
    return "".join(word[0] for word in name.split()[:2]).upper()


def hue(handle: str) -> int:
    """Return which of eight colours is somebody's; log.js does the same."""
    return sum(map(ord, handle)) % 8


TEMPLATES.filters |= {
    "when": when,
    "clock": clock,
    "day": day,
    "initials": initials,
    "hue": hue,
}
TEMPLATES.globals |= {"asset": address_of}


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


def further(path: str, listing: Listing, after: str | None) -> str | None:
    """Return the address of the next page, with the same filters; None at the end."""
    if after is None:
        return None
    given = listing.model_dump(mode="json", exclude_defaults=True, exclude={"after"})
    return f"{path}?{urlencode(given | {'after': after})}"


def local(address: str) -> str:
    """Return an address without its host; the first page for what is none of ours."""
    parts = urlsplit(address)
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
    """A route whose refusals are for people: a page, or a notice where the form was.

    A stranger is sent to the login, which leads back to the page they asked for.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with handlers of its own for what refuses it.

        They run after the request's session is closed. Whoever catches a refusal
        sooner has what was written until then committed.
        """
        handlers, statuses = scope["starlette.exception_handlers"]
        own = {Problem: refused, RequestValidationError: unfit}
        scope["starlette.exception_handlers"] = (handlers | own, statuses)
        await super().handle(scope, receive, send)


async def refused(request: Request, error: Exception) -> Response:
    """Return the page of a refusal, or the way back to the form with a notice."""
    problem = cast("Problem", error)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        return see_other(request, login_address(request))
    errors = problem.extra.get("errors", [])
    text = "; ".join(f"{one['field']}: {one['message']}" for one in errors)
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


async def nowhere(request: Request, error: Exception) -> Response:
    """Return a page for an address that is none, to whoever wants pages."""
    found = cast("HTTPException", error)
    wanted = "text/html" in request.headers.get("Accept", "")
    if not wanted or request.url.path.startswith("/api/"):
        return await stopped(request, error)
    missing = found.status_code == HTTPStatus.NOT_FOUND
    detail = "There is no such page." if missing else str(found.detail)
    return await refused(request, Problem(found.status_code, detail))


async def unfit(request: Request, error: Exception) -> Response:
    """Say which fields of a form or an address do not fit."""
    errors = [
        {
            "field": str(one["loc"][-1]).replace("_", " "),
            "message": str(one["msg"]).removeprefix("Value error, "),
        }
        for one in cast("RequestValidationError", error).errors()[:5]
    ]
    return await refused(request, Problem(422, "That does not fit.", errors=errors))


def stranger_page(request: Request, name: str, **values: Any) -> Response:
    """Return a page with a form for strangers: its CSRF token is the browser's."""
    settings = settings_of(request)
    token = cookies.read(request, settings, "csrf")
    fresh = token or cookies.new_csrf()
    response = render(request, name, None, token=fresh, **values)
    if token is None:
        cookies.write(response, settings, "csrf", fresh)
    return response


async def require_ours(request: Request) -> None:
    """Raise Problem 403 for a form that a stranger's browser did not get from us."""
    settings = settings_of(request)
    expected = cookies.read(request, settings, "csrf")
    await cookies.require_csrf(request, settings, expected)


def login_address(request: Request) -> str:
    """Return the address of the login, with the way back: to the page, or its form."""
    here = str(request.url)
    if request.method not in SAFE_METHODS:
        here = request.headers.get("Referer", "/")
    return f"/login?{urlencode({'next': local(here)}, safe='/')}"


def login_page(
    request: Request,
    target: str,
    *,
    status: int = 200,
    error: str = "",
    email: str = "",
) -> Response:
    """Return the login, which leads on to `target`."""
    return stranger_page(
        request,
        "login.html",
        status=status,
        error=error,
        email=email,
        target=local(target),
    )
