"""What a note is."""

import sqlite3
from dataclasses import dataclass
from textwrap import shorten
from typing import Self

SUMMARY = 80


@dataclass(frozen=True)
class Note:
    """One note."""

    id: int
    title: str
    body: str

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> Self:
        """Return the note in a row of the table."""
        return cls(row["id"], row["title"], row["body"])

    @property
    def summary(self) -> str:
        """The beginning of the text, on one line."""
        # shorten() collapses line breaks, so a list stays a list.
        return shorten(self.body, SUMMARY, placeholder=" …")
