"""Finding posts by their words, on whatever database the tests run."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from blog.posts import search
from blog.posts.models import Post
from blog.posts.search import plain
from tests.factories import PostFactory

if TYPE_CHECKING:
    from django.test import Client

# A full-text index may know only what is committed, hence `transaction`.
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.milestone(6),
]


def found(query: str) -> list[str]:
    """Return the titles of what is found, best first."""
    return [post.title for post in search.search(Post.objects.visible(), query)]


def snippet(query: str, text: str) -> str:
    """Return the highlighted excerpt of a post with this text."""
    post = PostFactory.create(text=text)
    return str(search.snippets([post], query)[post.pk])


def test_a_title_counts_more_than_a_text() -> None:
    """Even if the text is newer."""
    earlier = timezone.now() - dt.timedelta(days=9)
    PostFactory.create(title="Indexes", published_at=earlier)
    PostFactory.create(title="Other", text="Something about indexes as well.")
    PostFactory.create(title="Nothing")
    assert found("indexes") == ["Indexes", "Other"]


def test_summary_and_text_are_searched() -> None:
    """In any case of letters."""
    PostFactory.create(title="One", summary="All about Penguins.")
    PostFactory.create(title="Two", text="penguins again")
    assert sorted(found("PENGUINS")) == ["One", "Two"]


def test_what_is_not_public_is_not_found() -> None:
    """Search must not be a way around a draft."""
    PostFactory.create(title="Secret penguins", status="draft", published_at=None)
    assert found("penguins") == []


def test_a_page_shows_the_place_that_matches(client: Client) -> None:
    """With the words marked and everything else escaped."""
    long = "word " * 100
    text = f"{long}the <b>penguin</b> & friends {long}"
    PostFactory.create(title="Birds", slug="birds", text=text)
    page = client.get("/search/", {"q": "penguin"}).content.decode()
    assert "Results for “penguin”" in page
    assert "<mark>penguin</mark>" in page
    assert "<b>" not in page
    assert 'href="/posts/birds/"' in page
    assert len(page) < 6000


def test_text_never_becomes_html() -> None:
    """Neither that of the post nor that of the query."""
    shown = snippet("script", "a <script>alert(1)</script> b <mark> c")
    assert "<script>" not in shown
    assert shown.count("<mark>") == shown.count("</mark>")


def test_nothing_typed_and_nothing_found_are_pages_too(client: Client) -> None:
    """Each with a sentence."""
    assert b"Type some words" in client.get("/search/").content
    assert b"Type some words" in client.get("/search/", {"q": "?! ()"}).content
    assert b"Nothing matches" in client.get("/search/", {"q": "penguin"}).content


def test_results_turn_pages_and_keep_the_words(client: Client) -> None:
    """The address of the next page has the query in it."""
    for number in range(12):
        PostFactory.create(title=f"Penguin {number}")
    page = client.get("/search/", {"q": "penguin & co"}).content.decode()
    if "Nothing matches" in page:  # every word counts there
        page = client.get("/search/", {"q": "penguin"}).content.decode()
    assert "page=2" in page
    assert client.get("/search/", {"q": "penguin", "page": "2"}).status_code == 200


def test_short_words_are_found() -> None:
    """Also where the database's index leaves them out."""
    PostFactory.create(title="Go")
    PostFactory.create(title="Rust")
    assert found("Go") == ["Go"]


@given(st.text(max_size=120))
@pytest.mark.django_db(transaction=False)
def test_any_query_is_answered(query: str) -> None:
    """Quotes, operators and control characters are no error."""
    list(search.search(Post.objects.visible(), query)[:5])


@given(text=st.text(max_size=300), query=st.text(min_size=1, max_size=20))
def test_plain_excerpts_are_always_well_formed(text: str, query: str) -> None:
    """Whatever is searched for in whatever text, only marks come out as HTML."""
    shown = str(plain.excerpt(text, query))
    without = shown.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in without
    assert ">" not in without
    assert shown.count("<mark>") == shown.count("</mark>")


def test_the_fallback_ranks_and_needs_every_word() -> None:
    """It is what SQLite has; here it is tried on any database."""
    PostFactory.create(title="Penguins fly")
    PostFactory.create(title="Other", text="Do penguins fly?")
    PostFactory.create(title="Penguins swim")
    posts = plain.find(Post.objects.visible(), "penguins fly")
    assert [post.title for post in posts] == ["Penguins fly", "Other"]
    assert not plain.find(Post.objects.visible(), '""').exists()


def test_a_query_has_limits() -> None:
    """Eight words of a hundred characters in all."""
    assert search.clean("a " * 80) == "a a a a a a a a"
    assert len(search.clean("x" * 500)) == 100
    assert search.clean("a\x00b\nc") == "a b c"
    assert search.snippets([], "x") == {}
