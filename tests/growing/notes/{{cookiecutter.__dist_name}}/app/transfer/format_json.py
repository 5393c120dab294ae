"""Notes as JSON."""

import json
from collections.abc import Iterable
from dataclasses import asdict

from app.notes.models import Note

CONTENT_TYPE = "application/json"


def dump(notes: Iterable[Note]) -> str:
    """Return the notes as a JSON array of objects."""
    return json.dumps([asdict(note) for note in notes], indent=2)
