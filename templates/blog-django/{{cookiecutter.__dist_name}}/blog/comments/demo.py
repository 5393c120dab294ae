"""The comments of the demo data: a conversation, and two that wait for a moderator."""

from __future__ import annotations

from blog.accounts.models import User
from blog.comments.models import Comment
from blog.posts.models import Post

Status = Comment.Status
# Who writes, in answer to which line (by its number), what, and whether it is shown.
TALK: list[tuple[str, int | None, str, str]] = [
    (
        "reader",
        None,
        "I counted after reading this: 212 queries, and 200 were the same one.",
        Status.APPROVED,
    ),
    (
        "author",
        0,
        "That is what a cache would have hidden for another year. How many now?",
        Status.APPROVED,
    ),
    ("reader", 1, "Five. And the test that counts them.", Status.APPROVED),
    (
        "editor",
        None,
        "Worth adding: a filter() on what was prefetched is a new query again.",
        Status.APPROVED,
    ),
    ("reader", 3, "Can a Prefetch object with a queryset help there?", Status.PENDING),
    ("reader", None, "Is there a way to see this without a test?", Status.PENDING),
]


def seed() -> None:
    """Write the comments, unless somebody has commented on that post already."""
    post = Post.objects.visible().filter(title="The query you did not write").first()
    if post is None or post.comments.exists():
        return
    written: list[Comment] = []
    for role, parent_index, body, status in TALK:
        parent = None if parent_index is None else written[parent_index]
        comment = Comment(
            post=post,
            author=User.objects.get(email=f"{role}@example.com"),
            parent=parent,
            depth=parent.depth + 1 if parent else 1,
            body=body,
            status=status,
        )
        comment.save()
        written.append(comment)
