"""The rules of writing, the same for the pages, the admin and the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from blog.posts import markdown
from blog.posts.models import Post, Revision
from blog.posts.slugs import find_tags, free_slug, keep_old_slug

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from blog.accounts.models import User
    from blog.posts.images import Picture

Status = Post.Status

# From each state to those that may follow it.
TRANSITIONS: dict[str, frozenset[str]] = {
    Status.DRAFT: frozenset({Status.SCHEDULED, Status.PUBLISHED, Status.ARCHIVED}),
    Status.SCHEDULED: frozenset(
        {Status.DRAFT, Status.SCHEDULED, Status.PUBLISHED, Status.ARCHIVED}
    ),
    Status.PUBLISHED: frozenset({Status.DRAFT, Status.ARCHIVED}),
    Status.ARCHIVED: frozenset({Status.DRAFT, Status.PUBLISHED}),
}


class RuleError(Exception):
    """Something that the rules forbid; its text is a sentence for the person."""


class TransitionError(RuleError):
    """A state that may not follow the one that the post is in."""


class EditConflictError(RuleError):
    """Somebody else saved the post after the version that this edit began with."""


@transaction.atomic
def save_post(
    post: Post,
    editor: User,
    *,
    tags: Iterable[str] | None = None,
    cover: Picture | Literal[False] | None = None,
    seen_version: int | None = None,
) -> Post:
    """Save the new text of `post`, and what follows from it: HTML, address, revision.

    `tags` (names) and `cover` are left as they are when they are None; False takes
    the cover away. With `seen_version`, raise EditConflictError if the stored version
    is another one. Raise PermissionDenied if `editor` may not change the post.
    """
    if not (post.may_be_edited_by(editor) and (post.pk or _may_add(editor))):
        raise PermissionDenied
    stored = Post.objects.select_for_update().filter(pk=post.pk).first()
    if stored is not None:
        if seen_version is not None and seen_version != stored.version:
            message = "Somebody else has saved this post since you opened it."
            raise EditConflictError(message)
        post.version, post.status = stored.version, stored.status
        post.published_at = stored.published_at
    if stored is None or stored.title != post.title:
        post.slug = free_slug(post.title, post)
    post.html = markdown.to_html(post.body)
    post.text = markdown.to_text(post.html)
    post.version += 1
    old_cover = ""
    if cover is not None:
        old_cover = post.cover.name or ""
        post.cover = cover.store("covers") if cover else ""
    post.save()
    if stored is not None:
        keep_old_slug(stored, post)
    if tags is not None:
        post.tags.set(find_tags(tags))
    _record(post, editor)
    if old_cover:
        storage = post.cover.storage
        transaction.on_commit(lambda: storage.delete(old_cover))
    return post


def publish(post: Post, by: User) -> Post:
    """Show the post to everyone from now on; one that was public keeps its date."""
    now = timezone.now()
    first = post.published_at is None or post.published_at > now
    return _move(post, by, Status.PUBLISHED, now if first else post.published_at)


def schedule(post: Post, by: User, when: dt.datetime) -> Post:
    """Show the post to everyone from `when` on; raise TransitionError if it is past."""
    if when <= timezone.now():
        message = "Choose a time in the future, or publish it now."
        raise TransitionError(message)
    return _move(post, by, Status.SCHEDULED, when)


def archive(post: Post, by: User) -> Post:
    """Take the post off the site and keep it."""
    return _move(post, by, Status.ARCHIVED, post.published_at)


def unpublish(post: Post, by: User) -> Post:
    """Make a draft of the post again."""
    was_public = post.published_at is not None and post.published_at <= timezone.now()
    return _move(post, by, Status.DRAFT, post.published_at if was_public else None)


def restore(post: Post, revision: Revision, editor: User) -> Post:
    """Save the words of an earlier version as the newest one."""
    if revision.post_id != post.pk:
        raise PermissionDenied
    post.title, post.summary = revision.title, revision.summary
    post.body = revision.body
    return save_post(post, editor)


@transaction.atomic
def delete_post(post: Post, by: User) -> None:
    """Delete the post with its comments, revisions and cover, for ever."""
    if not post.may_be_edited_by(by):
        raise PermissionDenied
    name, storage = post.cover.name, post.cover.storage
    post.delete()
    if name:
        transaction.on_commit(lambda: storage.delete(name))


@transaction.atomic
def _move(post: Post, by: User, target: str, published_at: dt.datetime | None) -> Post:
    if not post.may_be_published_by(by):
        raise PermissionDenied
    stored = Post.objects.select_for_update().get(pk=post.pk)
    if target not in TRANSITIONS[stored.state]:
        message = f"A post that is {stored.state} cannot become {target}."
        raise TransitionError(message)
    post.status, post.published_at = target, published_at
    post.version = stored.version + 1
    post.save(update_fields=["status", "published_at", "version", "updated_at"])
    return post


def _may_add(user: User) -> bool:
    return user.has_perm("posts.add_post") or user.has_perm("posts.edit_any_post")


def _record(post: Post, editor: User) -> None:
    """Keep this version, unless its words are those of the last one."""
    words = {"title": post.title, "summary": post.summary, "body": post.body}
    last = post.revisions.values(*words).first()
    if last != words:
        post.revisions.create(editor=editor, **words)
