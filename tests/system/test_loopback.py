"""A server of this machine answers with a status, or not at all."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from scaffold.system import loopback


class Teapot(BaseHTTPRequestHandler):
    """Responds to every request with 418."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(418)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Print nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Return the port of a running server."""
    with HTTPServer(("127.0.0.1", 0), Teapot) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_the_status_of_a_server_is_returned(port: int) -> None:
    """Even if it is an error."""
    assert loopback.get_status(port, "/healthz") == 418


def test_a_free_port_has_no_status() -> None:
    """It returns None instead of raising."""
    assert loopback.get_status(loopback.find_free_port(), "/healthz") is None
