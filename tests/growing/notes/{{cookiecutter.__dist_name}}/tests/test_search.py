"""Milestone 3: search."""

import pytest

from app.notes import store
from app.search.words import words
from tests.conftest import Get

pytestmark = pytest.mark.milestone(3)


def test_every_word_has_to_be_there(get: Get) -> None:
    """In the title or the text, in any case."""
    store.add("Milk", "two litres")
    store.add("Bread", "two loaves")
    page = get("/search", q="TWO milk").body
    assert "Milk" in page
    assert "Bread" not in page


@pytest.mark.parametrize("query", ["", "nowhere"])
def test_a_search_that_finds_nothing_says_so(get: Get, query: str) -> None:
    """An empty query finds nothing as well."""
    store.add("Milk", "two litres")
    assert "No notes found" in get("/search", q=query).body


def test_words_are_folded() -> None:
    """Capitals and marks do not count."""
    assert words("Milk, milk & Straße!") == {"milk", "strasse"}
