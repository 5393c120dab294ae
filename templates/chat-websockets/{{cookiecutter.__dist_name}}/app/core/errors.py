"""Every failure as problem+json (RFC 9457): the request's id, nothing internal."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from starlette.exceptions import HTTPException

from app.core.database import DatabaseAwayError

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "5"
MOST_ERRORS = 50
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


def invalid(field: str, message: str) -> Problem:
    """Return the 422 of one field, in the form that every validation error has."""
    errors = [{"field": field, "message": message}]
    return Problem(422, "The request is not valid.", errors=errors)


def answer(path: str, request_id: str, problem: Problem) -> JSONResponse:
    """Return the problem as a response to the request."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": path,
        "request_id": request_id,
        **problem.extra,
    }
    return JSONResponse(body, problem.status, problem.headers, media_type=MEDIA_TYPE)


def refuse(request: Request, problem: Problem) -> JSONResponse:
    """Answer this request with the problem."""
    request_id = request.scope.get("state", {}).get("request_id", "")
    return answer(request.url.path, request_id, problem)


async def refused(request: Request, error: Exception) -> JSONResponse:
    """Answer what our own code refuses."""
    return refuse(request, cast("Problem", error))


async def stopped(request: Request, error: Exception) -> JSONResponse:
    """Answer what the framework refuses itself: no such address or method."""
    found = cast("HTTPException", error)
    detail = str(found.detail or HTTPStatus(found.status_code).description)
    problem = Problem(found.status_code, detail, headers=found.headers)
    return refuse(request, problem)


async def unfit(request: Request, error: Exception) -> JSONResponse:
    """Answer input that does not fit its schema; what was sent is not repeated."""
    errors = [
        {
            "field": ".".join(str(part) for part in found["loc"][1:]),
            "message": str(found["msg"]),
        }
        for found in cast("RequestValidationError", error).errors()[:MOST_ERRORS]
    ]
    return refuse(request, Problem(422, "The request is not valid.", errors=errors))


async def away(request: Request, error: Exception) -> JSONResponse:
    """Answer that the database cannot be reached, or is too busy, just now."""
    lost = isinstance(error, DBAPIError) and (
        error.connection_invalidated
        or isinstance(error, OperationalError | InterfaceError)
    )
    if isinstance(error, DBAPIError) and not lost:
        raise error  # a mistake of ours: see `failed`
    log.error("database away", error=type(error).__name__)
    detail = "The database cannot be reached, try again soon."
    headers = {"Retry-After": RETRY_SECONDS}
    return refuse(request, Problem(503, detail, headers=headers))


def failed(path: str, request_id: str, error: Exception) -> JSONResponse:
    """Answer a mistake of ours; the log has the traceback, under the same id."""
    log.error("failed", exc_info=error)
    problem = Problem(500, "Something went wrong here; the request id names it.")
    return answer(path, request_id, problem)


def register(app: FastAPI) -> None:
    """Have the application answer every failure in this form.

    What no handler here takes, the middleware answers by `failed`.
    """
    app.add_exception_handler(Problem, refused)
    app.add_exception_handler(HTTPException, stopped)
    app.add_exception_handler(RequestValidationError, unfit)
    app.add_exception_handler(DBAPIError, away)
    app.add_exception_handler(NoFreeConnection, away)
    app.add_exception_handler(DatabaseAwayError, away)
