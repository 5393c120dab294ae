"""What handlers of notes share."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from app.http import Handler, Request, Response
from app.notes import store
from app.notes.models import Note


def with_note(handler: Callable[[Request, Note], Response]) -> Handler:
    """Give a handler the note that the address names; 404 if there is none."""

    @wraps(handler)
    def wrapped(request: Request) -> Response:
        note = store.find(request.ids[0])
        if note is None:
            return Response("No such note", HTTPStatus.NOT_FOUND, "text/plain")
        return handler(request, note)

    return wrapped
