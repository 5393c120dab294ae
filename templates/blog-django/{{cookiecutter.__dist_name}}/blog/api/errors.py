"""How the API says no: every failure becomes problem+json (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.exceptions import ValidationError as ModelError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.fields import get_error_detail
from rest_framework.views import set_rollback

from blog.comments.services import CommentRefusedError, TooFastError
from blog.core.errors import problem
from blog.posts.services import EditConflictError, TransitionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse


class Unprocessable(exceptions.ValidationError):
    """The request was understood, but what it says is not valid."""

    status_code = HTTPStatus.UNPROCESSABLE_ENTITY


class TooLarge(exceptions.APIException):
    """The body is longer than this address takes."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is too large."


class Stale(exceptions.APIException):
    """Someone else changed it first."""

    status_code = HTTPStatus.PRECONDITION_FAILED
    default_detail = "It has changed since you read it; read it again."


class Conflict(exceptions.APIException):
    """What it is now does not allow that."""

    status_code = HTTPStatus.CONFLICT
    default_detail = "Its state does not allow that."


# The first kind that fits counts: what is more special comes first.
TRANSLATIONS: tuple[tuple[type[Exception], Callable[[Any], Exception]], ...] = (
    (Http404, lambda _: exceptions.NotFound()),
    (PermissionDenied, lambda _: exceptions.PermissionDenied()),
    (RequestDataTooBig, lambda _: TooLarge()),
    (SuspiciousOperation, lambda _: exceptions.ParseError()),
    (ModelError, lambda error: Unprocessable(get_error_detail(error))),
    (EditConflictError, lambda _: Stale()),
    (TransitionError, lambda error: Conflict(str(error))),
    (CommentRefusedError, lambda error: Conflict(str(error))),
    (TooFastError, lambda error: exceptions.Throttled(error.retry_after)),
)


def as_api_error(error: Exception) -> Exception:
    """Return the API's word for an error that Django or a service raised."""
    for kind, translate in TRANSLATIONS:
        if isinstance(error, kind):
            return translate(error)
    return error


def handle(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Return the problem to answer with; None lets Django report a crash."""
    error = as_api_error(error)
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    extra: dict[str, Any] = {}
    status, detail = HTTPStatus(error.status_code), error.detail
    sentence = str(detail)
    if isinstance(error, exceptions.ValidationError):
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        fields = detail if isinstance(detail, dict) else {"non_field_errors": detail}
        extra["errors"] = fields
        sentence = "Some fields are not valid: " + ", ".join(map(str, fields))
    elif isinstance(detail, dict):  # as the token library words it
        sentence = str(detail["detail"])
    response = problem(
        context["request"]._request,
        status,
        status.phrase,
        sentence,
        **extra,
    )
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait))
    return response
