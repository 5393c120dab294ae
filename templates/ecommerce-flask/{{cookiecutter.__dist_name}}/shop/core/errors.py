"""Every failure as problem+json (RFC 9457): the request's id, nothing internal."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from apiflask import HTTPError
from flask import Response, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from shop.core.requests import request_id
from shop.database import DATABASE_UNAVAILABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apiflask import APIFlask

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "5"
log = structlog.get_logger("errors")


class Problem(Exception):
    """A refusal: its status, a sentence for the client, more members of the answer."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.headers, self.extra = dict(headers or {}), extra


def answer(problem: Problem) -> Response:
    """Return the problem as a response."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.path,
        "request_id": request_id(),
        **problem.extra,
    }
    return Response(
        json.dumps(body), problem.status, problem.headers, content_type=MEDIA_TYPE
    )


def refused(error: HTTPError) -> Response:
    """Answer what APIFlask refuses: mostly input that does not fit its schema."""
    fields: dict[str, Any] = error.detail if isinstance(error.detail, dict) else {}
    errors = [
        {"field": field, "message": message}
        for place in fields.values()
        for field, messages in place.items()
        for message in messages
    ]
    extra = {"errors": errors} if errors else {}
    detail = "The request is not valid." if errors else str(error.message)
    return answer(
        Problem(
            error.status_code, detail, headers=dict(Headers(error.headers)), **extra
        )
    )


def stopped(error: HTTPException) -> Response:
    """Answer what Flask refuses itself: no such address, method or body."""
    code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    headers = {
        name: value
        for name, value in error.get_headers()
        if name.lower() != "content-type"
    }
    detail = str(error.description or HTTPStatus(code).description)
    return answer(Problem(code, detail, headers=headers))


def database_unavailable(error: Exception) -> Response:
    """Answer that the database cannot be reached just now."""
    log.error("database away", error=type(error).__name__)
    detail = "The shop cannot reach its database, try again soon."
    return answer(Problem(503, detail, headers={"Retry-After": RETRY_SECONDS}))


def failed(error: Exception) -> Response:
    """Answer a mistake of ours; the log has the traceback, under the same id."""
    log.error("failed", exc_info=error)
    return answer(Problem(500, "Something went wrong here; the request id names it."))


def register(app: APIFlask) -> None:
    """Have the application answer every failure in this form."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(HTTPError, refused)
    app.register_error_handler(HTTPException, stopped)
    for error in DATABASE_UNAVAILABLE:
        app.register_error_handler(error, database_unavailable)
    app.register_error_handler(Exception, failed)
