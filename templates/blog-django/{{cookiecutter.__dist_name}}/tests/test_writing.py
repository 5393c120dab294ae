"""The pages for authors: the list, the editor, states, revisions."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from blog.posts import demo, services
from blog.posts.models import Post
from blog.posts.views_writing import MOST_COMPARED, compare
from tests.factories import PostFactory, UserFactory

if TYPE_CHECKING:
    from django.test import Client

    from blog.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(4)]

FORM = {"title": "Hello", "summary": "Hi", "body": "# Hello\n\nText", "tags": "a, b"}


@pytest.fixture
def desk(client: Client, author: User) -> Client:
    """Return a browser in which the author is logged in."""
    client.force_login(author)
    return client


@pytest.fixture
def draft(author: User) -> Post:
    """Return a draft with a first revision."""
    return services.save_post(Post(author=author, title="Draft", body="One"), author)


def edit_page(post: Post) -> str:
    """Return the address of the editor."""
    return f"/write/{post.public_id}/"


def test_writing_needs_an_author(client: Client, reader: User) -> None:
    """A stranger is asked to log in, a reader is refused."""
    assert client.get("/write/").status_code == 302
    client.force_login(reader)
    assert client.get("/write/").status_code == 403
    assert client.post("/write/new/", FORM).status_code == 403


def test_an_author_writes_a_post(desk: Client, author: User) -> None:
    """It begins as a draft; the cover is redrawn and kept under a name of ours."""
    cover = SimpleUploadedFile("../../evil.php", demo.draw_cover(1).content)
    answer = desk.post("/write/new/", FORM | {"cover": cover})
    post = Post.objects.get()
    assert answer["Location"] == edit_page(post)
    assert (post.author, post.status, post.slug) == (author, "draft", "hello")
    assert {tag.name for tag in post.tags.all()} == {"a", "b"}
    assert 'id="section-hello"' in post.html
    assert str(post.cover).startswith("covers/")
    assert "evil" not in str(post.cover)


def test_a_new_post_begins_with_empty_fields(desk: Client) -> None:
    """Nothing stands in them that would be saved unseen, as a tag called []."""
    page = desk.get("/write/new/").content.decode()
    (tags,) = re.findall(r'<input[^>]*name="tags"[^>]*>', page)
    assert "value" not in tags


def test_the_list_shows_own_posts_by_state(desk: Client, author: User) -> None:
    """An author sees no one else's."""
    PostFactory.create(author=author, title="My draft", status="draft")
    PostFactory.create(author=author, title="My post")
    PostFactory.create(title="Not mine")
    page = desk.get("/write/").content.decode()
    assert "My draft" in page
    assert "My post" in page
    assert "Not mine" not in page
    assert "My post" not in desk.get("/write/?status=draft").content.decode()


def test_an_editor_sees_all_posts(client: Client, editor: User) -> None:
    """And may open the editor of each."""
    post = PostFactory.create(title="Anyone's")
    client.force_login(editor)
    assert b"Anyone&#x27;s" in client.get("/write/").content
    assert client.get(edit_page(post)).status_code == 200


def test_a_preview_saves_nothing(desk: Client, draft: Post) -> None:
    """It shows the text as it would look."""
    page = desk.post(edit_page(draft), FORM | {"preview": "1"}).content.decode()
    assert '<h2 id="section-hello">Hello</h2>' in page
    draft.refresh_from_db()
    assert draft.body == "One"


def test_the_form_says_what_is_wrong(desk: Client) -> None:
    """And keeps what was typed."""
    page = desk.post("/write/new/", FORM | {"title": "", "tags": "x" * 60})
    assert page.status_code == 200
    assert set(page.context["form"].errors) == {"title", "tags"}
    assert b"at most 40 characters" in page.content
    assert not Post.objects.exists()


def test_a_save_over_a_newer_version_is_refused(desk: Client, draft: Post) -> None:
    """The form remembers which version it began with; the text typed is kept."""
    form = FORM | {"version": str(draft.version)}
    assert desk.post(edit_page(draft), form).status_code == 302
    late = desk.post(edit_page(draft), form | {"body": "Too late"})
    assert b"Somebody else has saved" in late.content
    assert b"Too late" in late.content
    draft.refresh_from_db()
    assert draft.body == FORM["body"]


def test_a_cover_can_be_taken_away(desk: Client, author: User) -> None:
    """Its file goes, too; saving without touching it leaves it."""
    post = Post(author=author, title="x", body="x")
    services.save_post(post, author, cover=demo.draw_cover(2))
    desk.post(edit_page(post), FORM)
    post.refresh_from_db()
    assert post.cover
    desk.post(edit_page(post), FORM | {"cover-clear": "on"})
    post.refresh_from_db()
    assert not post.cover


def test_buttons_move_a_post_through_its_states(desk: Client, draft: Post) -> None:
    """Publish, archive, back to draft, and scheduled for later."""
    for action, state in (
        ("publish", "published"),
        ("archive", "archived"),
        ("unpublish", "draft"),
    ):
        desk.post(f"{edit_page(draft)}state/", {"action": action})
        assert Post.objects.get().state == state
    when = (timezone.now() + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    data = {"action": "schedule", "when": when}
    page = desk.post(f"{edit_page(draft)}state/", data, follow=True)
    assert b"The post is now scheduled." in page.content
    assert Post.objects.get().state == "scheduled"


def test_a_move_that_is_not_possible_is_explained(desk: Client, draft: Post) -> None:
    """With a sentence, and nothing changes."""
    address = f"{edit_page(draft)}state/"
    for data, text in (
        ({"action": "unpublish"}, b"A post that is draft cannot become draft"),
        ({"action": "schedule"}, b"Choose the day and the time"),
        ({"action": "schedule", "when": "2001-01-01T00:00"}, b"in the future"),
    ):
        assert text in desk.post(address, data, follow=True).content
    assert desk.post(address, {"action": "explode"}).status_code == 400
    assert desk.get(address).status_code == 405
    assert Post.objects.get().status == "draft"


def test_revisions_show_what_changed_and_can_be_restored(
    desk: Client, draft: Post
) -> None:
    """Line by line, escaped."""
    desk.post(edit_page(draft), FORM | {"body": "Two\n<script>"})
    newest, first = draft.revisions.all()
    revisions = f"{edit_page(draft)}revisions/"
    assert desk.get(revisions).content.count(b"<li><a href") == 2
    page = desk.get(f"{revisions}{newest.pk}/").content.decode()
    assert "+Two" in page
    assert "-One" in page
    assert "+&lt;script&gt;" in page
    assert "the first version" in desk.get(f"{revisions}{first.pk}/").content.decode()
    desk.post(f"{revisions}{first.pk}/restore/")
    draft.refresh_from_db()
    assert (draft.title, draft.body) == ("Draft", "One")


def test_the_desk_of_another_author_is_not_there(client: Client, draft: Post) -> None:
    """Every address of a post that is not one's own is not found."""
    revision = draft.revisions.get()
    client.force_login(UserFactory.create(role="author"))
    page = edit_page(draft)
    assert client.get(page).status_code == 404
    assert client.post(page, FORM).status_code == 404
    assert client.post(f"{page}state/", {"action": "publish"}).status_code == 404
    assert client.get(f"{page}revisions/").status_code == 404
    assert client.get(f"{page}revisions/{revision.pk}/").status_code == 404
    assert client.post(f"{page}revisions/{revision.pk}/restore/").status_code == 404


def test_the_demo_data_is_written_once(admin: User) -> None:
    """A second time changes nothing."""
    for name in ("author", "editor"):
        UserFactory.create(email=f"{name}@example.com", role=name)
    demo.seed()
    count = Post.objects.count()
    demo.seed()
    assert Post.objects.count() == count == 12
    assert Post.objects.visible().count() == 9
    assert {post.state for post in Post.objects.all()} == set(Post.Status.values)
    assert not Post.objects.editable_by(UserFactory.create()).exists()
    assert Post.objects.editable_by(admin).count() == 12


def test_two_long_texts_are_shown_without_comparing_them() -> None:
    """The time to compare grows with the square of the lines, or worse."""
    old, new = ["a", "b"] * MOST_COMPARED, ["c"]
    shown = compare(old, new)
    assert shown[0] == ("removed", "-a")
    assert shown[-1] == ("added", "+c")
    assert len(shown) == len(old) + len(new)
