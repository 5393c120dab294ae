"""A05:2025 Injection: what is typed stays text in HTML, SQL, patterns and headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blog.posts import services
from blog.posts.models import Post
from tests.factories import CommentFactory, PostFactory
from tests.test_posts_markdown import Elements

if TYPE_CHECKING:
    from django.test import Client

    from blog.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(8)]

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](javascript:alert(1))",
    "<javascript:alert(1)>",
    "```<script>alert(1)</script>\n<script>\n```",
    '[x](https://example.com "onmouseover=alert(1) \\" x=\\"")',
    "`<script>alert(1)</script>`",
    "<style>@import 'https://evil.example'</style>",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_post_cannot_run_anything(client: Client, author: User, attack: str) -> None:
    """Not by its text, and not by title, summary, tags or author's name."""
    author.display_name = attack[:80]
    author.save()
    post = Post(author=author, title=attack, summary=attack, body=attack)
    services.save_post(post, author, tags=[attack[:40].replace(",", " ")])
    services.publish(post, author)
    for address in ("/", post.get_absolute_url(), "/search/?q=alert"):
        harmless(client.get(address).content.decode())


def harmless(page: str) -> None:
    """Assert that a page has no element, attribute or link that runs anything."""
    for tag, attributes in Elements(page).found:
        assert tag not in {"svg", "style", "iframe", "object", "embed"}
        assert tag != "script" or attributes["type"] == "application/ld+json"
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("href", "src", "action"):
            link = (attributes.get(name) or "").strip().lower()
            assert not link.startswith(("javascript", "data", "vbscript"))


def test_a_comment_cannot_run_anything(client: Client) -> None:
    """It is plain text."""
    post = PostFactory.create()
    CommentFactory.create(post=post, body="\n".join(ATTACKS))
    harmless(client.get(post.get_absolute_url()).content.decode())


@pytest.mark.parametrize(
    "query",
    [
        "' OR 1=1 --",
        "'; DROP TABLE posts_post; --",
        '" OR ""="',
        "x') UNION SELECT password FROM accounts_user --",
        "\\",
        "%27",
        "a & | ! ( ) :* <->",
        '+a -b ~c @d >e <f (g* "h',
        "\x00",
    ],
)
def test_a_search_is_never_sql(client: Client, query: str) -> None:
    """Neither SQL nor the search's own operators do more than find nothing."""
    PostFactory.create()
    answer = client.get("/search/", {"q": query})
    assert answer.status_code == 200
    assert b"<article" not in answer.content
    assert Post.objects.count() == 1


@pytest.mark.parametrize("query", ["%", "_", "P__t", "%ost%"])
def test_wildcards_find_themselves_only(client: Client, query: str) -> None:
    """A pattern would read the whole table, and find what was not asked for."""
    PostFactory.create()
    assert b"<article" not in client.get("/search/", {"q": query}).content


def test_a_title_adds_no_header(client: Client, author: User) -> None:
    """A line break in a title or an address does not reach the answer's headers."""
    post = Post(author=author, title="A\r\nSet-Cookie: x=1", body="x")
    services.save_post(post, author)
    services.publish(post, author)
    assert post.slug == "a-set-cookie-x1"
    post.title = "B"
    services.save_post(post, author)
    answer = client.get("/posts/a-set-cookie-x1/")
    assert answer["Location"] == "/posts/b/"
    assert not answer.cookies
    for address in ("/posts/x%0d%0aSet-Cookie:x=1/", "/tags/x%0aY:z/"):
        assert client.get(address).status_code == 404


def test_the_page_of_results_escapes_the_query(client: Client) -> None:
    """In the title, in the box and in the links to other pages."""
    for _ in range(11):
        PostFactory.create(title="alert")
    query = 'alert "><script>alert(1)</script>'
    harmless(client.get("/search/", {"q": query}).content.decode())
