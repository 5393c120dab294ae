"""Markdown of messages: what it makes, and that nobody gets a script through it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from app.messages.markdown import PLAIN, mentioned, render

pytestmark = pytest.mark.milestone(4)
TAGS = {
    "p",
    "br",
    "em",
    "strong",
    "s",
    "code",
    "pre",
    "a",
    "ul",
    "ol",
    "li",
    "blockquote",
}
REL = 'rel="nofollow noopener ugc"'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hello, world. It's 10!", "<p>Hello, world. It's 10!</p>\n"),
        (
            "*a* **b** ~~c~~ `d`",
            "<em>a</em> <strong>b</strong> <s>c</s> <code>d</code>",
        ),
        ("one\ntwo", "one<br>\ntwo"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("```\n<b>\n```", "<pre><code>&lt;b&gt;\n</code></pre>"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
        ("# no heading", "<p># no heading</p>"),
        ("![x](http://a.example/b.png)", "!<a "),
        ("[x](https://a.example)", f'<a href="https://a.example" {REL}>x</a>'),
        (
            "see example.com/a",
            f'<a href="http://example.com/a" {REL}>example.com/a</a>',
        ),
        ("[x](mailto:a@b.example)", f'<a href="mailto:a@b.example" {REL}>'),
    ],
)
def test_the_small_part_that_is_rendered(text: str, html: str) -> None:
    """A handful of things, and the rest is text."""
    assert html in render(text)


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "/x",
    ],
)
def test_other_addresses_are_no_links(address: str) -> None:
    """Only the web and mail; not even addresses of our own."""
    assert "<a" not in render(f"[x]({address}) <{address}>")


def test_a_mention_is_a_link_outside_of_code_and_links() -> None:
    """Of those who were found; in lower case, whatever was written."""
    html = render("@Ada `@ada` [@ada](http://x.example) @bob", {"ada"})
    assert html.count('class="mention"') == 1
    assert '<a class="mention" href="/users/ada">@ada</a> <code>' in html


def test_handles_are_found_and_addresses_are_not() -> None:
    """A handle stands by itself."""
    assert mentioned("@ada, @Ben! x@carl.example @@dora /@eve") == {"ada", "ben"}
    assert len(mentioned(" ".join(f"@user{n}" for n in range(99)))) == 20


def test_plain_words_come_out_as_the_parser_renders_them() -> None:
    """The short way for most messages makes what the long way makes."""
    for text in ("Hello", "So, 10 of them. Yes!", "It's", "a  b", "x " * 30 + "y."):
        assert PLAIN.fullmatch(text)
        assert render(text) == f"<p>{text}</p>\n"
        marked = render(f"{text}\n\n`x`")
        assert marked.startswith(render(text))


class Tags(HTMLParser):
    """Collects what is in some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attrs: set[tuple[str, str]] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and what it has."""
        self.found.add(tag)
        self.attrs |= {(name, value or "") for name, value in attrs}


NASTY = st.lists(
    st.sampled_from(
        [
            *"<>\"'`*_[]()\n\\!",
            "@ada",
            "> ",
            "- ",
            "~~",
            "&#",
            "a ",
            "javascript:",
            "http://x",
            "www.xn--0",
            "http://~://",
            "onload=",
            "<script>",
        ]
    )
    | st.text(max_size=3),
    max_size=30,
).map("".join)


@given(NASTY)
@example("[a](http://x'onload=)")
@example('[a](http://x "onload=alert(1)")')
@example("```<script>\nx\n```")
@example("ww.xn--0[http://~://")  # the library raises: it is shown as it was typed
def test_nothing_makes_it_unsafe(text: str) -> None:
    """Only tags and attributes that do nothing, and links to the web."""
    made = Tags(render(text, {"ada"}))
    assert made.found <= TAGS
    names = {name for name, _ in made.attrs}
    assert names <= {"href", "rel", "class", "title", "start"}
    for name, value in made.attrs:
        if name == "href":
            assert re.match(r"https?://|mailto:|/users/ada$", value, re.IGNORECASE)
