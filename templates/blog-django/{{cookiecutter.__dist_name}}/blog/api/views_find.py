"""Finding in the API: tags and search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from blog.api import inputs
from blog.api import serializers as s
from blog.api.pagination import page, read
from blog.api.strict import PageQuery, validated
from blog.posts import search
from blog.posts.models import Post, Tag

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response

SEARCH_PAGE = 20  # hits


@extend_schema(tags=["tags"])
class TagViewSet(GenericViewSet[Tag]):
    """Tags; one that only drafts have is nobody else's business."""

    permission_classes = (AllowAny,)
    serializer_class = s.TagSerializer
    queryset = Tag.objects.all()
    lookup_field = "slug"
    lookup_value_regex = "[-a-zA-Z0-9_]+"

    def get_queryset(self) -> QuerySet[Tag]:
        """Return the tags of the posts that everyone may read."""
        return Tag.objects.filter(
            Exists(Post.objects.visible().filter(tags=OuterRef("pk")))
        )

    @extend_schema(
        operation_id="tags_list", parameters=[PageQuery], responses=s.TagPage
    )
    def list(self, request: Request) -> Response:
        """List them by name."""
        query = validated(PageQuery, request.query_params.dict())
        found, following = page(request, self.get_queryset(), "name", query)
        lines = s.TagSerializer(found, many=True).data
        return read(request, {"next": following, "results": lines})

    @extend_schema(responses=s.TagSerializer)
    def retrieve(self, request: Request, slug: str) -> Response:
        """Read one; its posts are at `/api/v1/posts?tag=…`."""
        tag = get_object_or_404(self.get_queryset(), slug=slug)
        return read(request, s.TagSerializer(tag).data)


class SearchView(APIView):
    """Search."""

    permission_classes = (AllowAny,)

    @extend_schema(
        tags=["search"], parameters=[inputs.SearchQuery], responses=s.HitPage
    )
    def get(self, request: Request) -> Response:
        """Find published posts by their words, best first; 20 to a page, 20 pages."""
        query = validated(inputs.SearchQuery, request.query_params.dict())
        start = (query["page"] - 1) * SEARCH_PAGE
        posts = search.search(Post.objects.visible(), query["q"])
        posts = posts.select_related("author").prefetch_related("tags")
        found = list(posts.defer("body", "html")[start : start + SEARCH_PAGE + 1])
        following = None
        if len(found) > SEARCH_PAGE and query["page"] < inputs.SEARCH_PAGES:
            here = request.build_absolute_uri()
            following = replace_query_param(here, "page", query["page"] + 1)
        hits = found[:SEARCH_PAGE]
        context = {
            "request": request,
            "excerpts": search.snippets(hits, query["q"]),
        }
        lines = s.HitSerializer(hits, many=True, context=context).data
        return read(request, {"next": following, "results": lines})
