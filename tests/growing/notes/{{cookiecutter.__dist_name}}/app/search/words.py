"""Which notes hold which words."""

import re
from collections.abc import Iterable, Iterator

from app.notes.models import Note


def words(text: str) -> set[str]:
    """Return the words of a text, in lower case."""
    return set(re.findall(r"\w+", text.casefold()))


def matching(notes: Iterable[Note], query: str) -> Iterator[Note]:
    """Yield the notes that hold every word of the query; none for an empty query."""
    wanted = words(query)
    for note in notes:
        if wanted and wanted <= words(f"{note.title} {note.body}"):
            yield note
