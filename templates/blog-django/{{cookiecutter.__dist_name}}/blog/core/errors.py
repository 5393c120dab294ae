"""What a visitor gets when something went wrong: a page, or a problem for a program.

Nothing of the inside is shown, only the request's id, by which the log tells more.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html

from blog.core.requests import is_api, request_id

if TYPE_CHECKING:
    from django.http import HttpRequest

log = structlog.get_logger("security")

PROBLEM_JSON = "application/problem+json"

TEXTS = {
    400: "The request could not be understood.",
    403: "You may not do this.",
    404: "There is nothing at this address.",
    411: "Say how long the body is: the header Content-Length is missing.",
    413: "What was sent is too large.",
    429: "Too many attempts. Please wait a while.",
    500: "Something went wrong on our side. We have written it down.",
}


def problem(
    request: HttpRequest, status: int, title: str, detail: str, **extra: Any
) -> HttpResponse:
    """Return the problem (RFC 9457); `extra` members are added as they are."""
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": request_id(request),
        **extra,
    }
    return HttpResponse(json.dumps(body), status=status, content_type=PROBLEM_JSON)


def respond(request: HttpRequest, status: int, detail: str = "") -> HttpResponse:
    """Return the page or the problem for this status."""
    title = HTTPStatus(status).phrase
    detail = detail or TEXTS[status]
    if is_api(request):
        return problem(request, status, title, detail)
    context = {
        "status": status,
        "title": title,
        "detail": detail,
        "request_id": request_id(request),
    }
    try:
        # A 500 is shown without the request: what the layout would look up for it
        # may be the very thing that is broken.
        page = render_to_string(
            "error.html", context, request if status < HTTPStatus(500) else None
        )
    except Exception:
        page = format_html(
            "<!doctype html><title>{}</title><h1>{}</h1><p>{}</p><p>{}</p>",
            title,
            title,
            detail,
            context["request_id"],
        )
    return HttpResponse(page, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django calls suspicious; the reason stays in the log."""
    return respond(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a refused permission, and write it down."""
    log.warning("permission refused", method=request.method)
    return respond(request, 403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that leads nowhere."""
    return respond(request, 404)


def api_not_found(request: HttpRequest, rest: str) -> HttpResponse:
    """Answer a program's wrong address, in development too, where pages explain."""
    return respond(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a failure of ours; Django has logged it with its traceback."""
    return respond(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that was not sent from a page of ours."""
    log.warning("csrf refused", reason=reason)
    return respond(request, 403, "This form is too old. Go back, reload, try again.")
