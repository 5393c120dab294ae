"""A06:2025 Insecure design: limits and rules that hold when nobody is polite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import PermissionDenied

from blog.comments import services as comments
from blog.posts import pagination, search, services
from blog.posts.models import Post
from tests.factories import CommentFactory, PostFactory, UserFactory

if TYPE_CHECKING:
    from django.test import Client

    from blog.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(8)]


def test_a_flood_of_comments_is_stopped(reader_client: Client) -> None:
    """By the number of comments, whichever post they are on."""
    answers = [
        reader_client.post(f"{post.get_absolute_url()}comments/", {"body": "Spam"})
        for post in PostFactory.create_batch(comments.COMMENTS_PER_USER + 1)
    ]
    # A new window may begin in between: then there is one more to send.
    if answers[-1].status_code == 302:
        for _ in range(comments.COMMENTS_PER_USER):
            post = PostFactory.create()
            address = f"{post.get_absolute_url()}comments/"
            answers.append(reader_client.post(address, {"body": "Spam"}))
    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1]["Retry-After"]) <= comments.WINDOW_SECONDS


def test_a_stranger_shows_nothing_without_a_moderator(reader: User) -> None:
    """Nothing that a new account does is seen by all at once."""
    post = PostFactory.create()
    comment = comments.add_comment(post, reader, "x", address="::1")
    assert comment.status == "pending"
    with pytest.raises(PermissionDenied):
        comments.approve(comment, reader)


def test_states_cannot_be_set_past_the_rules(client: Client, author: User) -> None:
    """Fields that the form does not have change nothing, whoever sends them."""
    client.force_login(author)
    form = {"title": "x", "body": "x", "status": "published", "slug": "admin"}
    form |= {"author": "1", "published_at": "2020-01-01", "html": "<script>"}
    client.post("/write/new/", form)
    post = Post.objects.get()
    assert (post.status, post.slug, post.published_at) == ("draft", "x", None)
    assert (post.author, post.html) == (author, "<p>x</p>\n")


def test_nobody_approves_by_sending_a_status(reader_client: Client) -> None:
    """A comment has the state that the rules give it."""
    post = PostFactory.create()
    form = {"body": "x", "status": "approved", "depth": "1", "author": "1"}
    reader_client.post(f"{post.get_absolute_url()}comments/", form)
    assert post.comments.get().status == "pending"


def test_the_cost_of_a_page_has_a_limit(client: Client) -> None:
    """No address makes the server read far, rank much or split long texts."""
    assert client.get(f"/?page={pagination.LAST_PAGE + 1}").status_code == 404
    assert client.get("/search/", {"q": "a " * 5000}).status_code == 200
    assert len(search.clean("a" * 5000)) <= search.MAX_LENGTH
    post = PostFactory.create()
    address = f"{post.get_absolute_url()}?comments={pagination.LAST_PAGE + 1}"
    assert client.get(address).status_code == 404


def test_what_others_wait_for_stays_between_them(client: Client) -> None:
    """Neither a draft nor a waiting comment can be guessed by its number."""
    draft = PostFactory.create(status="draft", published_at=None)
    waiting = CommentFactory.create(status="pending", body="Secret")
    client.force_login(UserFactory.create())
    assert client.get(draft.get_absolute_url()).status_code == 404
    page = client.get(waiting.post.get_absolute_url(), {"reply_to": waiting.pk})
    assert b"Secret" not in page.content


def test_two_editors_cannot_both_win(author: User) -> None:
    """The second save over the same version is refused, not merged by luck."""
    post = services.save_post(Post(author=author, title="x", body="x"), author)
    version = post.version
    services.save_post(post, author, seen_version=version)
    with pytest.raises(services.EditConflictError):
        services.save_post(post, author, seen_version=version)
