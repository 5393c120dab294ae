"""Send requests to a server on this machine."""

import http.client
import socket

_ADDRESS = "127.0.0.1"
_TIMEOUT = 5.0


def find_free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as listener:
        listener.bind((_ADDRESS, 0))
        return int(listener.getsockname()[1])


def get_status(port: int, path: str) -> int | None:
    """Return the status code of a GET request to this port, or None if nothing responds."""
    connection = http.client.HTTPConnection(_ADDRESS, port, timeout=_TIMEOUT)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
