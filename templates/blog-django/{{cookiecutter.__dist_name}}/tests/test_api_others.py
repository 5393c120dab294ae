"""The rest of the API: comments, tags, search, pictures, and who one is."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from blog.comments.models import Comment
from blog.posts.models import Post
from tests.factories import (
    COMMITTED,
    PROBLEM,
    V1,
    CommentFactory,
    PostFactory,
    TagFactory,
    api,
)

if TYPE_CHECKING:
    from blog.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(7)]


def picture(size: tuple[int, int] = (40, 30), kind: str = "PNG") -> SimpleUploadedFile:
    """Return a picture whose name and type lie."""
    content = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.new("RGB", size, "teal").save(content, kind, exif=exif)
    return SimpleUploadedFile("x.html", content.getvalue(), "text/html")


def send_cover(user: User, post: Post, file: Any) -> Any:
    """Return the answer to an upload."""
    address = f"{V1}/posts/{post.slug}/cover"
    return api(user).put(address, {"file": file}, format="multipart")


def test_a_comment_waits_for_a_moderator_and_then_appears(
    reader: User, editor: User
) -> None:
    """Its author sees it at once, everyone after it was approved."""
    post = PostFactory.create()
    address = f"{V1}/posts/{post.slug}/comments"
    created = api(reader).post(address, {"body": "I agree."})
    assert (created.status_code, created.json()["status"]) == (201, "pending")
    assert api().get(address).json()["results"] == []
    assert len(api(reader).get(address).json()["results"]) == 1
    decide = f"{created['Location']}/moderate"
    assert api(editor).post(decide, {"status": "approved"}).status_code == 200
    assert api().get(address).json()["results"][0]["body"] == "I agree."
    assert api(editor).post(decide, {"status": "spam"}).status_code == 200
    assert api(reader).get(created["Location"]).status_code == 404


def test_an_answer_names_what_it_answers(reader: User) -> None:
    """On the same post only, and only what one may see."""
    comment, elsewhere = CommentFactory.create(), CommentFactory.create()
    address = f"{V1}/posts/{comment.post.slug}/comments"
    answer = api(reader).post(address, {"body": "Why?", "reply_to": comment.pk})
    assert answer.json()["reply_to"] == comment.pk
    assert answer.json()["depth"] == 2
    for missing in (elsewhere.pk, 2**63 - 1):
        wrong = api(reader).post(address, {"body": "Why?", "reply_to": missing})
        assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["reply_to"])


def test_closed_comments_take_no_more(reader: User) -> None:
    """Where the author has closed them, a comment is a conflict."""
    post = PostFactory.create(comments_open=False)
    address = f"{V1}/posts/{post.slug}/comments"
    assert api(reader).post(address, {"body": "Hello?"}).status_code == 409


def test_too_many_comments_have_to_wait(reader: User) -> None:
    """The sixth within five minutes is refused, with the time to wait."""
    post = PostFactory.create()
    client, address = api(reader), f"{V1}/posts/{post.slug}/comments"
    statuses = [client.post(address, {"body": "Hi"}).status_code for _ in range(5)]
    refused = client.post(address, {"body": "Hi"})
    assert statuses == [201] * 5
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0


def test_one_deletes_ones_own_comments_and_a_moderator_any(
    reader: User, author: User, editor: User
) -> None:
    """A comment of someone else is forbidden; deleted twice is not there."""
    mine = CommentFactory.create(author=reader)
    address = f"{V1}/comments/{mine.pk}"
    assert api(author).delete(address).status_code == 403
    assert (
        api(author).post(f"{address}/moderate", {"status": "spam"}).status_code == 403
    )
    assert api(reader).delete(address).status_code == 204
    assert api(reader).delete(address).status_code == 404
    other = CommentFactory.create()
    assert api(editor).delete(f"{V1}/comments/{other.pk}").status_code == 204


def test_comments_on_a_hidden_post_are_hidden() -> None:
    """What is archived takes its discussion with it."""
    comment = CommentFactory.create()
    Post.objects.update(status=Post.Status.ARCHIVED)
    assert api().get(f"{V1}/comments/{comment.pk}").status_code == 404
    assert api().get(f"{V1}/posts/{comment.post.slug}/comments").status_code == 404
    assert Comment.objects.exists()


def test_tags_of_drafts_alone_are_not_shown() -> None:
    """A tag tells what somebody is about to write."""
    seen, secret = TagFactory.create(slug="seen"), TagFactory.create(slug="secret")
    PostFactory.create(tags=[seen])
    PostFactory.create(tags=[secret], status="draft", published_at=None)
    found = api().get(f"{V1}/tags").json()["results"]
    assert [tag["slug"] for tag in found] == ["seen"]
    assert api().get(f"{V1}/tags/seen").json()["name"] == seen.name
    assert api().get(f"{V1}/tags/secret").status_code == 404


@COMMITTED
def test_search_finds_published_words_and_marks_them() -> None:
    """Drafts are not found, and what matches is marked in the excerpt."""
    words = {"text": "Elephants never forget.", "body": "Elephants never forget."}
    post = PostFactory.create(title="Animals", **words)
    PostFactory.create(status="draft", published_at=None, **words)
    results = api().get(f"{V1}/search?q=elephants").json()["results"]
    assert [hit["slug"] for hit in results] == [post.slug]
    assert "<mark>Elephants</mark>" in results[0]["excerpt"]
    assert api().get(f"{V1}/search").status_code == 422


@COMMITTED
def test_search_goes_on_to_the_next_page() -> None:
    """Twenty to a page, and none twice."""
    PostFactory.create_batch(25, title="An elephant", text="An elephant")
    first = api().get(f"{V1}/search?q=elephant").json()
    second = api().get(first["next"]).json()
    slugs = {hit["slug"] for hit in first["results"] + second["results"]}
    assert (len(first["results"]), len(slugs), second["next"]) == (20, 25, None)


def test_a_cover_is_believed_by_content_and_drawn_anew(author: User) -> None:
    """Name and declared type count for nothing; metadata is gone."""
    post = PostFactory.create(author=author)
    response = send_cover(author, post, picture())
    assert response.status_code == 200
    post.refresh_from_db()
    assert response.json()["cover"] == f"http://testserver{post.cover.url}"
    with default_storage.open(str(post.cover)) as file, Image.open(file) as image:
        assert image.format == "WEBP"
        assert not image.getexif()
    cleared = api(author).delete(f"{V1}/posts/{post.slug}/cover")
    assert (cleared.status_code, cleared.json()["cover"]) == (200, None)


@pytest.mark.parametrize(
    "file",
    [
        SimpleUploadedFile("cat.png", b"<svg onload=alert(1)>", "image/png"),
        SimpleUploadedFile("cat.png", b"", "image/png"),
        "not a file",
    ],
    ids=["not a picture", "empty", "text"],
)
def test_what_is_no_picture_is_refused(author: User, file: Any) -> None:
    """A picture's name does not make a picture."""
    response = send_cover(author, PostFactory.create(author=author), file)
    assert response.status_code == 422
    assert list(response.json()["errors"]) == ["file"]


def test_a_cover_over_the_limit_is_refused(author: User) -> None:
    """More than 5 MB is 413, whoever sends it."""
    file = SimpleUploadedFile("big.png", b"\0" * (5 * 1024 * 1024 + 1))
    response = send_cover(author, PostFactory.create(author=author), file)
    assert (response.status_code, response["Content-Type"]) == (413, PROBLEM)


def test_one_reads_and_changes_oneself(author: User) -> None:
    """The name and the bio; nothing that gives power."""
    client = api(author)
    shown = client.get(f"{V1}/me").json()
    assert (shown["email"], shown["roles"]) == (author.email, ["author"])
    changed = client.patch(f"{V1}/me", {"display_name": "Ada", "bio": ""})
    assert changed.json()["display_name"] == "Ada"
    for field in ("email", "roles", "is_staff", "is_superuser", "handle", "password"):
        refused = client.patch(f"{V1}/me", {field: "admin"})
        assert list(refused.json()["errors"]) == [field]
    author.refresh_from_db()
    assert not author.is_staff
    assert api().get(f"{V1}/me").status_code == 401
