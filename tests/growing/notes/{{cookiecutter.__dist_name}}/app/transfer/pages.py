"""The download."""

from app.http import Request, Response
from app.notes import store
from app.transfer import format as chosen


def download(request: Request) -> Response:
    """Return every note in one file."""
    body = chosen.dump(store.newest_first())
    return Response(body, content_type=chosen.CONTENT_TYPE)
