"""What is written: posts with tags, their earlier versions and earlier addresses."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from blog.accounts.models import User


class Tag(models.Model):
    """A subject that posts share."""

    name = models.CharField(max_length=40, unique=True)
    slug = models.SlugField(max_length=50, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of the list of posts with this tag."""
        return reverse("tag", args=[self.slug])


def _is_public() -> Q:
    return Q(
        status__in=[Post.Status.PUBLISHED, Post.Status.SCHEDULED],
        published_at__lte=timezone.now(),
    )


class PostQuerySet(models.QuerySet["Post"]):
    """The questions that the rest of the site asks about posts."""

    def visible(self) -> PostQuerySet:
        """Return what everyone may read; a scheduled post appears at its time."""
        return self.filter(_is_public())

    def visible_to(self, user: User | AnonymousUser) -> PostQuerySet:
        """Return what `user` may read: own posts in any state, all for an editor."""
        if user.has_perm("posts.edit_any_post"):
            return self
        if not user.is_authenticated:
            return self.visible()
        return self.filter(_is_public() | Q(author=user))

    def editable_by(self, user: User | AnonymousUser) -> PostQuerySet:
        """Return what `user` may change: own posts, all for an editor."""
        if user.has_perm("posts.edit_any_post"):
            return self
        if not user.is_authenticated or not user.has_perm("posts.change_post"):
            return self.none()
        return self.filter(author=user)

    def listed(self) -> PostQuerySet:
        """Return the posts with all that a list shows, in a fixed count of queries."""
        return (
            self.select_related("author")
            .prefetch_related("tags")
            .defer("body", "html", "text")
        )


class Post(models.Model):
    """One article, written in Markdown and shown as the sanitised HTML made of it."""

    class Status(models.TextChoices):
        """Where a post is on its way to the readers."""

        DRAFT = "draft"
        SCHEDULED = "scheduled"
        PUBLISHED = "published"
        ARCHIVED = "archived"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="posts"
    )
    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=200, unique=True)
    summary = models.CharField(max_length=300, blank=True)
    body = models.TextField(max_length=100_000, help_text="Markdown.")
    html = models.TextField(editable=False)
    text = models.TextField(editable=False, help_text="The words of it, to search in.")
    status = models.CharField(
        max_length=10, choices=Status.choices, default=Status.DRAFT
    )
    published_at = models.DateTimeField(null=True, blank=True)
    tags = models.ManyToManyField(Tag, related_name="posts", blank=True)
    cover = models.ImageField(upload_to="covers/", blank=True)
    cover_alt = models.CharField(max_length=200, blank=True)
    comments_open = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(
        default=0, editable=False, help_text="Counts the saves: see who came first."
    )

    objects = PostQuerySet.as_manager()

    class Meta:
        ordering = ["-published_at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["-published_at", "-id"], name="post_newest"),
            models.Index(fields=["author", "-published_at", "-id"], name="post_author"),
            models.Index(fields=["-updated_at"], name="post_changed"),
            models.Index(fields=["author", "-updated_at"], name="post_own_changed"),
        ]
        permissions = [
            ("edit_any_post", "Can edit, publish and archive the posts of others"),
            ("publish_post", "Can publish own posts"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the address that readers know it by."""
        return reverse("post", args=[self.slug])

    @property
    def is_visible(self) -> bool:
        """Whether everyone may read it now."""
        return self.state == self.Status.PUBLISHED

    @property
    def state(self) -> str:
        """The status as of now: a scheduled post whose time has come is published."""
        due = self.published_at is not None and self.published_at <= timezone.now()
        if self.status == self.Status.SCHEDULED and due:
            return self.Status.PUBLISHED
        return self.status

    @property
    def reading_minutes(self) -> int:
        """How long it takes to read at 220 words a minute, at least one."""
        return max(1, round(len(self.text.split()) / 220))

    def may_be_edited_by(self, user: User | AnonymousUser) -> bool:
        """Whether `user` may change it: its author, or an editor."""
        return self._is_for(user, "posts.change_post")

    def may_be_published_by(self, user: User | AnonymousUser) -> bool:
        """Whether `user` may move it from state to state: its author, or an editor."""
        return self._is_for(user, "posts.publish_post")

    def _is_for(self, user: User | AnonymousUser, permission: str) -> bool:
        own = user.is_authenticated and self.author_id == user.pk
        return (own and user.has_perm(permission)) or user.has_perm(
            "posts.edit_any_post"
        )


class SlugRedirect(models.Model):
    """An address that a post once had, so that old links still arrive."""

    slug = models.SlugField(max_length=200, unique=True)
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="old_slugs")

    def __str__(self) -> str:
        return self.slug


class Revision(models.Model):
    """A post as it was after one save."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="revisions")
    editor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    title = models.CharField(max_length=200)
    summary = models.CharField(max_length=300, blank=True)
    body = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.title} ({self.created_at:%Y-%m-%d %H:%M})"
