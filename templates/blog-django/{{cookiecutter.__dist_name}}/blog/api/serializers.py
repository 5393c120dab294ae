"""What the API shows, field by field: what is not named here stays inside."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from blog.accounts.models import User
from blog.comments.models import Comment
from blog.posts.models import Post


class PersonSerializer(serializers.Serializer[Any]):
    """Someone as everyone may see them; never their e-mail address."""

    handle = serializers.CharField()
    display_name = serializers.CharField()


class TagSerializer(serializers.Serializer[Any]):
    """A subject."""

    name = serializers.CharField()
    slug = serializers.SlugField()


class PostLineSerializer(serializers.Serializer[Any]):
    """A post in a list: all but its text."""

    id = serializers.UUIDField(source="public_id")
    slug = serializers.SlugField()
    url = serializers.SerializerMethodField(help_text="The page for readers.")
    title = serializers.CharField()
    summary = serializers.CharField()
    status = serializers.ChoiceField(Post.Status.choices, source="state")
    published_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    author = PersonSerializer()
    tags = TagSerializer(many=True)
    cover = serializers.ImageField(allow_null=True, help_text="Its address.")
    cover_alt = serializers.CharField()
    comments_open = serializers.BooleanField()

    def get_url(self, post: Post) -> str:
        """Return the absolute address of the post's page."""
        url: str = self.context["request"].build_absolute_uri(post.get_absolute_url())
        return url


class PostSerializer(PostLineSerializer):
    """A post with its text."""

    body = serializers.CharField(help_text="Markdown.")
    html = serializers.CharField(help_text="Made of the Markdown, and sanitised.")
    version = serializers.IntegerField(help_text="Grows with each save.")


class RevisionSerializer(serializers.Serializer[Any]):
    """A post as it was after one save."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    summary = serializers.CharField()
    body = serializers.CharField()
    editor = PersonSerializer()
    created_at = serializers.DateTimeField()


class CommentSerializer(serializers.Serializer[Any]):
    """What someone answered."""

    id = serializers.IntegerField()
    reply_to = serializers.IntegerField(source="parent_id", allow_null=True)
    depth = serializers.IntegerField()
    author = PersonSerializer()
    body = serializers.CharField(help_text="Plain text.")
    status = serializers.ChoiceField(Comment.Status.choices)
    created_at = serializers.DateTimeField()


class MeSerializer(PersonSerializer):
    """Yourself, as only you see it."""

    email = serializers.EmailField()
    bio = serializers.CharField()
    roles = serializers.SerializerMethodField()

    def get_roles(self, user: User) -> list[str]:
        """Return the names of the groups that say what this person may do."""
        return sorted(group.name for group in user.groups.all())


class TokensSerializer(serializers.Serializer[Any]):
    """Both tokens; the access token goes into `Authorization: Bearer …`."""

    access = serializers.CharField()
    refresh = serializers.CharField(help_text="Works once.")
    token_type = serializers.CharField(default="Bearer")
    expires_in = serializers.IntegerField(help_text="Seconds that `access` works.")


@extend_schema_serializer(many=False)
class PostPage(serializers.Serializer[Any]):
    """A page of posts."""

    next = serializers.URLField(allow_null=True)
    results = PostLineSerializer(many=True)


class HitSerializer(PostLineSerializer):
    """A post that was found."""

    excerpt = serializers.SerializerMethodField(help_text="HTML, with <mark>.")

    def get_excerpt(self, post: Post) -> str:
        """Return the place in the post that matches."""
        return str(self.context["excerpts"].get(post.pk, ""))


@extend_schema_serializer(many=False)
class HitPage(serializers.Serializer[Any]):
    """A page of posts that were found, the best first."""

    next = serializers.URLField(allow_null=True)
    results = HitSerializer(many=True)


@extend_schema_serializer(many=False)
class CommentPage(serializers.Serializer[Any]):
    """A page of comments, the oldest first."""

    next = serializers.URLField(allow_null=True)
    results = CommentSerializer(many=True)


@extend_schema_serializer(many=False)
class RevisionPage(serializers.Serializer[Any]):
    """A page of revisions, the newest first."""

    next = serializers.URLField(allow_null=True)
    results = RevisionSerializer(many=True)


@extend_schema_serializer(many=False)
class TagPage(serializers.Serializer[Any]):
    """A page of tags, by name."""

    next = serializers.URLField(allow_null=True)
    results = TagSerializer(many=True)
