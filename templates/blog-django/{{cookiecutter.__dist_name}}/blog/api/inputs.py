"""What the API takes, field by field: what is not named here is refused."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from blog.api.strict import PageQuery, QuerySerializer, StrictSerializer
from blog.posts.models import Post
from blog.posts.slugs import MAX_TAGS, TAG_LENGTH

SLUG = r"^[-a-zA-Z0-9_]+$"
SEARCH_PAGES = 20
ORDERINGS = ["published_at", "updated_at"]  # those that have an index


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A first post",
            {
                "title": "Hello, world",
                "body": "My *first* post.",
                "summary": "It begins.",
                "tags": ["Django", "Learning"],
            },
        )
    ]
)
class PostInput(StrictSerializer):
    """What an author may say of a post; the rest follows from it."""

    title = serializers.CharField(max_length=200)
    body = serializers.CharField(max_length=100_000, help_text="Markdown.")
    summary = serializers.CharField(max_length=300, allow_blank=True, default="")
    tags = serializers.ListField(
        child=serializers.CharField(max_length=TAG_LENGTH),
        max_length=MAX_TAGS,
        default=list,
        help_text="Names; one that is new is made.",
    )
    cover_alt = serializers.CharField(max_length=200, allow_blank=True, default="")
    comments_open = serializers.BooleanField(default=True)


class ScheduleInput(StrictSerializer):
    """When a post shall appear."""

    publish_at = serializers.DateTimeField(help_text="In the future.")


class CoverInput(serializers.Serializer[Any]):
    """A picture, sent as a form with a file."""

    file = serializers.FileField(help_text="JPEG, PNG or WebP.")


@extend_schema_serializer(examples=[OpenApiExample("An answer", {"body": "I agree."})])
class CommentInput(StrictSerializer):
    """A comment, or with `reply_to` an answer to one."""

    body = serializers.CharField(max_length=2000)
    reply_to = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, allow_null=True
    )


class ModerationInput(StrictSerializer):
    """What a moderator decided."""

    status = serializers.ChoiceField(["approved", "spam"])


class MeInput(StrictSerializer):
    """What you may change of yourself here."""

    display_name = serializers.CharField(max_length=80, required=False)
    bio = serializers.CharField(max_length=1000, allow_blank=True, required=False)


class LoginInput(StrictSerializer):
    """Who you are, and how one knows."""

    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    otp = serializers.CharField(
        max_length=20, required=False, help_text="With two-factor login only."
    )


class RefreshInput(StrictSerializer):
    """The refresh token that you were given last."""

    refresh = serializers.CharField(max_length=2000)


class PostQuery(PageQuery):
    """Which posts, in which order."""

    tag = serializers.RegexField(SLUG, max_length=50, required=False)
    author = serializers.RegexField(SLUG, max_length=40, required=False)
    status = serializers.ChoiceField(Post.Status.choices, required=False)
    search = serializers.CharField(
        max_length=100, required=False, help_text="Words in it, in any order."
    )
    ordering = serializers.ChoiceField(
        [*ORDERINGS, *(f"-{name}" for name in ORDERINGS)], default="-published_at"
    )


class SearchQuery(QuerySerializer):
    """What to look for, in all of what everyone may read."""

    q = serializers.CharField(max_length=100)
    page = serializers.IntegerField(min_value=1, max_value=SEARCH_PAGES, default=1)
