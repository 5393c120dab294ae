"""Milestone 3: notes as JSON."""

import json

import pytest

from app.notes.models import Note
from app.transfer.format import CONTENT_TYPE, dump

pytestmark = pytest.mark.milestone(3)


def test_a_program_can_read_it() -> None:
    """Quotes included."""
    note = {"id": 1, "title": 'a "b"', "body": "c"}
    assert CONTENT_TYPE == "application/json"
    assert json.loads(dump([Note(1, 'a "b"', "c")])) == [note]
