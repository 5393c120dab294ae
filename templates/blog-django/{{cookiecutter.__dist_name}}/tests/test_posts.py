"""The rules of writing: addresses, states, revisions, tags, who may; and migrations."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django.utils.text import slugify
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from blog.posts import services
from blog.posts.models import Post, Revision, SlugRedirect, Tag
from blog.posts.slugs import free_slug, split_tags
from tests.factories import PostFactory, UserFactory

if TYPE_CHECKING:
    from blog.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(4)]

NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


def write(author: User, title: str = "A title", body: str = "Text.") -> Post:
    """Return a new draft, saved by the rules."""
    return services.save_post(Post(author=author, title=title, body=body), author)


def test_an_address_is_made_of_the_title(author: User) -> None:
    """Posts with the same title get numbers."""
    slugs = [write(author, "Crème brûlée!").slug for _ in range(3)]
    assert slugs == ["creme-brulee", "creme-brulee-2", "creme-brulee-3"]


def test_the_address_of_an_old_post_is_not_given_away(author: User) -> None:
    """A new post does not take the address from which another one redirects."""
    post = services.publish(write(author, "First"), author)
    post.title = "Second"
    services.save_post(post, author)
    assert write(author, "First").slug == "first-2"


def test_a_public_post_keeps_its_old_addresses(author: User) -> None:
    """Each is kept as a redirect; the way back removes it again."""
    post = services.publish(write(author, "One"), author)
    for title in ("Two", "Three", "One"):
        post.title = title
        services.save_post(post, author)
    assert post.slug == "one"
    assert set(SlugRedirect.objects.values_list("slug", flat=True)) == {"two", "three"}


def test_a_draft_leaves_no_redirect(author: User) -> None:
    """Nobody has a link to an address that was never public."""
    post = write(author, "One")
    post.title = "Two"
    assert services.save_post(post, author).slug == "two"
    assert not SlugRedirect.objects.exists()


def test_many_posts_of_one_title_still_get_an_address(author: User) -> None:
    """After nine numbers the address ends in something random."""
    slugs = {write(author, "Same").slug for _ in range(12)}
    assert len(slugs) == 12


class TestSlugs(TestCase):
    """Addresses for any title that a person may type."""

    @given(st.text(max_size=200))
    def test_every_title_makes_an_address(self, title: str) -> None:
        """It is valid, it fits, and it is not empty."""
        slug = free_slug(title, Post())
        assert slug
        assert slug == slugify(slug)
        assert len(slug) <= 200


@pytest.mark.parametrize(
    ("state", "action", "result"),
    [
        ("draft", "publish", "published"),
        ("draft", "archive", "archived"),
        ("draft", "unpublish", None),
        ("scheduled", "publish", "published"),
        ("scheduled", "unpublish", "draft"),
        ("published", "publish", None),
        ("published", "archive", "archived"),
        ("published", "unpublish", "draft"),
        ("archived", "publish", "published"),
        ("archived", "archive", None),
    ],
)
def test_states_follow_the_table(
    author: User, state: str, action: str, result: str | None
) -> None:
    """What the table does not name is refused with a sentence."""
    later = timezone.now() + dt.timedelta(days=1)
    moment = {"draft": None, "scheduled": later}.get(state, timezone.now())
    post = PostFactory.create(author=author, status=state, published_at=moment)
    if result:
        getattr(services, action)(post, author)
        post.refresh_from_db()
        assert post.state == result
    else:
        with pytest.raises(services.TransitionError, match=f"is {state} cannot become"):
            getattr(services, action)(post, author)


def test_a_scheduled_post_appears_on_time_by_itself(author: User) -> None:
    """Nothing has to run at that moment; afterwards it counts as published."""
    with time_machine.travel(NOON, tick=False) as clock:
        post = write(author)
        services.schedule(post, author, NOON + dt.timedelta(hours=1))
        clock.shift(dt.timedelta(minutes=59))
        assert not Post.objects.visible().exists()
        assert post.state == "scheduled"
        clock.shift(dt.timedelta(minutes=1))
        assert Post.objects.visible().get() == post
        assert post.state == "published"
        with pytest.raises(services.TransitionError):
            services.schedule(post, author, NOON + dt.timedelta(days=2))


def test_a_post_is_not_scheduled_into_the_past(author: User) -> None:
    """That would be publishing with a wrong date."""
    with pytest.raises(services.TransitionError, match="in the future"):
        services.schedule(write(author), author, timezone.now())


def test_a_post_that_comes_back_keeps_its_date(author: User) -> None:
    """It does not jump to the top of the home page."""
    with time_machine.travel(NOON, tick=False) as clock:
        post = services.publish(write(author), author)
        clock.shift(dt.timedelta(days=30))
        services.archive(post, author)
        services.publish(post, author)
        services.unpublish(post, author)
        services.publish(post, author)
    assert post.published_at == NOON


def test_the_date_of_a_plan_that_was_dropped_is_forgotten(author: User) -> None:
    """A scheduled post that is unpublished has no date."""
    post = write(author)
    services.schedule(post, author, timezone.now() + dt.timedelta(days=1))
    assert services.unpublish(post, author).published_at is None


def test_a_revision_is_kept_only_when_words_change(author: User) -> None:
    """Saving the same text twice is not a version."""
    post = write(author, body="One")
    services.save_post(post, author)
    services.save_post(post, author, tags=["django"])
    post.body = "Two"
    services.save_post(post, author)
    assert [revision.body for revision in post.revisions.all()] == ["Two", "One"]


def test_restoring_makes_a_new_version(author: User) -> None:
    """The words come back, and nothing is lost on the way."""
    post = write(author, "Old", "One")
    post.title, post.body = "New", "Two"
    services.save_post(post, author)
    services.restore(post, Revision.objects.get(title="Old"), author)
    post.refresh_from_db()
    assert (post.title, post.body, post.html) == ("Old", "One", "<p>One</p>\n")
    assert post.revisions.count() == 3


def test_the_revision_of_another_post_is_not_restored(author: User) -> None:
    """Otherwise one could read what one may not."""
    mine, other = write(author), write(UserFactory.create(role="author"))
    with pytest.raises(PermissionDenied):
        services.restore(mine, other.revisions.get(), author)


def test_the_second_of_two_editors_is_told(author: User, editor: User) -> None:
    """Nobody's work is overwritten unseen; the stored text is the first one's."""
    post = write(author)
    first, second = Post.objects.get(pk=post.pk), Post.objects.get(pk=post.pk)
    first.body, second.body = "First", "Second"
    services.save_post(first, author, seen_version=post.version)
    with pytest.raises(services.EditConflictError, match="Somebody else"):
        services.save_post(second, editor, seen_version=post.version)
    post.refresh_from_db()
    assert post.body == "First"


def test_saving_text_does_not_undo_a_change_of_state(author: User) -> None:
    """Who edits a copy loaded before the publication does not take it back."""
    post = write(author)
    stale = Post.objects.get(pk=post.pk)
    services.publish(post, author)
    services.save_post(stale, author)
    post.refresh_from_db()
    assert post.is_visible


def test_tags_are_shared_whatever_the_case_of_their_letters(author: User) -> None:
    """They are typed as a list with commas; each is made once."""
    services.save_post(write(author), author, tags=split_tags("Django,  web  apps ,"))
    services.save_post(write(author), author, tags=split_tags("django, DJANGO, C++"))
    assert sorted(Tag.objects.values_list("name", flat=True)) == [
        "C++",
        "Django",
        "web apps",
    ]


def test_tags_of_the_same_letters_have_addresses_of_their_own(author: User) -> None:
    """C, C++ and C# all make a c."""
    services.save_post(write(author), author, tags=["C", "C++", "C#"])
    assert len(set(Tag.objects.values_list("slug", flat=True))) == 3


@pytest.mark.parametrize("typed", ["a,b,c,d,e,f,g,h,i", "x" * 41])
def test_too_many_or_too_long_tags_are_refused(typed: str) -> None:
    """With a sentence for the form."""
    with pytest.raises(ValidationError):
        split_tags(typed)


def test_only_authors_of_a_post_and_editors_change_it(
    author: User, editor: User, reader: User
) -> None:
    """Everyone else is refused, whatever they try."""
    post = write(author)
    stranger = UserFactory.create(role="author")
    for user in (reader, stranger):
        for action in (
            lambda u=user: services.save_post(post, u),
            lambda u=user: services.publish(post, u),
            lambda u=user: services.delete_post(post, u),
        ):
            with pytest.raises(PermissionDenied):
                action()
    with pytest.raises(PermissionDenied):
        write(reader)
    services.save_post(post, editor)
    services.publish(post, editor)
    services.delete_post(post, author)
    assert not Post.objects.exists()


@pytest.mark.django_db
@pytest.mark.milestone(2)
def test_no_migration_is_missing() -> None:
    """`makemigrations` has nothing left to write."""
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("app", ["posts", "comments"])
@pytest.mark.milestone(2)
def test_migrations_can_be_taken_back(app: str) -> None:
    """To nothing and forward again; the tables go and return."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
    try:
        call_command("migrate", app, "zero", verbosity=0)
        with connection.cursor() as cursor:
            left = connection.introspection.table_names(cursor)
        assert not [name for name in left if name.startswith(f"{app}_")]
    finally:
        call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        assert set(connection.introspection.table_names(cursor)) == tables


@pytest.mark.django_db(transaction=True)
@pytest.mark.milestone(2)
def test_the_roles_can_be_taken_back() -> None:
    """Their migration removes what it made, and makes it again."""
    call_command("migrate", "accounts", "0001", verbosity=0)
    call_command("migrate", verbosity=0)
