"""Markdown of messages: a small part of it, rendered once, as HTML that does nothing.

HTML in a message is text. Links go to the web or to mail, tell the other side nothing,
and give it no standing with search engines.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from html import escape

import structlog
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

HANDLE = re.compile(r"(?<![\w@/.])@([a-z0-9_]{2,30})(?!\w)", re.IGNORECASE)
MOST_MENTIONS = 20
SCHEMES = ("http://", "https://", "mailto:")
# Most messages are some words: of those nothing has to be parsed.
PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9 ,!?']|\.(?= |$))*")
RULES = (
    ("fence", "blockquote", "list", "paragraph"),
    ("newline", "backticks", "strikethrough", "emphasis", "link", "autolink", "escape"),
)
log = structlog.get_logger("markdown")


def mentioned(text: str) -> set[str]:
    """Return the handles that a message may mention, in lower case."""
    if "@" not in text:
        return set()
    found = [match[1].lower() for match in HANDLE.finditer(text)]
    return set(found[:MOST_MENTIONS])


def render(text: str, handles: Collection[str] = ()) -> str:
    """Return the HTML of a message; `handles` are those who are really mentioned.

    Every text has some: what the parser fails on is shown as it was typed.
    """
    if not PLAIN.fullmatch(text):
        try:
            return str(_markdown.render(text, {"handles": frozenset(handles)}))
        except Exception:  # rare mixes of links and brackets break its link finder
            log.exception("message not rendered as Markdown")
    lines = escape(text, quote=False).replace("\n", "<br>\n")
    return f"<p>{lines}</p>\n"


def _finish(state: StateCore) -> None:
    """Mark links as those of people, and mentions as links."""
    for block in state.tokens:
        if block.type != "inline" or not block.children:
            continue
        made: list[Token] = []
        depth = 0
        for token in block.children:
            depth += token.nesting if token.type.startswith("link_") else 0
            if token.type == "link_open":
                token.attrSet("rel", "nofollow noopener ugc")
            if token.type == "text" and not depth:
                made.extend(_with_mentions(token, state.env["handles"]))
            else:
                made.append(token)
        block.children = made


def _with_mentions(token: Token, handles: Collection[str]) -> Iterator[Token]:
    rest = 0
    for match in HANDLE.finditer(token.content):
        handle = match[1].lower()
        if handle not in handles:
            continue
        yield _text(token.content[rest : match.start()])
        attrs: dict[str, str | int | float] = {
            "class": "mention",
            "href": f"/users/{handle}",
        }
        yield Token("link_open", "a", 1, attrs=attrs)
        yield _text(f"@{handle}")
        yield Token("link_close", "a", -1)
        rest = match.end()
    yield _text(token.content[rest:])


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _make() -> MarkdownIt:
    options = {"html": False, "linkify": True, "breaks": True, "maxNesting": 20}
    markdown = MarkdownIt("zero", options)
    markdown.enable(
        [*RULES[0], *RULES[1], "linkify", "balance_pairs", "fragments_join"]
    )
    # Each replaces what belongs to the instance: the library looks it up there.
    markdown.validateLink = lambda url: url.lower().startswith(SCHEMES)  # type: ignore[method-assign]
    markdown.core.ruler.push("finish", _finish)
    return markdown


_markdown = _make()
