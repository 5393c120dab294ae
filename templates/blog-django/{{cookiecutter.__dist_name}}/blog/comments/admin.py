"""The back office of comments: find them, and decide on many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import admin

from blog.comments import services
from blog.comments.models import Comment

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from blog.accounts.models import User


@admin.register(Comment)
class CommentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Comments, the newest first."""

    list_display = ["excerpt", "author", "post", "status", "created_at"]
    list_filter = ["status", "created_at"]
    list_select_related = ["author", "post"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["body", "author__display_name", "author__email", "post__title"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "-pk"]
    autocomplete_fields = ["author", "post"]
    readonly_fields = ["parent", "depth", "created_at"]
    actions = ["approve", "mark_spam"]

    @admin.display(description="Comment")
    def excerpt(self, comment: Comment) -> str:
        """Return the first words."""
        return comment.body[:80]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Comments are written on the site."""
        return False

    @admin.action(description="Approve", permissions=["moderate"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        """Show them to everyone."""
        self._decide(request, queryset, services.approve)

    @admin.action(description="Mark as spam", permissions=["moderate"])
    def mark_spam(self, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        """Hide them."""
        self._decide(request, queryset, services.mark_spam)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Return whether the actions are offered."""
        return request.user.has_perm("comments.moderate_comment")

    def _decide(
        self,
        request: HttpRequest,
        comments: QuerySet[Comment],
        decide: Callable[[Comment, User], Comment],
    ) -> None:
        chosen = list(comments)
        for comment in chosen:
            decide(comment, cast("User", request.user))
        self.message_user(request, f"{len(chosen)} changed.")
