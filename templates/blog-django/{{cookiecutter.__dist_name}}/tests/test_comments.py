"""Comments: threads, who waits for a moderator, limits, and the trap for robots."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from blog.comments import demo, services
from blog.comments.models import MAX_DEPTH, Comment
from blog.comments.threads import Thread, arrange
from tests.factories import CommentFactory, PostFactory, UserFactory

if TYPE_CHECKING:
    from django.test import Client

    from blog.accounts.models import User
    from blog.posts.models import Post

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(5)]

NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def post() -> Post:
    """Return a published post."""
    return PostFactory.create()


def send(client: Client, post: Post, body: str = "Hi", **more: str) -> Any:
    """Send the form of the page."""
    address = f"{post.get_absolute_url()}comments/"
    return client.post(address, {"body": body} | more)


def test_a_strangers_way_to_a_comment_is_to_log_in(client: Client, post: Post) -> None:
    """The page says so, and the address of the form insists."""
    assert (
        b"Sign in</a> to write a comment" in client.get(f"/posts/{post.slug}/").content
    )
    assert "/accounts/login/" in send(client, post)["Location"]


def test_a_readers_comment_waits(
    reader_client: Client, client: Client, post: Post
) -> None:
    """Its author sees it at once, others after a moderator did."""
    answer = send(reader_client, post, "First!")
    comment = Comment.objects.get()
    assert answer["Location"] == f"/posts/{post.slug}/#comment-{comment.pk}"
    assert b"First!" in reader_client.get(f"/posts/{post.slug}/").content
    client.logout()
    assert b"First!" not in client.get(f"/posts/{post.slug}/").content


def test_authors_and_editors_are_trusted(
    post: Post, author: User, editor: User
) -> None:
    """Their comments appear at once."""
    for user in (author, editor):
        comment = services.add_comment(post, user, "Hi", address="::1")
        assert comment.status == "approved"


def test_replies_go_three_levels_deep(post: Post, author: User) -> None:
    """A reply to the deepest is put beside it."""
    last = None
    for _ in range(5):
        last = services.add_comment(post, author, "x", address="::1", parent=last)
    depths = list(Comment.objects.order_by("pk").values_list("depth", flat=True))
    assert depths == [1, 2, 3, 3, 3]


@given(st.lists(st.integers(min_value=-1, max_value=30), max_size=30))
def test_every_comment_stands_below_what_it_answers(answers: list[int]) -> None:
    """In any talk: each once, the depth right, the oldest first."""
    comments: list[Comment] = []
    for number, wanted in enumerate(answers):
        parent = comments[wanted % number] if number and wanted >= 0 else None
        if parent and parent.depth >= MAX_DEPTH:
            parent = comments[parent.parent_id - 1] if parent.parent_id else None
        comment = Comment(pk=number + 1, body=str(number))
        comment.parent_id = parent.pk if parent else None
        comment.depth = parent.depth + 1 if parent else 1
        comment.created_at = NOON + dt.timedelta(seconds=number)
        comments.append(comment)
    seen: list[int] = []

    def walk(threads: list[Thread], parent: int | None, depth: int) -> None:
        assert depth <= MAX_DEPTH or not threads
        keys = [thread.comment.pk for thread in threads]
        assert keys == sorted(keys)
        for thread in threads:
            assert thread.comment.parent_id == parent
            seen.append(thread.comment.pk)
            walk(thread.replies, thread.comment.pk, depth + 1)

    walk(arrange(reversed(comments)), None, 1)
    assert sorted(seen) == [comment.pk for comment in comments]


def test_what_answers_a_hidden_comment_is_hidden(client: Client, post: Post) -> None:
    """A thread without its beginning would make no sense."""
    spam = CommentFactory.create(post=post, status="spam", body="Buy this")
    CommentFactory.create(post=post, parent=spam, depth=2, body="Do not")
    page = client.get(f"/posts/{post.slug}/").content
    assert b"Buy this" not in page
    assert b"Do not" not in page


def test_a_reply_names_whom_it_answers(reader_client: Client, post: Post) -> None:
    """Without any script: the link leads to the same page with the form set."""
    comment = CommentFactory.create(post=post, author__display_name="Ada")
    page = reader_client.get(f"/posts/{post.slug}/", {"reply_to": comment.pk}).content
    assert b"You reply to Ada" in page
    send(reader_client, post, "Yes", parent=str(comment.pk))
    assert Comment.objects.get(body="Yes").parent == comment
    strange = reader_client.get(f"/posts/{post.slug}/", {"reply_to": "x"})
    assert b"You reply to" not in strange.content


def test_threads_turn_pages(client: Client, post: Post) -> None:
    """Twenty threads on a page, each with all its answers."""
    roots = CommentFactory.create_batch(21, post=post)
    CommentFactory.create(post=post, parent=roots[20], depth=2, body="Late answer")
    first = client.get(f"/posts/{post.slug}/").content
    assert b"Late answer" not in first
    assert b'href="?comments=2#comments"' in first
    assert b"Late answer" in client.get(f"/posts/{post.slug}/?comments=2").content


def test_a_comment_is_plain_text(client: Client, post: Post) -> None:
    """Whatever is typed is shown as typed."""
    CommentFactory.create(post=post, body="<b>bold</b>\n\njavascript:alert(1)")
    page = client.get(f"/posts/{post.slug}/").content
    assert b"&lt;b&gt;bold&lt;/b&gt;" in page
    assert b'href="javascript' not in page


@pytest.mark.parametrize("body", ["", "   \n ", "x" * 2001])
def test_empty_and_endless_comments_are_refused(
    reader_client: Client, post: Post, body: str
) -> None:
    """The form comes back with the reason."""
    answer = send(reader_client, post, body)
    assert answer.status_code == 422
    assert answer.context["comment_form"].errors
    assert not Comment.objects.exists()


def test_no_comment_where_comments_are_closed(reader_client: Client) -> None:
    """The page has no form, and the address takes none."""
    post = PostFactory.create(comments_open=False)
    page = reader_client.get(f"/posts/{post.slug}/")
    assert b"Comments are closed" in page.content
    assert b"are closed" in send(reader_client, post).content
    draft = PostFactory.create(status="draft")
    assert send(reader_client, draft).status_code == 404
    assert not Comment.objects.exists()


def test_a_reply_belongs_to_the_post_of_its_parent(
    reader_client: Client, reader: User, post: Post
) -> None:
    """And to a comment that the person can see."""
    elsewhere = CommentFactory.create()
    assert send(reader_client, post, parent=str(elsewhere.pk)).status_code == 404
    hidden = CommentFactory.create(post=post, status="spam")
    for parent in (elsewhere, hidden):
        with pytest.raises(services.CommentRefusedError, match="not there any more"):
            services.add_comment(post, reader, "x", address="::1", parent=parent)


def test_who_fills_in_the_hidden_field_is_a_robot(
    reader_client: Client, post: Post
) -> None:
    """It is thanked like everyone, and nothing is kept."""
    assert send(reader_client, post, website="http://spam.example").status_code == 302
    assert not Comment.objects.exists()


def test_too_many_comments_have_to_wait(reader_client: Client, post: Post) -> None:
    """Six within five minutes: 429 with the time to wait, after which it is well."""
    noon = (timezone.now() + dt.timedelta(days=1)).replace(
        hour=12, minute=0, second=0, microsecond=0
    )
    with time_machine.travel(noon, tick=False) as clock:
        for _ in range(services.COMMENTS_PER_USER):
            assert send(reader_client, post).status_code == 302
        clock.shift(60)
        refused = send(reader_client, post)
        assert (refused.status_code, refused["Retry-After"]) == (429, "240")
        clock.shift(240)
        assert send(reader_client, post).status_code == 302
    assert Comment.objects.count() == services.COMMENTS_PER_USER + 1


def test_one_address_cannot_speak_for_many_people(post: Post) -> None:
    """The limit of an address counts all who come from there, and nobody else."""
    with time_machine.travel(NOON, tick=False):
        for _ in range(services.COMMENTS_PER_ADDRESS):
            user = UserFactory.create()
            services.add_comment(post, user, "x", address="192.0.2.1")
        with pytest.raises(services.TooFastError):
            services.add_comment(post, UserFactory.create(), "x", address="192.0.2.1")
        services.add_comment(post, UserFactory.create(), "x", address="192.0.2.2")


def test_moderators_decide_in_a_queue(client: Client, editor: User, post: Post) -> None:
    """Approve, spam or delete; the oldest comes first."""
    comments = [
        CommentFactory.create(post=post, status="pending", body=f"Wait {number}")
        for number in range(3)
    ]
    client.force_login(editor)
    page = client.get("/moderation/").content.decode()
    assert page.index("Wait 0") < page.index("Wait 1") < page.index("Wait 2")
    for comment, action in zip(comments, ("approve", "spam", "delete"), strict=True):
        client.post(f"/moderation/{comment.pk}/", {"action": action})
    statuses = Comment.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["approved", "spam"]
    assert b"Nothing waits" in client.get("/moderation/").content
    assert b"Wait 1" in client.get("/moderation/?status=spam").content
    answer = client.post(f"/moderation/{comments[0].pk}/", {"action": "explode"})
    assert answer.status_code == 400


def test_only_moderators_decide(client: Client, author: User, reader: User) -> None:
    """Neither the page nor the rules let anyone else."""
    comment = CommentFactory.create(status="pending")
    for user in (author, reader):
        client.force_login(user)
        assert client.get("/moderation/").status_code == 403
        answer = client.post(f"/moderation/{comment.pk}/", {"action": "approve"})
        assert answer.status_code == 403
        for rule in (services.approve, services.mark_spam, services.delete_comment):
            with pytest.raises(PermissionDenied):
                rule(comment, user)


def test_one_deletes_ones_own_comment_only(reader_client: Client, reader: User) -> None:
    """Another's is not found."""
    own, other = CommentFactory.create(author=reader), CommentFactory.create()
    assert reader_client.post(f"/comments/{own.pk}/delete/").status_code == 302
    assert reader_client.post(f"/comments/{other.pk}/delete/").status_code == 404
    assert Comment.objects.get() == other


def test_who_is_in_no_role_may_not_comment(post: Post, reader: User) -> None:
    """An account that was stripped of its role reads only."""
    reader.groups.clear()
    with pytest.raises(PermissionDenied):
        services.add_comment(post, reader, "x", address="::1")


def test_the_demo_talk_is_written_once() -> None:
    """And not at all without the post that it is about."""
    demo.seed()
    assert not Comment.objects.exists()
    PostFactory.create(title="The query you did not write")
    for role in ("reader", "author", "editor"):
        UserFactory.create(email=f"{role}@example.com", role=role)
    demo.seed()
    demo.seed()
    assert Comment.objects.count() == len(demo.TALK)
    assert Comment.objects.filter(status="pending").count() == 2
