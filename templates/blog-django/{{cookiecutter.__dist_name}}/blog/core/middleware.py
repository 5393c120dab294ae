"""What happens around every request: id, log line, metrics, limits, headers."""

from __future__ import annotations

import io
import re
import time
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.utils.cache import has_vary_header

from blog.core import errors, health
from blog.core.metrics import observe
from blog.core.requests import current, identify, user_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    type GetResponse = Callable[[HttpRequest], HttpResponse]

log = structlog.get_logger("request")
SESSION_KEY = re.compile(r"[a-z0-9]{8,40}")
PROBES = {
    "/healthz": health.healthz,
    "/readyz": health.readyz,
    "/metrics": health.metrics,
}


class RequestContext:
    """The outermost layer: give the request its id, and log how it ended."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request; the log line holds its path but never its query."""
        started = time.perf_counter()
        token = current.set(request)
        try:
            identifier = identify(request)
            response = self.get_response(request)
            seconds = time.perf_counter() - started
            response["X-Request-ID"] = identifier
            if request.path not in PROBES:
                observe(request, response.status_code, seconds)
                log.info(
                    "served",
                    method=request.method,
                    status=response.status_code,
                    milliseconds=round(seconds * 1000, 1),
                    user_id=user_id(request),
                )
            return response
        finally:
            current.reset(token)


def permissions_policy(get_response: GetResponse) -> GetResponse:
    """Tell the browser which of its powers no page here needs."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return response

    return middleware


def probes(get_response: GetResponse) -> GetResponse:
    """Answer the machines that watch, which call by an address and not by a name.

    They come before Django looks at the Host header, sessions and the database.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path)
        return probe(request) if probe else get_response(request)

    return middleware


def session_cookie(get_response: GetResponse) -> GetResponse:
    """Drop a session cookie that we cannot have set; keep pages of sessions private.

    Some databases refuse a NUL, which a quoted cookie can hold. And what depends on the
    cookie must not be seen by whoever next uses the computer, or the cache.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        if not SESSION_KEY.fullmatch(key):
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        response = get_response(request)
        if has_vary_header(response, "Cookie"):
            response.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware


class BodyLimit:
    """Refuse a body over the limit with 413 before anything reads it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Look at the declared length; of a body without one, read to the limit."""
        is_upload = request.content_type == "multipart/form-data"
        limit = settings.MAX_BODY_BYTES if is_upload else settings.MAX_JSON_BYTES
        if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
            if not request.META.get("wsgi.input_terminated"):
                return errors.respond(request, 411)
            # Django reads as much as Content-Length says, which a chunked body lacks.
            body = request.META["wsgi.input"].read(limit + 1)
            request.META["CONTENT_LENGTH"] = str(len(body))
            request.META["wsgi.input"] = io.BytesIO(body)
            request._stream = io.BytesIO(body)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not re.fullmatch(r"[0-9]{1,18}", length):
            return errors.respond(request, 400)
        if int(length) > limit:
            log.warning("body refused", length=int(length), limit=limit)
            response = errors.respond(request, 413)
            response["Connection"] = "close"
            return response
        return self.get_response(request)
