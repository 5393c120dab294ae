"""How many queries a page takes: a number that does not grow with what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blog.posts import services
from blog.posts.models import Post
from tests.factories import CommentFactory, PostFactory, TagFactory, UserFactory

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

    from blog.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(6)]


def grow(count: int, author: User) -> None:
    """Add posts with tags, comments and answers by many people."""
    for _ in range(count):
        tags = [TagFactory.create(), TagFactory.create(), *tags_in_common()]
        post = PostFactory.create(author=author, title="Penguin", tags=tags)
        post.slug = "penguin" if count == 1 else post.slug
        post.body = "It is about a penguin."
        services.save_post(post, author)
        add_talk(Post.objects.order_by("pk")[0])


def tags_in_common() -> list[object]:
    """Return the tag that all posts share."""
    tag = TagFactory._meta.model.objects.filter(slug="common").first()
    return [tag or TagFactory.create(name="Common", slug="common")]


def add_talk(post: Post) -> None:
    """Add a thread, three levels deep, by three people."""
    parent = None
    for depth in (1, 2, 3):
        parent = CommentFactory.create(post=post, parent=parent, depth=depth)
    CommentFactory.create(post=post, status="pending")


# Session, user, own and group permissions.
LOGGED_IN = 4


@pytest.mark.parametrize(
    ("address", "queries"),
    [
        ("/", 2),  # posts with authors, tags
        ("/tags/common/", 3),  # and the tag
        ("/authors/aki/", 4),  # and the author, and whether there is a post
        ("/archive/", 1),
        ("/posts/penguin/", 4),  # post, tags, threads, answers
        ("/feeds/rss.xml", 2),
        ("/feeds/atom.xml", 2),
        ("/sitemap.xml", 2),  # count, last change
        ("/sitemap-posts.xml", 2),  # count, posts
        ("/search/?q=nothing", 1),
    ],
)
def test_pages_for_readers(
    client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    address: str,
    queries: int,
) -> None:
    """The same number with one post and with seven; none for the session."""
    author = UserFactory.create(role="author", handle="aki")
    for count in (1, 6):
        grow(count, author)
        with django_assert_num_queries(queries):
            assert client.get(address).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_search(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Matches with authors, their tags, and the excerpts."""
    author = UserFactory.create(role="author")
    for count in (1, 6):
        grow(count, author)
        with django_assert_num_queries(3):
            assert b"<mark>" in client.get("/search/?q=penguin").content


@pytest.mark.parametrize(
    ("address", "queries"),
    [
        ("/write/", 2),  # posts, tags
        ("/write/new/", 0),
        ("/moderation/", 1),  # comments with all around them
        ("/posts/penguin/", 4),  # as for readers
    ],
)
def test_pages_for_editors(
    client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    address: str,
    queries: int,
) -> None:
    """The same number with one post and with seven."""
    editor = UserFactory.create(role="editor")
    client.force_login(editor)
    client.get("/robots.txt")  # the first request notes down the session
    for count in (1, 6):
        grow(count, editor)
        with django_assert_num_queries(LOGGED_IN + queries):
            assert client.get(address).status_code == 200


@pytest.mark.parametrize(("page", "queries"), [("", 3), ("revisions/", 2)])
def test_pages_of_one_post(
    client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    page: str,
    queries: int,
) -> None:
    """However many revisions and tags it has."""
    editor = UserFactory.create(role="editor")
    client.force_login(editor)
    client.get("/robots.txt")  # the first request notes down the session
    post = PostFactory.create(author=editor)
    for number in range(5):
        post.body = f"Version {number}"
        services.save_post(post, editor, tags=[f"tag {x}" for x in range(number)])
        with django_assert_num_queries(LOGGED_IN + queries):
            client.get(f"/write/{post.public_id}/{page}")
