"""Milestone 3: notes as CSV."""

import csv

import pytest

from app.notes.models import Note
from app.transfer.format import CONTENT_TYPE, dump

pytestmark = pytest.mark.milestone(3)


def test_a_spreadsheet_can_read_it() -> None:
    """Commas and quotes included."""
    lines = dump([Note(1, 'a, "b"', "c")]).splitlines()
    assert CONTENT_TYPE.startswith("text/csv")
    assert list(csv.reader(lines)) == [["id", "title", "body"], ["1", 'a, "b"', "c"]]
