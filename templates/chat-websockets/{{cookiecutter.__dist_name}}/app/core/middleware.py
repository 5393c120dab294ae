"""What happens around every request: id, body limit, headers, CORS, a log line.

One pure ASGI middleware: Starlette's BaseHTTPMiddleware buffers streams and runs the
application in another task, where what a request binds to its log lines gets lost.
"""

from __future__ import annotations

import time

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.config import BaseSettings
from app.core.errors import Problem, answer, failed
from app.core.metrics import observe
from app.core.requests import forwarded, header, identify

log = structlog.get_logger("request")
SAFE = {"GET", "HEAD", "OPTIONS"}
PROBES = {"/healthz", "/readyz", "/metrics"}
API_CSP = "default-src 'none'; frame-ancestors 'none'"
PAGE_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HSTS = "max-age=31536000; includeSubDomains"
CORS_METHODS = "GET, POST, PUT, PATCH, DELETE"
CORS_HEADERS = "Authorization, Content-Type, If-Match, If-None-Match, X-API-Key"
CORS_EXPOSED = "ETag, Location, Retry-After, X-Request-ID"


class Guard:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, settings: BaseSettings) -> None:
        """Stand around `app`."""
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; a WebSocket gets its id, and its log lines, too."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        forwarded(scope, self.settings.num_proxies)
        request_id = identify(scope, self.settings.num_proxies)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            request_id=request_id,
            path=scope["path"],
            address=scope["client"][0] if scope.get("client") else None,
        )
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
        else:
            await self.serve(scope, receive, send, request_id)

    async def serve(
        self, scope: Scope, receive: Receive, send: Send, request_id: str
    ) -> None:
        """Answer a request of HTTP, whatever happens inside."""
        started, status = time.perf_counter(), 0

        async def finish(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self.complete(scope, MutableHeaders(scope=message), request_id)
            await send(message)

        try:
            response = self.refusal(scope, request_id)
            await (response or self.app)(scope, receive, finish)
        except Exception as error:
            response = failed(scope["path"], request_id, error)
            if status:  # half an answer is out: the connection has to break
                raise
            await response(scope, receive, finish)
        finally:
            record(scope, status, time.perf_counter() - started)

    def refusal(self, scope: Scope, request_id: str) -> ASGIApp | None:
        """Return the answer to what is not let through, None for the rest."""
        limit = self.settings.max_body_bytes
        close = {"Connection": "close"}
        length = header(scope, b"content-length")
        if header(scope, b"transfer-encoding"):
            problem = Problem(
                411, "Send the body with a Content-Length.", headers=close
            )
        elif length and (not length.isdigit() or int(length) > limit):
            # The server reads no more than was declared, so this is the limit.
            log.warning("body refused", length=length[:20], limit=limit)
            problem = Problem(413, f"The body may have {limit} bytes.", headers=close)
        elif "\x00" in scope["path"]:  # no database could look for it
            problem = Problem(404, "There is no such address.")
        elif scope["method"] == "OPTIONS" and header(scope, b"origin"):
            return preflight
        else:
            return None
        return answer(scope["path"], request_id, problem)

    def complete(self, scope: Scope, headers: MutableHeaders, request_id: str) -> None:
        """Add to an answer what every answer has."""
        page = headers.get("Content-Type", "").startswith("text/html")
        headers.setdefault("Content-Security-Policy", PAGE_CSP if page else API_CSP)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        if self.settings.production:
            headers["Strict-Transport-Security"] = HSTS
        personal = any(
            header(scope, name) for name in (b"authorization", b"cookie", b"x-api-key")
        )
        if personal or scope["method"] not in SAFE:
            headers.setdefault("Cache-Control", "private, no-store")
        headers["X-Request-ID"] = request_id
        allow(scope, headers, self.settings.cors_allowed_origins)


def allow(scope: Scope, headers: MutableHeaders, origins: tuple[str, ...]) -> None:
    """Let scripts of the listed origins read the answer, those of others not."""
    if not origins:
        return
    headers.add_vary_header("Origin")
    origin = header(scope, b"origin")
    if origin in origins:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Methods"] = CORS_METHODS
        headers["Access-Control-Allow-Headers"] = CORS_HEADERS
        headers["Access-Control-Expose-Headers"] = CORS_EXPOSED
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"


async def preflight(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer a browser that asks whether it may ask."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def record(scope: Scope, status: int, seconds: float) -> None:
    """Count the request and write its line: its path, never its query."""
    if scope["path"] in PROBES:
        return
    route = getattr(scope.get("route"), "path", "none")
    observe(scope["method"], route, status, seconds)
    log.info(
        "served",
        method=scope["method"],
        status=status,
        milliseconds=round(seconds * 1000, 1),
    )
