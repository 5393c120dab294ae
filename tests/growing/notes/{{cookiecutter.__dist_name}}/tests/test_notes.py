"""Milestone 2: notes."""

import pytest

from app import database
from app.forms import sign
from app.notes import store
from app.notes.forms import DeleteForm, NoteForm
from app.notes.models import SUMMARY, Note
from app.notes.settings import MAX_TITLE
from tests.conftest import Get, Post

pytestmark = pytest.mark.milestone(2)


def test_a_note_can_be_written_and_read(get: Get, post: Post) -> None:
    """The form leads to the note's page."""
    saved = post("/notes", title="Milk", body="Two litres", signature=sign(NoteForm))
    assert saved.status == 303
    assert "Two litres" in get(saved.location).body


def test_the_list_shows_the_newest_first(get: Get) -> None:
    """With the beginning of each."""
    store.add("Old", "first")
    store.add("New", "second")
    page = get("/notes").body
    assert page.index("New") < page.index("Old")


@pytest.mark.parametrize(
    ("title", "said"),
    [("", "Fill this in."), ("x" * (MAX_TITLE + 1), "characters at most")],
)
def test_a_bad_title_is_refused(post: Post, title: str, said: str) -> None:
    """The form says why."""
    page = post("/notes", title=title, signature=sign(NoteForm))
    assert page.status == 422
    assert said in page.body


def test_a_form_without_signature_saves_nothing(post: Post) -> None:
    """So no other site can write notes."""
    assert post("/notes", title="Milk").status == 422
    assert list(store.newest_first()) == []


def test_a_note_can_be_deleted(get: Get, post: Post) -> None:
    """It is gone then."""
    note_id = store.add("Milk", "")
    assert post(f"/notes/{note_id}/delete").status == 403
    gone = post(f"/notes/{note_id}/delete", signature=sign(DeleteForm))
    assert gone.status == 303
    assert get(f"/notes/{note_id}").status == 404


def test_a_summary_fits_on_a_line() -> None:
    """Line breaks go."""
    summary = Note(1, "Long", "word\n" * 100).summary
    assert len(summary) <= SUMMARY
    assert "\n" not in summary


def test_the_table_is_there() -> None:
    """The migration has run: a starter gives this."""
    with database.connect() as db:
        assert db.execute("SELECT count(*) FROM notes").fetchone()[0] == 0


def test_demo_data_does_not_double() -> None:
    """Running it twice leaves one note."""
    database.run_script("demo.sql")
    database.run_script("demo.sql")
    assert [note.title for note in store.newest_first()] == ["Welcome"]
