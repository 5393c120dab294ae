"""The HTTP server."""

from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from app.http import Request, Response
from app.routes import ROUTES

MAX_BODY = 64 * 1024


def respond(request: Request) -> Response:
    """Return what the app answers; 404 and 405 where nothing does."""
    matches = [
        (route, ids)
        for route in ROUTES
        if (ids := route.match(request.path)) is not None
    ]
    for route, ids in matches:
        if route.method == request.method:
            return route.handler(replace(request, ids=ids))
    status = HTTPStatus.METHOD_NOT_ALLOWED if matches else HTTPStatus.NOT_FOUND
    return Response(status.phrase, status, "text/plain")


class RequestHandler(BaseHTTPRequestHandler):
    """Translate between the socket and `respond`."""

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer({})

    def do_POST(self) -> None:
        """Answer a form."""
        length = int(self.headers.get("Content-Length", "0"))
        if length > MAX_BODY:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        body = self.rfile.read(length).decode("utf-8", "replace")
        self._answer(dict(parse_qsl(body, keep_blank_values=True)))

    def _answer(self, form: dict[str, str]) -> None:
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query))
        try:
            response = respond(Request(self.command, address.path, query, form))
        except Exception:
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)
            raise
        content = response.body.encode()
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(content)))
        if response.location:
            self.send_header("Location", response.location)
        self.end_headers()
        self.wfile.write(content)


def serve(port: int) -> None:
    """Serve on this machine until Ctrl-C."""
    with ThreadingHTTPServer(("127.0.0.1", port), RequestHandler) as server:
        print(f"Serving on http://127.0.0.1:{port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("Stopped.")
