"""HTML pages from the files in `templates`."""

from html import escape
from http import HTTPStatus
from pathlib import Path
from string import Template

from app.http import Request, Response

FOLDER = Path(__file__).parent / "templates"


class Html(str):
    """A text that is HTML already and is not escaped."""


def fill(name: str, **values: str) -> Html:
    """Return a template with its values escaped and filled in."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    safe = {
        key: value if isinstance(value, Html) else escape(value)
        for key, value in values.items()
    }
    return Html(Template(text).substitute(safe))


def page(
    name: str, title: str, status: HTTPStatus = HTTPStatus.OK, **values: str
) -> Response:
    """Return a whole page around a template."""
    content = fill(name, **values)
    return Response(fill("base.html", title=title, content=content), status)


def home(request: Request) -> Response:
    """Show the first page."""
    return page("home.html", "Home")
