"""The comments below a post, put in order: a page of threads in three queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from blog.comments.forms import CommentForm
from blog.comments.models import Comment
from blog.posts.pagination import paginate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest

    from blog.posts.models import Post

THREADS_PER_PAGE = 20
MAX_REPLIES = 500  # on one page


@dataclass(slots=True)
class Thread:
    """A comment with its replies, the oldest first."""

    comment: Comment
    replies: list[Thread] = field(default_factory=list)


def arrange(comments: Iterable[Comment]) -> list[Thread]:
    """Return the threads of `comments`, which come oldest first.

    A reply whose parent is not among them is left out with all that follows it.
    """
    threads: list[Thread] = []
    known: dict[int, Thread] = {}
    for comment in sorted(comments, key=lambda c: (c.depth, c.created_at, c.pk)):
        thread = Thread(comment)
        if comment.parent_id is None:
            threads.append(thread)
        elif comment.parent_id in known:
            known[comment.parent_id].replies.append(thread)
        else:
            continue
        known[comment.pk] = thread
    return threads


def discussion(request: HttpRequest, post: Post) -> dict[str, Any]:
    """Return what the page of a post shows of its comments, with the form."""
    seen = Comment.objects.visible_to(request.user).select_related("author")
    roots = seen.filter(post=post, parent=None)
    page = paginate(request, roots, THREADS_PER_PAGE, "comments")
    keys = [root.pk for root in page.items]
    replies: list[Comment] = []
    if keys:
        below = Q(parent__in=keys) | Q(parent__parent__in=keys)
        replies = list(seen.filter(below, post=post)[:MAX_REPLIES])
    threads = arrange([*page.items, *replies])
    parent = _parent(request, threads)
    form = CommentForm(initial={"parent": parent.pk if parent else None})
    return {
        "threads": threads,
        "comment_page": page,
        "comment_form": form,
        "parent": parent,
        "may_comment": post.is_visible and post.comments_open,
    }


def _parent(request: HttpRequest, threads: list[Thread]) -> Comment | None:
    """Return the comment on the page that the form is a reply to."""
    wanted = request.GET.get("reply_to", "")
    waiting = [*threads]
    while waiting:
        thread = waiting.pop()
        if str(thread.comment.pk) == wanted:
            return thread.comment
        waiting += thread.replies
    return None
