"""Posts in the API: find, read, write, and move from state to state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from blog.api import inputs
from blog.api import serializers as s
from blog.api.access import me, viewer
from blog.api.errors import TooLarge, Unprocessable
from blog.api.pagination import page, read, refuse_stale, written
from blog.api.schema import CONFLICT, IF_MATCH, STALE
from blog.api.strict import PageQuery, validated
from blog.posts import images, search, services
from blog.posts.models import Post

if TYPE_CHECKING:
    from rest_framework.request import Request

    from blog.posts.models import PostQuerySet


class FoundPost(GenericViewSet[Post]):
    """The post of the address; one that you may not read does not exist for you."""

    permission_classes = (IsAuthenticatedOrReadOnly,)
    serializer_class = s.PostSerializer
    queryset = Post.objects.all()
    lookup_field = "slug"
    lookup_value_regex = "[-a-zA-Z0-9_]+"

    def get_queryset(self) -> PostQuerySet:
        """Return what the one who asks may read."""
        return Post.objects.visible_to(viewer(self.request))

    def find(self) -> Post:
        """Return the post; raise Http404."""
        posts = self.get_queryset().select_related("author").prefetch_related("tags")
        return get_object_or_404(posts, slug=self.kwargs["slug"])

    def find_to_change(self) -> Post:
        """Return the post as the client read it; raise PermissionDenied or Stale."""
        post = self.find()
        if not post.may_be_edited_by(me(self.request)):
            raise PermissionDenied
        refuse_stale(self.request, self.shown(post))
        return post

    def shown(self, post: Post) -> Any:
        """Return what the API says of a post."""
        return s.PostSerializer(post, context={"request": self.request}).data

    def changed(self, post: Post, status: int = 200) -> Response:
        """Return the answer to a change: the post as it is now, and where."""
        fresh = Post.objects.select_related("author").get(pk=post.pk)
        place = self.request.build_absolute_uri(f"/api/v1/posts/{fresh.slug}")
        return written(self.shown(fresh), status, Location=place)


@extend_schema(tags=["posts"])
class PostViewSet(FoundPost):
    """Posts."""

    @extend_schema(
        operation_id="posts_list", parameters=[inputs.PostQuery], responses=s.PostPage
    )
    def list(self, request: Request) -> Response:
        """List what you may read: all that is published, and what you wrote."""
        query = validated(inputs.PostQuery, request.query_params.dict())
        posts = self.get_queryset().listed()
        status = query.get("status")
        if status == Post.Status.PUBLISHED:
            posts = posts.visible()
        elif status == Post.Status.SCHEDULED:
            posts = posts.filter(status=status, published_at__gt=timezone.now())
        elif status:
            posts = posts.filter(status=status)
        if tag := query.get("tag"):
            posts = posts.filter(tags__slug=tag)
        if author := query.get("author"):
            posts = posts.filter(author__handle=author)
        if words := query.get("search"):
            posts = search.search(posts, words)
        undated = request.user.is_authenticated and status != Post.Status.PUBLISHED
        found, following = page(request, posts, query["ordering"], query, gaps=undated)
        lines = s.PostLineSerializer(found, many=True, context={"request": request})
        return read(request, {"next": following, "results": lines.data})

    @extend_schema(responses=s.PostSerializer)
    def retrieve(self, request: Request, slug: str) -> Response:
        """Read one, with its text."""
        return read(request, self.shown(self.find()))

    @extend_schema(request=inputs.PostInput, responses={201: s.PostSerializer})
    def create(self, request: Request) -> Response:
        """Write a draft; its slug is made of the title. Twice makes two."""
        if not me(request).has_perm("posts.add_post"):
            raise PermissionDenied
        given = validated(inputs.PostInput, request.data)
        tags = given.pop("tags")
        post = Post(author=me(request), **given)
        return self.changed(services.save_post(post, me(request), tags=tags), 201)

    @extend_schema(
        request=inputs.PostInput,
        parameters=[IF_MATCH],
        responses={200: s.PostSerializer, **STALE},
    )
    def update(self, request: Request, slug: str) -> Response:
        """Replace its words: a field that is not sent gets its default."""
        return self.save(request, partial=False)

    @extend_schema(
        request=inputs.PostInput,
        parameters=[IF_MATCH],
        responses={200: s.PostSerializer, **STALE},
    )
    def partial_update(self, request: Request, slug: str) -> Response:
        """Change some of its words: a field that is not sent stays as it is."""
        return self.save(request, partial=True)

    def save(self, request: Request, *, partial: bool) -> Response:
        """Save what the body says, unless someone else was faster."""
        post = self.find_to_change()
        given = validated(inputs.PostInput, request.data, partial=partial)
        tags = given.pop("tags", None)
        for name, value in given.items():
            setattr(post, name, value)
        services.save_post(post, me(request), tags=tags, seen_version=post.version)
        return self.changed(post)

    @extend_schema(parameters=[IF_MATCH], responses={204: None, **STALE})
    def destroy(self, request: Request, slug: str) -> Response:
        """Delete it with its comments, for ever; again is 404."""
        services.delete_post(self.find_to_change(), me(request))
        return Response(status=204)

    @extend_schema(request=None, responses={200: s.PostSerializer, **CONFLICT, **STALE})
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, slug: str) -> Response:
        """Show it to everyone from now on."""
        return self.changed(services.publish(self.find_to_change(), me(request)))

    @extend_schema(
        request=inputs.ScheduleInput,
        responses={200: s.PostSerializer, **CONFLICT, **STALE},
    )
    @action(detail=True, methods=["post"])
    def schedule(self, request: Request, slug: str) -> Response:
        """Show it to everyone from a time in the future on."""
        post = self.find_to_change()
        when = validated(inputs.ScheduleInput, request.data)["publish_at"]
        return self.changed(services.schedule(post, me(request), when))

    @extend_schema(request=None, responses={200: s.PostSerializer, **CONFLICT, **STALE})
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, slug: str) -> Response:
        """Take it off the site and keep it."""
        return self.changed(services.archive(self.find_to_change(), me(request)))

    @extend_schema(parameters=[PageQuery], responses=s.RevisionPage)
    @action(detail=True, permission_classes=[IsAuthenticated])
    def revisions(self, request: Request, slug: str) -> Response:
        """List its earlier versions, for those who may change it; the newest first."""
        query = validated(PageQuery, request.query_params.dict())
        rows = self.find_to_change().revisions.select_related("editor")
        found, following = page(request, rows, "-id", query)
        lines = s.RevisionSerializer(found, many=True).data
        return read(request, {"next": following, "results": lines})


@extend_schema(tags=["media"])
class CoverViewSet(FoundPost):
    """The picture of a post."""

    parser_classes = (MultiPartParser,)

    @extend_schema(
        request={"multipart/form-data": inputs.CoverInput},
        responses={200: s.PostSerializer, **STALE},
    )
    def update(self, request: Request, slug: str) -> Response:
        """Send the picture in `file`; it is drawn anew, without its metadata."""
        post = self.find_to_change()
        form = inputs.CoverInput(data=request.data)
        form.is_valid(raise_exception=True)
        file = form.validated_data["file"]
        if file.size > images.MAX_BYTES:
            raise TooLarge
        try:
            picture = images.read(file)
        except ValidationError as error:
            raise Unprocessable({"file": error.messages}) from error
        services.save_post(post, me(request), cover=picture, seen_version=post.version)
        return self.changed(post)

    @extend_schema(request=None, responses={200: s.PostSerializer, **STALE})
    def destroy(self, request: Request, slug: str) -> Response:
        """Remove the picture; again does no harm."""
        post = self.find_to_change()
        services.save_post(post, me(request), cover=False, seen_version=post.version)
        return self.changed(post)
