"""The back office: it finds, publishes and moderates by the rules of the site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Group, Permission

from blog.accounts.models import User
from blog.comments.models import Comment
from blog.posts import demo, services
from blog.posts.models import Post
from tests.factories import CommentFactory, PostFactory, TagFactory, UserFactory
from tests.test_queries import LOGGED_IN

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(4)]

POSTS, COMMENTS = "/admin/posts/post/", "/admin/comments/comment/"
NO_INLINES = {
    f"{prefix}-{kind}_FORMS": "0"
    for prefix in ("comments", "old_slugs")
    for kind in ("TOTAL", "INITIAL")
}


@pytest.fixture
def office(client: Client, admin: User) -> Client:
    """Return a browser in which an administrator is logged in."""
    client.force_login(admin)
    return client


def do(client: Client, address: str, action: str, *rows: Post | Comment) -> str:
    """Run an action on rows of a list; return the page that follows."""
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(address, data, follow=True).content.decode()


def test_only_staff_come_in(client: Client, author: User) -> None:
    """Everyone else is sent to log in."""
    client.force_login(author)
    assert client.get(POSTS).status_code == 302


def test_every_list_and_form_opens(office: Client) -> None:
    """With filters, search and dates."""
    comment = CommentFactory.create(post__tags=[TagFactory.create()])
    for address in (
        f"{POSTS}?q=post&status=published",
        f"{POSTS}?published_at__year=2026",
        f"{POSTS}{comment.post_id}/change/",
        f"{POSTS}add/",
        f"{COMMENTS}?q=x&status=approved",
        f"{COMMENTS}{comment.pk}/change/",
        "/admin/posts/tag/?q=t",
    ):
        assert office.get(address).status_code == 200


def test_saving_in_the_admin_follows_the_rules(office: Client, author: User) -> None:
    """HTML is made, a revision kept, the old address redirected."""
    form = {"title": "New", "author": author.pk, "body": "*Hi*"} | NO_INLINES
    office.post(f"{POSTS}add/", form)
    post = Post.objects.get()
    assert (post.slug, post.html) == ("new", "<p><em>Hi</em></p>\n")
    services.publish(post, author)
    office.post(f"{POSTS}{post.pk}/change/", form | {"title": "Newer"})
    assert [old.slug for old in post.old_slugs.all()] == ["new"]
    assert post.revisions.count() == 2


def test_actions_publish_and_archive(office: Client) -> None:
    """What is not possible is said, the rest is done."""
    draft = PostFactory.create(title="Draft", status="draft", published_at=None)
    gone = PostFactory.create(title="Gone", status="archived")
    page = do(office, POSTS, "archive", draft, gone)
    assert "Gone: A post that is archived cannot become archived." in page
    assert "1 changed." in page
    do(office, POSTS, "publish", draft, gone)
    assert Post.objects.visible().count() == 2


def test_a_deleted_post_takes_its_cover_along(office: Client, author: User) -> None:
    """One by one and many at once."""
    for _ in range(2):
        post = Post(author=author, title="x", body="x")
        services.save_post(post, author, cover=demo.draw_cover(1))
    office.post(f"{POSTS}{post.pk}/delete/", {"post": "yes"})
    data = {"action": "delete_selected", "post": "yes"}
    office.post(POSTS, data | {"_selected_action": [Post.objects.get().pk]})
    assert not Post.objects.exists()


def test_actions_moderate(office: Client) -> None:
    """Many comments at once."""
    comments = CommentFactory.create_batch(2, status="pending")
    do(office, COMMENTS, "approve", *comments)
    assert Comment.objects.filter(status="approved").count() == 2
    do(office, COMMENTS, "mark_spam", *comments)
    assert Comment.objects.filter(status="spam").count() == 2


@pytest.mark.milestone(6)
@pytest.mark.parametrize("address", [POSTS, COMMENTS])
def test_lists_take_the_same_queries_for_any_number_of_rows(
    office: Client, django_assert_num_queries: DjangoAssertNumQueries, address: str
) -> None:
    """Count, dates, filters, rows: nothing per row."""
    author = UserFactory.create(role="author")
    expected = LOGGED_IN + {POSTS: 6, COMMENTS: 4}[address]
    office.get("/robots.txt")  # the first request notes down the session
    for count in (1, 9):
        for post in PostFactory.create_batch(count, author=author):
            CommentFactory.create(post=post, author=author)
        with django_assert_num_queries(expected):
            assert office.get(address).status_code == 200


def test_staff_find_only_what_they_may_change(client: Client, author: User) -> None:
    """An author who is let into the back office has no look at others' drafts."""
    author.is_staff = True
    author.save()
    own = PostFactory.create(author=author)
    other = PostFactory.create(title="Not yours", status="draft", published_at=None)
    client.force_login(author)
    assert "Not yours" not in client.get(POSTS).content.decode()
    assert client.get(f"{POSTS}{own.pk}/change/").status_code == 200
    assert client.get(f"{POSTS}{other.pk}/change/").status_code == 302


def test_roles_are_a_superusers_to_change(office: Client, admin: User) -> None:
    """Else an admin could give the own role the powers of a superuser."""
    group = Group.objects.get(name="admin")
    address = f"/admin/auth/group/{group.pk}/change/"
    assert office.get(address).status_code == 200
    before = set(group.permissions.all())
    everything = [p.pk for p in Permission.objects.all()]
    data = {"name": "admin", "permissions": everything}
    assert office.post(address, data).status_code == 403
    assert office.post(address.replace("change", "delete")).status_code == 403
    assert office.get("/admin/auth/group/add/").status_code == 403
    assert set(group.permissions.all()) == before
    User.objects.filter(pk=admin.pk).update(is_superuser=True)
    assert office.post(address, data).status_code == 302
    assert group.permissions.count() == len(everything)
