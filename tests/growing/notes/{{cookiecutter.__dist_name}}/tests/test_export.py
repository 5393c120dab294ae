"""Milestone 3: the download."""

import pytest

from app.notes import store
from tests.conftest import Get

pytestmark = pytest.mark.milestone(3)


def test_every_note_is_in_the_file(get: Get) -> None:
    """Whatever the format."""
    store.add("Milk", "two litres")
    store.add("Bread", "")
    body = get("/export").body
    assert "Milk" in body
    assert "Bread" in body
