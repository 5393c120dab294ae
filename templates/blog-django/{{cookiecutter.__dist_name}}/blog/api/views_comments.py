"""Comments in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from blog.api import inputs
from blog.api import serializers as s
from blog.api.access import me, viewer
from blog.api.errors import Unprocessable
from blog.api.pagination import page, read
from blog.api.schema import CONFLICT
from blog.api.strict import PageQuery, validated
from blog.api.views_posts import FoundPost
from blog.comments import services
from blog.comments.models import Comment
from blog.posts.models import Post

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from blog.accounts.models import User

DECISIONS = {
    Comment.Status.APPROVED: services.approve,
    Comment.Status.SPAM: services.mark_spam,
}


def seen_by(user: User | AnonymousUser) -> QuerySet[Comment]:
    """Return what `user` may see; a hidden comment hides what answers it."""
    visible = Comment.objects.visible_to(user)
    keys = visible.values("pk")
    return visible.filter(
        Q(parent=None) | Q(parent__in=keys),
        Q(parent__parent=None) | Q(parent__parent__in=keys),
    ).select_related("author")


@extend_schema(tags=["comments"])
class PostCommentViewSet(FoundPost):
    """The comments on a post."""

    @extend_schema(
        operation_id="comments_list", parameters=[PageQuery], responses=s.CommentPage
    )
    def list(self, request: Request, slug: str) -> Response:
        """List what you may see; `reply_to` says what each answers."""
        query = validated(PageQuery, request.query_params.dict())
        rows = seen_by(viewer(request)).filter(post=self.find())
        found, following = page(request, rows, "created_at", query)
        lines = s.CommentSerializer(found, many=True).data
        return read(request, {"next": following, "results": lines})

    @extend_schema(
        operation_id="comments_create",
        request=inputs.CommentInput,
        responses={201: s.CommentSerializer, **CONFLICT},
    )
    def create(self, request: Request, slug: str) -> Response:
        """Comment, or answer a comment; it may have to wait for a moderator."""
        post = self.find()
        given = validated(inputs.CommentInput, request.data)
        parent = None
        if given.get("reply_to"):
            seen = seen_by(me(request)).filter(post=post)
            parent = seen.filter(pk=given["reply_to"]).first()
            if parent is None:
                raise Unprocessable({"reply_to": ["No comment on this post."]})
        comment = services.add_comment(
            post,
            me(request),
            given["body"],
            address=request.META.get("REMOTE_ADDR", ""),
            parent=parent,
        )
        place = request.build_absolute_uri(f"/api/v1/comments/{comment.pk}")
        shown = s.CommentSerializer(comment).data
        return Response(shown, status=201, headers={"Location": place})


@extend_schema(tags=["comments"])
class CommentViewSet(GenericViewSet[Comment]):
    """Single comments."""

    permission_classes = (IsAuthenticatedOrReadOnly,)
    serializer_class = s.CommentSerializer
    queryset = Comment.objects.all()
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Comment]:
        """Return what the one who asks may see, on posts that they may read."""
        user = viewer(self.request)
        return seen_by(user).filter(post__in=Post.objects.visible_to(user))

    @extend_schema(responses=s.CommentSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Read one."""
        comment = get_object_or_404(self.get_queryset(), pk=pk)
        return read(request, s.CommentSerializer(comment).data)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete it with its answers: your own, or as a moderator any."""
        comment = get_object_or_404(self.get_queryset(), pk=pk)
        services.delete_comment(comment, me(request))
        return Response(status=204)

    @extend_schema(request=inputs.ModerationInput, responses=s.CommentSerializer)
    @action(detail=True, methods=["post"])
    def moderate(self, request: Request, pk: str) -> Response:
        """Approve it or hide it as spam, as a moderator; again changes nothing."""
        comment = get_object_or_404(self.get_queryset(), pk=pk)
        status = validated(inputs.ModerationInput, request.data)["status"]
        comment = DECISIONS[status](comment, me(request))
        return Response(s.CommentSerializer(comment).data)
