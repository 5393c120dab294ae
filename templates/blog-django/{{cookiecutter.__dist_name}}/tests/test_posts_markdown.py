"""From Markdown to HTML: what authors get, and what nobody gets."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blog.posts.markdown import (
    ATTRIBUTES,
    BUDGET,
    LANGUAGES,
    MAX_ADDRESSES,
    SMALLEST_COST,
    TAGS,
    to_html,
    to_text,
)

pytestmark = pytest.mark.milestone(2)

PIECES = [
    *("<script>", "</script>", "<img src=x onerror=alert(1)>", "<svg onload=x>"),
    *("javascript:alert(1)", "[a](", "](", ")", "![", "](javascript:x)", "data:x"),
    *("<a href='", "'>", '"', "`", "```", "\n", "\n\n", "# ", "> ", "- ", "|", "*"),
    *("&lt;script&gt;", "&#106;avascript:", "<!--", "-->", "style=", "<style>", "x"),
]


class Elements(HTMLParser):
    """Collects the elements of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.found.append((tag, dict(attrs)))


@given(
    st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=25).map("".join)
)
def test_no_text_makes_anything_that_runs(source: str) -> None:
    """Only harmless elements, attributes and kinds of links come out."""
    for tag, attributes in Elements(to_html(source)).found:
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES.get(tag, set()) | {"rel"}
        for name in ("href", "src"):
            link = attributes.get(name) or ""
            scheme = re.match(r"\s*([a-z][a-z0-9+.-]*):", link, re.IGNORECASE)
            assert scheme is None or scheme[1].lower() in {"http", "https", "mailto"}


def test_headings_can_be_linked_to_and_stand_below_the_title() -> None:
    """The page has its one h1 already; equal headings get numbers."""
    html = to_html("# One\n\n## Über uns\n\n## Über uns\n\n### 你好")
    assert '<h2 id="section-one">One</h2>' in html
    assert 'id="section-uber-uns"' in html
    assert 'id="section-uber-uns-2"' in html
    assert '<h3 id="section-part">' in html
    assert "<h1" not in html


def test_code_is_coloured_by_classes() -> None:
    """No style attribute, which the content security policy would not allow."""
    html = to_html("```python\ndef f(): return '<b>'\n```")
    assert '<span class="k">def</span>' in html
    assert "&lt;b&gt;" in html
    assert "style=" not in html
    assert '<pre tabindex="0">' in html


@pytest.mark.parametrize("language", ["", "no-such-language", "<script>"])
def test_code_of_an_unknown_language_is_shown_as_it_is(language: str) -> None:
    """The text counts, not the colours."""
    assert "<code>a &lt; b\n</code>" in to_html(f"```{language}\na < b\n```")


def test_links_do_not_hand_over_the_page() -> None:
    """Their rel keeps the opener, the referrer and the ranking here."""
    assert 'rel="noopener noreferrer nofollow"' in to_html("[x](https://example.com)")


def test_tables_align_by_class_and_scroll_on_small_screens() -> None:
    """They are as wide as they need to be."""
    html = to_html("| a | b |\n|--:|:-:|\n| 1 | 2 |")
    assert '<div class="table-scroll" tabindex="0"><table>' in html
    assert '<td class="align-right">1</td>' in html
    assert '<td class="align-center">2</td>' in html


def test_pictures_load_when_they_are_needed() -> None:
    """And keep the words that say what they show."""
    html = to_html('![A cat](/media/cat.webp "Tom")')
    assert 'alt="A cat"' in html
    assert 'loading="lazy"' in html


def test_html_that_is_typed_is_shown_not_used() -> None:
    """Authors write Markdown."""
    assert "&lt;div&gt;" in to_html("<div>x</div>")


def test_the_text_to_search_in_holds_words_only() -> None:
    """Neither elements nor entities."""
    assert to_text(to_html("# A & B\n\n*x* < `y`")) == "A & B x < y"


def test_a_few_characters_do_not_become_a_flood() -> None:
    """An address that is named once and used again and again is cut off somewhere."""
    source = f"[a]: https://example.com/{'y' * 20_000}\n\n" + "[a]" * 10_000
    html = to_html(source)
    assert html.count("<a href=") == MAX_ADDRESSES // 20_020
    assert len(html) < 2 * MAX_ADDRESSES + 50 * 10_000


def test_code_is_coloured_as_long_as_that_is_quick() -> None:
    """Lexers may take quadratic time: what is long, or too much, stays plain."""
    assert '<span class="k">if</span>' in to_html("```python\nif x: y\n```")
    assert "<span" not in to_html(f"```python\n{'if x: y\n' * 1000}```")
    many = to_html("```python\nif x: y\n```\n" * 150)
    assert many.count('<span class="k">if</span>') == BUDGET // SMALLEST_COST


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_is_known_to_the_lexers(language: str) -> None:
    """And colours what it gets without hanging on it."""
    assert "<pre" in to_html(f"```{language}\n{'0' * 500}\n```")


def test_a_language_that_hangs_is_not_coloured() -> None:
    """One lexer takes for ever over a page of zeros."""
    assert "0" * 1000 in to_html(f"```mcfunction\n{'0' * 1000}\n```")
