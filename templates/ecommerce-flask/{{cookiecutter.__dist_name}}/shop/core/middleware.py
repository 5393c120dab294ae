"""What happens around every request: id, body limit, headers, CORS, a log line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog
from flask import Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from shop.core.errors import Problem
from shop.core.metrics import observe
from shop.core.requests import identify, request_id

if TYPE_CHECKING:
    from flask import Flask

    from shop.settings import Settings

log = structlog.get_logger("request")
SAFE = {"GET", "HEAD", "OPTIONS"}
PROOFS = {"Authorization", "X-Cart-Token"}  # the answer is for whoever sent one
PROBES = {"/healthz", "/readyz", "/metrics"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HSTS = "max-age=31536000"
CORS_METHODS = "GET, POST, PUT, PATCH, DELETE"
CORS_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-Match, X-Cart-Token"
CORS_EXPOSED = "ETag, Location, Retry-After, X-Request-ID"


def register(app: Flask, settings: Settings) -> None:
    """Put the layers around the application, the outermost first."""
    if settings.num_proxies:
        hops = settings.num_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # as Flask's documentation does

    @app.before_request
    def begin() -> Response | None:
        g.started = time.perf_counter()
        identify(settings.num_proxies)
        refuse_large_body(settings.max_body_bytes)
        preflight = request.method == "OPTIONS" and request.headers.get("Origin")
        return Response(status=204) if preflight else None

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if settings.production:
            response.headers["Strict-Transport-Security"] = HSTS
        if request.method not in SAFE or not PROOFS.isdisjoint(request.headers.keys()):
            response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers["X-Request-ID"] = request_id()
        allow(response, settings.cors_allowed_origins)
        record(response)
        return response


def refuse_large_body(limit: int) -> None:
    """Refuse a body over the limit before anything reads it.

    Raises Problem 413, and 411 for a body whose length is not told.
    """
    if request.headers.get("Transfer-Encoding"):
        detail = "Send the body with a Content-Length."
        raise Problem(411, detail, headers={"Connection": "close"})
    if (request.content_length or 0) > limit:
        log.warning("body refused", length=request.content_length, limit=limit)
        detail = f"The body may have {limit} bytes."
        raise Problem(413, detail, headers={"Connection": "close"})


def allow(response: Response, origins: tuple[str, ...]) -> None:
    """Let scripts of the listed origins read the answer, those of others not."""
    if not origins:
        return
    response.headers.add("Vary", "Origin")
    origin = request.headers.get("Origin")
    if origin in origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Methods"] = CORS_METHODS
        response.headers["Access-Control-Allow-Headers"] = CORS_HEADERS
        response.headers["Access-Control-Expose-Headers"] = CORS_EXPOSED
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"


def record(response: Response) -> None:
    """Count the request and write its line: its path, never its query."""
    if request.path in PROBES:
        return
    seconds = time.perf_counter() - g.started
    observe(response.status_code, seconds)
    log.info(
        "served",
        method=request.method,
        status=response.status_code,
        milliseconds=round(seconds * 1000, 1),
    )
