"""From the Markdown that an author types to HTML that is safe to show to anyone."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import nh3
from django.utils.html import strip_tags
from django.utils.text import slugify
from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token
    from markdown_it.utils import OptionsDict

# The sanitiser, not the parser, is what readers rely on: all that is not named goes.
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "loading"},
    "span": {"class"},
    "code": {"class"},
    "pre": {"tabindex"},
    "div": {"class", "tabindex"},
    "h2": {"id"},
    "h3": {"id"},
    "h4": {"id"},
    "h5": {"id"},
    "h6": {"id"},
    "ol": {"start"},
    "th": {"class"},
    "td": {"class"},
}
TAGS = {
    *ATTRIBUTES,
    *("p", "br", "hr", "em", "strong", "s", "blockquote", "ul", "li"),
    *("table", "thead", "tbody", "tr"),
}
SCHEMES = {"http", "https", "mailto"}
# A few characters of Markdown can stand for a long address, again and again.
MAX_ADDRESSES = 200_000  # characters, in one post
# Some lexers of Pygments never end on a page of zeros, and many take quadratic time:
# these do not hang, and get code that is short enough, until the budget is spent.
LANGUAGES = {
    *("bash", "sh", "shell", "console", "powershell", "docker", "dockerfile", "nginx"),
    *("python", "py", "pycon", "javascript", "js", "jsx", "typescript", "ts", "tsx"),
    *("html", "django", "jinja", "css", "scss", "json", "yaml", "toml", "ini", "xml"),
    *("c", "cpp", "csharp", "java", "kotlin", "swift", "go", "rust", "ruby", "php"),
    *("sql", "diff", "http"),
}
MAX_BLOCK, SMALLEST_COST, BUDGET = 3_000, 200, 20_000  # characters
# Short names are those of Pygments: "k", "nf", "s1". Nothing else can be dressed up.
CLASSES = re.compile(r"[a-z][a-z0-9]{0,2}|highlight|table-scroll|align-(center|right)")


def to_html(source: str) -> str:
    """Return the sanitised HTML of Markdown, with headings that can be linked to."""
    dirty = _parser.render(source, {"slugs": {}, "budget": BUDGET})
    return nh3.clean(
        dirty,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_filter,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )


def to_text(safe_html: str) -> str:
    """Return the words of sanitised HTML, to search in and to make excerpts of."""
    return " ".join(html.unescape(strip_tags(safe_html)).split())


def _filter(_tag: str, attribute: str, value: str) -> str | None:
    if attribute == "class":
        return " ".join(x for x in value.split() if CLASSES.fullmatch(x)) or None
    # A heading must not take the id of a part of the page.
    if attribute == "id" and not value.startswith("section-"):
        return None
    return value


def _colour(code: str, language: str, env: MutableMapping[str, Any]) -> str:
    """Return the HTML of the code, coloured if that does not take too long."""
    env["budget"] -= max(len(code), SMALLEST_COST)
    if language not in LANGUAGES or len(code) > MAX_BLOCK or env["budget"] < 0:
        return html.escape(code)
    lexer = get_lexer_by_name(language, stripnl=False)
    coloured: str = highlight(code, lexer, HtmlFormatter(nowrap=True))
    return coloured


def _fence(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    """Make a code block that the keyboard can scroll."""
    words = tokens[index].info.split()
    code = _colour(tokens[index].content, words[0].lower() if words else "", env)
    return f'<div class="highlight"><pre tabindex="0"><code>{code}</code></pre></div>\n'


def _heading(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    """Open a heading below the title of the page, with an id of its own."""
    token = tokens[index]
    token.tag = _lowered(token.tag)
    stem = f"section-{slugify(tokens[index + 1].content)[:60] or 'part'}"
    env["slugs"][stem] = number = env["slugs"].get(stem, 0) + 1
    token.attrSet("id", stem if number == 1 else f"{stem}-{number}")
    return self.renderToken(tokens, index, options, env)


def _heading_end(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    tokens[index].tag = _lowered(tokens[index].tag)
    return self.renderToken(tokens, index, options, env)


def _lowered(tag: str) -> str:
    """Return the tag to use: the page has its one h1 already."""
    return "h2" if tag == "h1" else tag


def _image(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    tokens[index].attrSet("loading", "lazy")
    return self.image(tokens, index, options, env)


def _cell(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    """Align by a class, as the content security policy allows no style attribute."""
    style = str(tokens[index].attrs.pop("style", ""))
    if style in {"text-align:center", "text-align:right"}:
        tokens[index].attrSet("class", style.replace("text-", "").replace(":", "-"))
    return self.renderToken(tokens, index, options, env)


def _limit_addresses(state: StateCore) -> None:
    """Take the addresses from links and images once there is too much of them."""
    left = MAX_ADDRESSES
    for token in state.tokens:
        for part in token.children or ():
            for name in {"href", "src", "title"} & part.attrs.keys():
                left -= len(str(part.attrs[name]))
                if left < 0:
                    del part.attrs[name]


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(
        ["table", "strikethrough"]
    )
    rules = {
        "fence": _fence,
        "code_block": _fence,
        "heading_open": _heading,
        "heading_close": _heading_end,
        "image": _image,
        "th_open": _cell,
        "td_open": _cell,
        "table_open": lambda *_: '<div class="table-scroll" tabindex="0"><table>\n',
        "table_close": lambda *_: "</table></div>\n",
    }
    for name, rule in rules.items():
        parser.add_render_rule(name, rule)
    parser.core.ruler.push("limit_addresses", _limit_addresses)
    return parser


_parser = _make_parser()
