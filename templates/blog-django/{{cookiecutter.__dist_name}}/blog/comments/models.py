"""What readers answer: comments in threads of at most three levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models

from blog.posts.models import Post

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from blog.accounts.models import User

MAX_DEPTH = 3


class CommentQuerySet(models.QuerySet["Comment"]):
    """The questions that the rest of the site asks about comments."""

    def visible_to(self, user: User | AnonymousUser) -> CommentQuerySet:
        """Return the approved ones, one's own that wait, and all for a moderator."""
        if user.has_perm("comments.moderate_comment"):
            return self
        shown = models.Q(status=Comment.Status.APPROVED)
        if user.is_authenticated:
            shown |= models.Q(author=user, status=Comment.Status.PENDING)
        return self.filter(shown)


class Comment(models.Model):
    """One answer to a post or to another comment; plain text."""

    class Status(models.TextChoices):
        """What the moderators decided."""

        PENDING = "pending"
        APPROVED = "approved"
        SPAM = "spam"

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="comments"
    )
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, related_name="replies", null=True, blank=True
    )
    depth = models.PositiveSmallIntegerField(default=1, editable=False)
    body = models.TextField(max_length=2000)
    status = models.CharField(
        max_length=10, choices=Status.choices, default=Status.PENDING
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        indexes: ClassVar = [
            models.Index(fields=["post", "parent", "created_at"], name="comment_list"),
            models.Index(fields=["status", "created_at"], name="comment_queue"),
        ]
        permissions = [("moderate_comment", "Can approve and reject comments")]

    def __str__(self) -> str:
        return f"{self.author} on {self.post}"
