"""The page that searches."""

from html import escape

from app.http import Request, Response
from app.notes import store
from app.pages import Html, page
from app.search.words import matching


def show(request: Request) -> Response:
    """Show the notes that hold every word of `q`."""
    query = request.query.get("q", "")
    found = [
        f'<li><a href="/notes/{note.id}">{escape(note.title)}</a></li>'
        for note in matching(store.newest_first(), query)
    ]
    items = Html("".join(found) or "<li>No notes found</li>")
    return page("search.html", "Search", query=query, items=items)
