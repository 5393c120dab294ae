"""A request and a response, apart from any server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(frozen=True)
class Request:
    """What a browser asked for; `ids` holds the numbers in the address."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Response:
    """What is sent back."""

    body: str
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "text/html; charset=utf-8"
    location: str = ""


Handler = Callable[[Request], Response]


def redirect(location: str) -> Response:
    """Return a response that sends the browser to another address."""
    return Response("", HTTPStatus.SEE_OTHER, location=location)
