"""The pages for readers: home, post, tag, author, archive, search."""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Concatenate

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Count, Exists, OuterRef
from django.db.models.functions import TruncMonth
from django.http import Http404, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe

from blog.comments.threads import discussion
from blog.posts import search
from blog.posts.metadata import article
from blog.posts.models import Post, SlugRedirect, Tag
from blog.posts.pagination import paginate

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

    from blog.posts.models import PostQuerySet

PER_PAGE = min(settings.SITE["posts_per_page"], 50)


def conditional_get[**P](
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Let anonymous readers keep a page and ask whether it changed (ETag, 304).

    The tag is a hash of the page, so nothing that a page depends on can be forgotten
    in it. Pages of people who are logged in, or who are told something, are private.
    """

    @wraps(view)
    def wrapper(
        request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        told = "messages" in request.COOKIES or response.cookies
        if (
            request.user.is_authenticated
            or told
            or response.status_code != HTTPStatus.OK
        ):
            patch_cache_control(response, private=True, no_cache=True)
            return response
        patch_cache_control(response, public=True, no_cache=True)
        digest = hashlib.sha256(response.content).hexdigest()[:32]
        response["ETag"] = f'"{digest}"'
        return (
            get_conditional_response(request, etag=response["ETag"], response=response)
            or response
        )

    return wrapper


def _list(
    request: HttpRequest, posts: PostQuerySet, title: str = "", **context: Any
) -> HttpResponse:
    page = paginate(request, posts.listed(), PER_PAGE)
    context |= {"page": page, "title": title}
    return render(request, "posts/list.html", context)


@require_safe
@conditional_get
def home(request: HttpRequest) -> HttpResponse:
    """Show the newest posts."""
    return _list(request, Post.objects.visible())


@require_safe
@conditional_get
def tag(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the newest posts with a tag."""
    # The name of a tag that only drafts have is nobody else's business.
    used = Exists(Post.objects.visible().filter(tags=OuterRef("pk")))
    found = get_object_or_404(Tag.objects.filter(used), slug=slug)
    posts = Post.objects.visible().filter(tags=found)
    return _list(request, posts, f"Posts tagged “{found}”", tag=found)


@require_safe
@conditional_get
def author(request: HttpRequest, handle: str) -> HttpResponse:
    """Show a person who writes here, and what they wrote."""
    person = get_object_or_404(get_user_model(), handle=handle)
    posts = Post.objects.visible().filter(author=person)
    # Who only reads and comments has no page.
    if not posts.exists():
        raise Http404
    return _list(request, posts, f"Posts by {person}", person=person)


@require_safe
@conditional_get
def archive(request: HttpRequest) -> HttpResponse:
    """Show in which months something was published, and how much."""
    months = (
        Post.objects.visible()
        .order_by()
        .annotate(month=TruncMonth("published_at"))
        .values("month")
        .annotate(posts=Count("pk"))
        .order_by("-month")
    )
    return render(request, "posts/archive.html", {"months": months})


@require_safe
@conditional_get
def archive_month(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """Show the posts of one month."""
    try:
        start = dt.datetime(year, month, 1, tzinfo=timezone.get_current_timezone())
        end = start.replace(year=year + month // 12, month=month % 12 + 1)
    except (ValueError, OverflowError) as error:
        raise Http404 from error
    # A range, unlike `published_at__month`, is something that an index answers.
    posts = Post.objects.visible().filter(published_at__gte=start, published_at__lt=end)
    return _list(request, posts, f"{start:%B %Y}")


@require_safe
@conditional_get
def post(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one post with its comments; redirect from an earlier address of it."""
    posts = Post.objects.visible_to(request.user)
    found = posts.select_related("author").prefetch_related("tags").filter(slug=slug)
    shown = found.first()
    if shown is None:
        old = get_object_or_404(SlugRedirect, slug=slug, post__in=posts)
        return HttpResponsePermanentRedirect(old.post.get_absolute_url())
    context = {
        "post": shown,
        "url": request.build_absolute_uri(shown.get_absolute_url()),
        "cover_url": request.build_absolute_uri(shown.cover.url) if shown.cover else "",
        "may_edit": shown.may_be_edited_by(request.user),
        "structured_data": article(shown, request),
        **discussion(request, shown),
    }
    return render(request, "posts/post.html", context)


@require_safe
@conditional_get
def search_posts(request: HttpRequest) -> HttpResponse:
    """Show what matches the words typed, best first, with the places that match."""
    query = search.clean(request.GET.get("q", ""))
    found = search.search(Post.objects.visible(), query)
    page = paginate(request, found.listed(), PER_PAGE)
    snippets = search.snippets(page.items, query)
    results = [(post, snippets.get(post.pk, "")) for post in page.items]
    context = {"query": query, "page": page, "results": results}
    return render(request, "posts/search.html", context)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Tell search engines what is not worth their time, and where the map is."""
    lines = [
        "User-agent: *",
        *(f"Disallow: /{part}/" for part in ("accounts", "admin", "search", "write")),
        f"Sitemap: {request.build_absolute_uri('/sitemap.xml')}",
    ]
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain")
