"""The pages of notes."""

from html import escape
from http import HTTPStatus

from app.forms import sign
from app.http import Request, Response, redirect
from app.notes import store
from app.notes.decorators import with_note
from app.notes.forms import DeleteForm, NoteForm
from app.notes.models import Note
from app.pages import Html, page


def index(request: Request) -> Response:
    """List the notes, above a form for a new one."""
    return _list(NoteForm({}), {})


def create(request: Request) -> Response:
    """Save a note, or show the form again with what is wrong."""
    form = NoteForm(request.form)
    errors = form.errors()
    if errors:
        return _list(form, errors, HTTPStatus.UNPROCESSABLE_ENTITY)
    note_id = store.add(form.values["title"], form.values["body"])
    return redirect(f"/notes/{note_id}")


@with_note
def show(request: Request, note: Note) -> Response:
    """Show one note."""
    signature = sign(DeleteForm)
    return page(
        "note.html", note.title, body=note.body, id=str(note.id), signature=signature
    )


@with_note
def delete(request: Request, note: Note) -> Response:
    """Delete a note."""
    if DeleteForm(request.form).errors():
        return Response("Reload the page", HTTPStatus.FORBIDDEN, "text/plain")
    store.delete(note.id)
    return redirect("/notes")


def _list(
    form: NoteForm, errors: dict[str, str], status: HTTPStatus = HTTPStatus.OK
) -> Response:
    def item(note: Note) -> str:
        link = f'<a href="/notes/{note.id}">{escape(note.title)}</a>'
        return f"<li>{link} {escape(note.summary)}</li>"

    return page(
        "notes.html",
        "Notes",
        status,
        items=Html("".join(item(note) for note in store.newest_first())),
        signature=sign(form),
        note_title=form.values["title"],
        note_body=form.values["body"],
        title_error=errors.get("title", ""),
        body_error=errors.get("body", ""),
        form_error=errors.get("signature", ""),
    )
