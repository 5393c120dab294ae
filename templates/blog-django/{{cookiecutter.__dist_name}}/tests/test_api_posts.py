"""Posts in the API: what is found, who reads it, and how it is written."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from blog.posts.models import Post
from tests.factories import (
    COMMITTED,
    PROBLEM,
    V1,
    PostFactory,
    TagFactory,
    UserFactory,
    api,
)

if TYPE_CHECKING:
    from blog.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(7)]

POSTS = f"{V1}/posts"
DRAFT = {"title": "Hello, world", "body": "My *first* post.", "tags": ["Django"]}


def slugs(query: str = "", user: User | None = None) -> list[str]:
    """Return what a list holds, in its order."""
    response = api(user).get(f"{POSTS}{query}")
    assert response.status_code == 200
    return [post["slug"] for post in response.json()["results"]]


def test_everyone_reads_what_is_published() -> None:
    """A post shows its text, its HTML and its author, but not the author's e-mail."""
    post = PostFactory.create(tags=[TagFactory.create(name="Django")])
    shown = api().get(f"{POSTS}/{post.slug}")
    assert shown.status_code == 200
    assert shown.json()["html"] == post.html
    assert shown.json()["url"] == f"http://testserver{post.get_absolute_url()}"
    assert shown.json()["tags"][0]["name"] == "Django"
    assert post.author.email not in shown.content.decode()
    assert "body" not in api().get(POSTS).json()["results"][0]


def test_drafts_are_there_for_their_author_and_editors_only(
    author: User, editor: User, reader: User
) -> None:
    """For anyone else there is no such post."""
    post = PostFactory.create(author=author, status="draft", published_at=None)
    for user, status in ((None, 404), (reader, 404), (author, 200), (editor, 200)):
        assert api(user).get(f"{POSTS}/{post.slug}").status_code == status
        assert slugs(user=user) == ([post.slug] if status == 200 else [])


def test_a_scheduled_post_appears_at_its_time(author: User) -> None:
    """Nothing has to run for it; the clock is enough."""
    soon = timezone.now() + dt.timedelta(hours=1)
    post = PostFactory.create(author=author, status="scheduled", published_at=soon)
    assert slugs() == []
    assert slugs("?status=scheduled", author) == [post.slug]
    Post.objects.update(published_at=timezone.now() - dt.timedelta(hours=1))
    assert slugs("?status=published") == [post.slug]
    assert api().get(f"{POSTS}/{post.slug}").json()["status"] == "published"


def test_the_list_is_filtered(author: User) -> None:
    """By tag, author and state, and by all of them together."""
    tag = TagFactory.create(slug="django")
    match = PostFactory.create(author=author, tags=[tag])
    PostFactory.create()
    draft = PostFactory.create(author=author, status="draft", published_at=None)
    query = f"?tag=django&author={author.handle}&status=published"
    assert slugs(query) == [match.slug]
    assert slugs("?tag=none") == []
    assert slugs("?status=draft", author) == [draft.slug]
    assert slugs("?status=draft") == []


@COMMITTED
def test_the_list_is_filtered_by_words() -> None:
    """Those of the search, in the order of the list."""
    old, new = PostFactory.create_batch(2, title="About elephants")
    PostFactory.create(title="About lions")
    assert slugs("?search=elephants") == [new.slug, old.slug]


@pytest.mark.parametrize("ordering", ["published_at", "-published_at", "-updated_at"])
def test_pages_hold_every_post_once(author: User, ordering: str) -> None:
    """Also where posts share a moment, and where drafts have none."""
    now = timezone.now()
    for n in range(4):
        PostFactory.create(author=author, published_at=now)
        PostFactory.create(author=author, published_at=now - dt.timedelta(days=n + 1))
        PostFactory.create(author=author, status="draft", published_at=None)
    client = api(author)
    address, found = f"{POSTS}?page_size=5&ordering={ordering}", list[str]()
    while address:
        page = client.get(address).json()
        found += [post["slug"] for post in page["results"]]
        address = page["next"]
    whole = client.get(f"{POSTS}?page_size=100&ordering={ordering}").json()
    assert found == [post["slug"] for post in whole["results"]]
    assert len(set(found)) == len(found) == 12


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page_size=101", "page_size"),
        ("page_size=0", "page_size"),
        ("ordering=body", "ordering"),
        ("status=secret", "status"),
        ("tag=%00", "tag"),
        ("search=%00", "search"),
        ("cursor=nonsense", "cursor"),
        ("cursor=WyJ4IiwxXQ", "cursor"),
        ("cursor=WzEsMTAwMDAwMDAwMDAwMDAwMDAwMDAwXQ", "cursor"),
        ("authr=me", "authr"),
    ],
)
def test_a_bad_query_is_refused_by_name(query: str, field: str) -> None:
    """A typo in a filter must not look like a list that happens to be complete."""
    response = api().get(f"{POSTS}?{query}")
    assert response.status_code == 422
    assert response["Content-Type"] == PROBLEM
    assert list(response.json()["errors"]) == [field]


def test_an_author_writes_publishes_and_deletes(author: User) -> None:
    """The whole life of a post."""
    client = api(author)
    created = client.post(POSTS, DRAFT)
    assert created.status_code == 201
    place = created["Location"]
    assert place.endswith("/api/v1/posts/hello-world")
    assert created.json()["status"] == "draft"
    assert created.json()["html"].strip() == "<p>My <em>first</em> post.</p>"
    published = client.post(f"{place}/publish")
    assert published.json()["status"] == "published"
    assert slugs() == ["hello-world"]
    again = client.post(f"{place}/publish")
    assert (again.status_code, again["Content-Type"]) == (409, PROBLEM)
    assert client.post(f"{place}/archive").json()["status"] == "archived"
    assert client.delete(place).status_code == 204
    assert client.delete(place).status_code == 404


def test_a_post_is_scheduled_for_the_future_only(author: User) -> None:
    """A time that is past is refused."""
    post = PostFactory.create(author=author, status="draft", published_at=None)
    address = f"{POSTS}/{post.slug}/schedule"
    past = timezone.now() - dt.timedelta(days=1)
    assert api(author).post(address, {"publish_at": past}).status_code == 409
    later = timezone.now() + dt.timedelta(days=1)
    response = api(author).post(address, {"publish_at": later})
    assert response.json()["status"] == "scheduled"


def test_put_replaces_and_patch_changes(author: User) -> None:
    """PUT sets what is not sent to its default; PATCH leaves it alone."""
    client = api(author)
    place = client.post(POSTS, DRAFT | {"summary": "It begins."})["Location"]
    patched = client.patch(place, {"title": "Hello again"}).json()
    assert (patched["slug"], patched["summary"]) == ("hello-again", "It begins.")
    assert [tag["name"] for tag in patched["tags"]] == ["Django"]
    place = f"{POSTS}/hello-again"
    replaced = client.put(place, {"title": "Hello again", "body": "New."}).json()
    assert (replaced["summary"], replaced["tags"]) == ("", [])
    versions = client.get(f"{place}/revisions").json()["results"]
    assert [version["body"] for version in versions] == ["New."] + [DRAFT["body"]] * 2


def test_a_stale_change_is_refused(author: User) -> None:
    """Whoever read an older version is told so, and overwrites nothing."""
    client = api(author)
    place = client.post(POSTS, DRAFT)["Location"]
    old = client.get(place)["ETag"]
    current = client.patch(place, {"summary": "A"}, headers={"If-Match": old})["ETag"]
    stale = client.patch(place, {"summary": "B"}, headers={"If-Match": old})
    assert (stale.status_code, stale["Content-Type"]) == (412, PROBLEM)
    assert client.delete(place, headers={"If-Match": old}).status_code == 412
    assert client.get(place).json()["summary"] == "A"
    weak = {"If-Match": f"W/{current}"}  # as a compressing proxy passes it on
    assert client.patch(place, {"summary": "C"}, headers=weak).status_code == 200


@pytest.mark.parametrize("path", ["", "/{slug}", "/{slug}/comments"])
def test_an_unchanged_read_is_answered_with_304(path: str) -> None:
    """The client keeps what it has; after a change it gets the new one."""
    post = PostFactory.create()
    address = f"{POSTS}{path.format(slug=post.slug)}"
    known = {"If-None-Match": api().get(address)["ETag"]}
    again = api().get(address, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    post.author.display_name = "Another"
    post.author.save()
    changed = 304 if path.endswith("comments") else 200
    assert api().get(address, headers=known).status_code == changed


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "published"}, "status"),
        ({"author": 1}, "author"),
        ({"html": "<script>"}, "html"),
        ({"slug": "mine"}, "slug"),
        ({"version": 7}, "version"),
        ({"title": "x" * 201}, "title"),
        ({"title": 5}, "title"),
        ({"title": ""}, "title"),
        ({"body": "x" * 100_001}, "body"),
        ({"tags": ["x"] * 9}, "tags"),
        ({"tags": [5]}, "tags"),
        ({"tags": ["x" * 41]}, "tags"),
        ({"comments_open": "yes"}, "comments_open"),
    ],
)
def test_what_may_not_be_said_is_refused_by_name(
    author: User, change: dict[str, object], field: str
) -> None:
    """Read-only and unknown fields, wrong types and too much of anything."""
    response = api(author).post(POSTS, DRAFT | change)
    assert response.status_code == 422
    assert list(response.json()["errors"]) == [field]
    assert not Post.objects.exists()


def test_a_reader_writes_no_posts_and_an_author_only_their_own(
    reader: User, author: User
) -> None:
    """Roles hold in the API as on the pages."""
    assert api(reader).post(POSTS, DRAFT).status_code == 403
    assert api().post(POSTS, DRAFT).status_code == 401
    others = PostFactory.create(author=UserFactory.create(role="author"))
    place = f"{POSTS}/{others.slug}"
    assert api(author).patch(place, {"title": "Mine"}).status_code == 403
    assert api(author).post(f"{place}/archive").status_code == 403
