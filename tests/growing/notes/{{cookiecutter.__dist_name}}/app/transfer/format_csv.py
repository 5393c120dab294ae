"""Notes as CSV."""

import csv
import io
from collections.abc import Iterable

from app.notes.models import Note

CONTENT_TYPE = "text/csv; charset=utf-8"


def dump(notes: Iterable[Note]) -> str:
    """Return the notes as CSV, with a line of names first."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "title", "body"])
    writer.writerows([note.id, note.title, note.body] for note in notes)
    return text.getvalue()
