"""The back office of posts: find, publish and archive many, by the same rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.utils.safestring import SafeString, mark_safe

from blog.comments.models import Comment
from blog.posts import services
from blog.posts.models import Post, SlugRedirect, Tag

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.forms import ModelForm
    from django.http import HttpRequest

    from blog.accounts.models import User


class CommentInline(admin.TabularInline):  # type: ignore[type-arg]
    """The comments of a post: to be read and decided on, not rewritten."""

    model = Comment
    fields = ["author", "body", "status", "created_at"]
    readonly_fields = ["author", "body", "status", "created_at"]
    extra = 0
    can_delete = True
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Comment]:
        """Bring the authors along."""
        return super().get_queryset(request).select_related("author", "post")

    def has_add_permission(self, *_: Any) -> bool:
        """Comments are written on the site."""
        return False


class SlugRedirectInline(admin.TabularInline):  # type: ignore[type-arg]
    """The earlier addresses of a post."""

    model = SlugRedirect
    extra = 0


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Subjects; the search box serves the posts' autocomplete, too."""

    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Post)
class PostAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Posts; states change by actions, text is saved by the services."""

    list_display = ["title", "author", "state", "published_at", "updated_at"]
    list_filter = ["status", "tags", ("author", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["author"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["title", "summary", "author__display_name", "author__email"]
    date_hierarchy = "published_at"
    autocomplete_fields = ["author", "tags"]
    readonly_fields = ["slug", "status", "published_at", "preview", "updated_at"]
    actions = ["publish", "archive"]
    inlines = [CommentInline, SlugRedirectInline]
    fieldsets = [
        (None, {"fields": ["title", "author", "summary", "body", "tags"]}),
        ("On the site", {"fields": ["slug", "status", "published_at", "updated_at"]}),
        ("Readers", {"fields": ["cover_alt", "comments_open", "preview"]}),
    ]

    @admin.display(description="Preview")
    def preview(self, post: Post) -> SafeString:
        """Show the text as readers see it."""
        return mark_safe(post.html)  # noqa: S308 (sanitised when it was saved)  # nosec

    def get_queryset(self, request: HttpRequest) -> QuerySet[Post]:
        """Show what the person may change; leave the long texts of the list."""
        posts = super().get_queryset(request)
        if not request.user.has_perm("posts.edit_any_post"):
            posts = posts.filter(author=cast("User", request.user))
        match = request.resolver_match
        if match is not None and match.url_name == "posts_post_changelist":
            return posts.defer("body", "html", "text")
        return posts

    def save_model(
        self,
        request: HttpRequest,
        obj: Post,
        form: ModelForm,  # type: ignore[type-arg]
        change: bool,
    ) -> None:
        """Save by the rules that hold everywhere: HTML, address, revision."""
        services.save_post(obj, cast("User", request.user))

    def delete_model(self, request: HttpRequest, obj: Post) -> None:
        """Delete with the cover."""
        services.delete_post(obj, cast("User", request.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        """Delete each with its cover."""
        for post in queryset:
            self.delete_model(request, post)

    @admin.action(description="Publish now", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        """Publish those that may be published; say what could not be done."""
        self._move(request, queryset, services.publish)

    @admin.action(description="Archive", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        """Archive those that may be archived; say what could not be done."""
        self._move(request, queryset, services.archive)

    def _move(
        self,
        request: HttpRequest,
        posts: QuerySet[Post],
        move: Callable[[Post, User], Post],
    ) -> None:
        done = 0
        for post in posts.select_related("author"):
            try:
                move(post, cast("User", request.user))
                done += 1
            except (services.TransitionError, PermissionDenied) as error:
                message = f"{post}: {error or 'you may not do this'}"
                self.message_user(request, message, messages.ERROR)
        self.message_user(request, f"{done} changed.", messages.SUCCESS)
