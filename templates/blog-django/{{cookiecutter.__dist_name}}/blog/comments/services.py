"""The rules of commenting, the same for the pages, the admin and the API."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.core.exceptions import PermissionDenied

from blog.comments.models import MAX_DEPTH, Comment

if TYPE_CHECKING:
    from blog.accounts.models import User
    from blog.posts.models import Post

Status = Comment.Status

# How often one may comment, counted in the cache that all processes share.
WINDOW_SECONDS = 300
COMMENTS_PER_USER = 5
COMMENTS_PER_ADDRESS = 15


class CommentRefusedError(Exception):
    """A comment that the rules forbid; its text is a sentence for the person."""


class TooFastError(Exception):
    """Too many comments; `retry_after` says how many seconds to wait."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"That was quick. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


def add_comment(
    post: Post,
    author: User,
    body: str,
    *,
    address: str,
    parent: Comment | None = None,
) -> Comment:
    """Return the saved comment: approved if its author is trusted, else waiting.

    A reply to the deepest level is put beside its parent. Raise
    CommentRefusedError where none is taken, TooFastError (with the seconds
    to wait) if this author, or this network `address`, sent too many, and
    PermissionDenied if `author` may not comment at all.
    """
    if not author.has_perm("comments.add_comment"):
        raise PermissionDenied
    text = body.replace("\r\n", "\n").strip()
    if not text:
        message = "Write something first."
        raise CommentRefusedError(message)
    if not (post.is_visible and post.comments_open):
        message = "Comments on this post are closed."
        raise CommentRefusedError(message)
    if parent is not None and (
        parent.post_id != post.pk or not _may_see(author, parent)
    ):
        message = "The comment that you reply to is not there any more."
        raise CommentRefusedError(message)
    _throttle(author, address)
    if parent is not None and parent.depth >= MAX_DEPTH:
        parent = parent.parent
    return Comment.objects.create(
        post=post,
        author=author,
        parent=parent,
        depth=1 if parent is None else parent.depth + 1,
        body=text,
        status=Status.APPROVED if is_trusted(author) else Status.PENDING,
    )


def is_trusted(user: User) -> bool:
    """Whether comments of `user` appear at once: authors and above."""
    return user.has_perm("posts.publish_post") or user.has_perm(
        "comments.moderate_comment"
    )


def approve(comment: Comment, by: User) -> Comment:
    """Show the comment to everyone."""
    return _decide(comment, by, Status.APPROVED)


def mark_spam(comment: Comment, by: User) -> Comment:
    """Hide the comment and its replies; it is kept for the record."""
    return _decide(comment, by, Status.SPAM)


def delete_comment(comment: Comment, by: User) -> None:
    """Delete the comment with its replies; its author and moderators may."""
    if comment.author_id != by.pk and not by.has_perm("comments.moderate_comment"):
        raise PermissionDenied
    comment.delete()


def _throttle(user: User, address: str) -> None:
    """Count one comment of `user` from `address`; raise TooFastError over a limit."""
    now = time.time()
    window, left = (
        int(now // WINDOW_SECONDS),
        WINDOW_SECONDS - int(now % WINDOW_SECONDS),
    )
    keys = {
        f"comments:user:{user.pk}:{window}": COMMENTS_PER_USER,
        f"comments:address:{address}:{window}": COMMENTS_PER_ADDRESS,
    }
    counts = {key: cache.get(key, 0) + 1 for key in keys}
    if any(counts[key] > limit for key, limit in keys.items()):
        raise TooFastError(left)
    cache.set_many(counts, timeout=left)


def _decide(comment: Comment, by: User, status: str) -> Comment:
    if not by.has_perm("comments.moderate_comment"):
        raise PermissionDenied
    comment.status = status
    comment.save(update_fields=["status"])
    return comment


def _may_see(user: User, comment: Comment) -> bool:
    return Comment.objects.visible_to(user).filter(pk=comment.pk).exists()
