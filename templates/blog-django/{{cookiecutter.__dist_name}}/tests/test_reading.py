"""What readers open: home, post, tag, author, archive, and what caches may keep."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from blog.posts import services
from tests.factories import CommentFactory, PostFactory, TagFactory, UserFactory

if TYPE_CHECKING:
    from django.test import Client

    from blog.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(2)]


def days_ago(days: int) -> dt.datetime:
    """Return a moment in the past."""
    return timezone.now() - dt.timedelta(days=days)


def titles(client: Client, address: str) -> list[str]:
    """Return the headings of the posts on a page."""
    page = client.get(address).content.decode()
    return re.findall(r"<h2><a href=[^>]*>([^<]*)</a></h2>", page)


def test_home_shows_the_newest_first_and_only_what_is_public(client: Client) -> None:
    """Drafts, plans and the archive are not for readers."""
    PostFactory.create(title="Old", published_at=days_ago(2))
    PostFactory.create(title="New", published_at=days_ago(1))
    PostFactory.create(title="Due", status="scheduled", published_at=days_ago(0))
    PostFactory.create(title="Later", status="scheduled", published_at=days_ago(-1))
    PostFactory.create(title="Draft", status="draft", published_at=None)
    PostFactory.create(title="Gone", status="archived", published_at=days_ago(3))
    assert titles(client, "/") == ["Due", "New", "Old"]


def test_lists_turn_pages(client: Client) -> None:
    """Ten on a page; a page that is not there is not found."""
    for day in range(12):
        PostFactory.create(title=f"Day {day}", published_at=days_ago(day))
    assert titles(client, "/") == [f"Day {day}" for day in range(10)]
    assert titles(client, "/?page=2") == ["Day 10", "Day 11"]
    assert b'rel="next" href="?page=2"' in client.get("/").content
    for page in ("0", "3", "-1", "x", "101", "9" * 30, "²"):
        assert client.get("/", {"page": page}).status_code == 404


def test_an_empty_blog_says_so(client: Client) -> None:
    """The first visit, before anything is written."""
    assert b"Nothing has been published" in client.get("/").content
    assert client.get("/archive/").status_code == 200


def test_tag_and_author_have_pages(client: Client) -> None:
    """Each with its own posts."""
    tag = TagFactory.create(name="Django", slug="django")
    post = PostFactory.create(title="Mine", tags=[tag])
    PostFactory.create(title="Other")
    assert titles(client, "/tags/django/") == ["Mine"]
    assert titles(client, post.author.get_absolute_url()) == ["Mine"]
    assert client.get("/tags/nothing/").status_code == 404


def test_who_never_published_has_no_page(client: Client, reader: User) -> None:
    """A list of authors is not a list of accounts."""
    assert client.get(reader.get_absolute_url()).status_code == 404


def test_the_archive_counts_by_month(client: Client) -> None:
    """A month leads to its posts, up to its last moment."""
    for day, hour in ((1, 0), (31, 23)):
        moment = dt.datetime(2025, 12, day, hour, 59, tzinfo=dt.UTC)
        PostFactory.create(title=f"December {day}", published_at=moment)
    january = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    PostFactory.create(title="January", published_at=january)
    page = client.get("/archive/").content.decode()
    assert page.index("2026") < page.index("2025")
    assert "2 posts" in page
    assert titles(client, "/archive/2025/12/") == ["December 31", "December 1"]
    for address in ("/archive/2025/13/", "/archive/0/1/", "/archive/99999/1/"):
        assert client.get(address).status_code == 404


def test_a_post_shows_its_html_and_tells_machines_what_it_is(client: Client) -> None:
    """Canonical address, OpenGraph, and JSON-LD that no title can break out of."""
    title = "</script><script>alert(1)</script> & more"
    post = PostFactory.create(title=title, tags=[TagFactory.create()])
    page = client.get(post.get_absolute_url()).content.decode()
    assert post.html in page
    assert f'<link rel="canonical" href="http://testserver/posts/{post.slug}/">' in page
    assert '<meta property="og:type" content="article">' in page
    data = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert json.loads(data[0])["headline"] == title
    assert "<script>alert" not in page


def test_an_old_address_leads_to_the_new_one(client: Client, author: User) -> None:
    """For good (301), and only where the reader may go."""
    post = PostFactory.create(author=author, title="Old", slug="old")
    post.title = "New"
    services.save_post(post, author)
    answer = client.get("/posts/old/")
    assert (answer.status_code, answer["Location"]) == (301, "/posts/new/")
    services.archive(post, author)
    assert client.get("/posts/old/").status_code == 404


def test_a_draft_is_for_its_author_and_for_editors(
    client: Client, author: User, editor: User, reader: User
) -> None:
    """For others it is not there; search engines are told to stay away."""
    post = PostFactory.create(author=author, status="draft", published_at=None)
    stranger = UserFactory.create(role="author")
    for user, status in ((author, 200), (editor, 200), (reader, 404), (stranger, 404)):
        client.force_login(user)
        assert client.get(post.get_absolute_url()).status_code == status
    client.logout()
    assert client.get(post.get_absolute_url()).status_code == 404
    client.force_login(author)
    assert b"noindex" in client.get(post.get_absolute_url()).content


@pytest.mark.milestone(6)
def test_an_unchanged_page_is_not_sent_again(client: Client) -> None:
    """304 for whoever has it; a new comment makes it a new page."""
    post = PostFactory.create()
    for address in ("/", post.get_absolute_url(), "/archive/"):
        first = client.get(address)
        again = client.get(address, headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert "Cookie" in first["Vary"]
    before = client.get(post.get_absolute_url())["ETag"]
    CommentFactory.create(post=post)
    changed = client.get(post.get_absolute_url(), headers={"If-None-Match": before})
    assert changed.status_code == 200


@pytest.mark.milestone(6)
def test_no_cache_gives_one_persons_page_to_another(
    client: Client, author: User
) -> None:
    """What a logged-in person sees is private and has no tag."""
    post = PostFactory.create(author=author)
    tag = client.get(post.get_absolute_url())["ETag"]
    client.force_login(author)
    for address in ("/", post.get_absolute_url(), "/search/?q=post"):
        answer = client.get(address, headers={"If-None-Match": tag})
        assert answer.status_code == 200
        assert "private" in answer["Cache-Control"]
        assert "ETag" not in answer


def test_a_page_changes_nothing_when_posted_to(client: Client) -> None:
    """Reading is GET and HEAD."""
    assert client.post("/").status_code == 405
    assert client.head("/").status_code == 200


def test_what_is_not_there_has_a_page_in_the_frame_of_the_site(client: Client) -> None:
    """With a way back."""
    answer = client.get("/nothing/")
    assert answer.status_code == 404
    assert b"To the newest posts" in answer.content


def test_the_name_of_a_tag_is_as_secret_as_its_drafts(client: Client) -> None:
    """The page of a tag is there from its first public post on."""
    tag = TagFactory.create(name="Takeover")
    draft = PostFactory.create(status="draft", published_at=None, tags=[tag])
    assert client.get(tag.get_absolute_url()).status_code == 404
    services.publish(draft, draft.author)
    assert "Takeover" in client.get(tag.get_absolute_url()).content.decode()


@pytest.mark.parametrize("date", ["99999999999/1", f"{10**30}/1", f"2026/{10**30}"])
def test_a_month_that_no_calendar_has_is_not_found(client: Client, date: str) -> None:
    """However large its number is."""
    assert client.get(f"/archive/{date}/").status_code == 404
