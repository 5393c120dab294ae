"""Notes in the database."""

from collections.abc import Iterator

from app import database
from app.notes.models import Note


def add(title: str, body: str) -> int:
    """Save a note and return its id."""
    with database.connect() as db:
        cursor = db.execute(
            "INSERT INTO notes (title, body) VALUES (?, ?)", (title, body)
        )
    return cursor.lastrowid or 0


def find(note_id: int) -> Note | None:
    """Return the note with that id, or None."""
    with database.connect() as db:
        row = db.execute("SELECT * FROM notes WHERE id = ?", (note_id,)).fetchone()
    return Note.from_row(row) if row else None


def newest_first() -> Iterator[Note]:
    """Yield every note, the newest first."""
    with database.connect() as db:
        rows = db.execute("SELECT * FROM notes ORDER BY id DESC").fetchall()
    for row in rows:
        yield Note.from_row(row)


def delete(note_id: int) -> None:
    """Delete a note. Repeating the call changes nothing."""
    with database.connect() as db:
        db.execute("DELETE FROM notes WHERE id = ?", (note_id,))
