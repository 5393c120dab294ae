"""OWASP A05:2025, injection: what people write stays data.

Values reach the database as parameters, pages through a template that escapes, and
Markdown through a renderer that knows no HTML.
"""

from __future__ import annotations

from html import unescape
from typing import Any

import httpx2
import pytest

from app.core.database import Database
from app.messages import markdown
from app.pages.pages import TEMPLATES
from app.settings import Settings
from tests.conftest import AsRole
from tests.factories import browser, log_in, make_room, make_user
from tests.pages import Browser, Open, opened, wrote

pytestmark = pytest.mark.milestone(8)
__all__ = ["opened"]
V1 = "/api/v1"
SCRIPT = "<script>alert(1)</script>"
QUOTES = "\"' onmouseover='alert(1)"
HOSTILE = [SCRIPT, QUOTES, "</title><img src=x onerror=alert(1)>"]


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_name_is_shown_as_text(
    client: httpx2.AsyncClient, database: Database, settings: Settings, text: str
) -> None:
    """Of a person, a room, a topic or a message: never as a part of the page."""
    user = await make_user(database, name=text, about=text, handle="ann")
    room = await make_room(database, user, name=text, topic=text)
    message = await wrote(database, room, user, text, html="<p>x</p>")
    headers, csrf = await browser(database, settings, user)
    someone = Browser(client, user, headers, csrf)
    for path in (
        "/",
        f"/rooms/{room.slug}",
        f"/rooms/{room.slug}/settings",
        f"/messages/{message.id}",
        "/users/ann",
        "/account",
    ):
        page = await someone.page(path)
        assert text not in page, path
        assert text in unescape(page), path


@pytest.mark.parametrize(
    "text",
    [
        SCRIPT,
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![x](https://evil.example/x.png)",
        "<a href='javascript:alert(1)'>x</a>",
        '[x](https://a.example "\\" onclick=alert(1)")',
        "`<b onclick=x>`",
    ],
)
def test_markdown_makes_no_html_of_its_own(text: str) -> None:
    """Only the tags that we know, and links to the web and to mail."""
    made = markdown.render(text)
    for part in ("<script", "<img", "<b ", 'href="javascript', 'href="data'):
        assert part not in made
    assert "onclick=alert(1)" not in made.replace("&quot;", '"').split(' title="')[0]


def test_a_link_gives_nothing_away() -> None:
    """Where it leads learns nothing, and gets no credit."""
    made = markdown.render("https://example.com/")
    assert 'rel="nofollow noopener ugc"' in made


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%", "_", "'; DROP TABLE rooms; --"])
async def test_a_search_is_no_statement(
    client: httpx2.AsyncClient, database: Database, settings: Settings, text: str
) -> None:
    """It finds what has the words, which is nothing; the table stays."""
    user = await make_user(database)
    room = await make_room(database, user)
    await wrote(database, room, user, "word")
    headers = await log_in(database, settings, user)

    async def found(words: str) -> list[Any]:
        answer = await client.get(f"{V1}/search", params={"q": words}, headers=headers)
        assert answer.status_code == 200
        return list(answer.json()["items"])

    assert await found(text) == []
    assert len(await found("word")) == 1


@pytest.mark.parametrize(
    "query", ["which=' OR 1=1", "after=%27%29", "limit=1;2", "x=1"]
)
async def test_a_filter_is_checked(
    client: httpx2.AsyncClient, as_role: AsRole, query: str
) -> None:
    """What does not fit its schema never reaches the database."""
    headers = await as_role("person")
    answer = await client.get(f"{V1}/rooms?{query}", headers=headers)
    assert answer.status_code == 422


async def test_no_header_is_written_by_a_client(opened: Open) -> None:
    """A line break in a path to go on to, or in a request id, adds none."""
    someone = await opened()
    answer = await someone.get("/login?next=/a%0d%0aSet-Cookie:%20evil=1")
    assert answer.status_code == 303
    assert "evil" not in answer.headers.get("Set-Cookie", "")
    given = {"X-Request-ID": "a\tb" * 10}
    answer = await someone.client.get("/", headers=someone.headers | given)
    assert answer.headers["X-Request-ID"] != given["X-Request-ID"]


def test_templates_escape_and_know_every_name() -> None:
    """Only what Markdown made, and was made safe by that, is put in as it is."""
    assert TEMPLATES.autoescape is True
    for name in TEMPLATES.list_templates():
        assert TEMPLATES.loader
        source, _, _ = TEMPLATES.loader.get_source(TEMPLATES, name)
        assert "autoescape" not in source
        assert source.count("|safe") == source.count("html|safe")
