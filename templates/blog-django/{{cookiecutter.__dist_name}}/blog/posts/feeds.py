"""Feeds and the site map: the newest posts for programs that fetch again and again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.contrib.syndication.views import Feed
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed, SyndicationFeed

from blog.posts.models import Post

if TYPE_CHECKING:
    import datetime as dt

    from django.db.models import QuerySet

    from blog.posts.models import PostQuerySet

NEWEST = 20
# What XML cannot hold, even escaped: one such character would break the whole feed.
UNFIT = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def fit(text: str) -> str:
    """Return the text without the characters that XML forbids."""
    return UNFIT.sub("", text)


class _Rss(Rss201rev2Feed):
    """RSS as it is, with the type that feed readers look for."""

    content_type = "application/rss+xml; charset=utf-8"


class RssFeed(Feed):  # type: ignore[type-arg]
    """The newest posts as RSS 2.0, each with its whole text."""

    feed_type: type[SyndicationFeed] = _Rss
    title = settings.SITE["title"]
    description = settings.SITE["description"]
    author_name = settings.SITE["author"]
    feed_url_name = "rss"

    def link(self) -> str:
        """Return the page that the feed is of."""
        return reverse("home")

    def feed_url(self) -> str:
        """Return the feed's own address."""
        return reverse(self.feed_url_name)

    def items(self) -> QuerySet[Post]:
        """Return the newest posts."""
        posts = Post.objects.visible().select_related("author")
        return posts.prefetch_related("tags").defer("body", "text")[:NEWEST]

    def item_title(self, item: Post) -> str:
        """Return the title; the feed library escapes it."""
        return fit(item.title)

    def item_description(self, item: Post) -> str:
        """Return the sanitised HTML."""
        return fit(item.html)

    def item_author_name(self, item: Post) -> str:
        """Return who wrote it."""
        return fit(str(item.author))

    def item_pubdate(self, item: Post) -> dt.datetime | None:
        """Return when it appeared."""
        return item.published_at

    def item_updateddate(self, item: Post) -> dt.datetime:
        """Return when it was changed last."""
        return item.updated_at

    def item_guid(self, item: Post) -> str:
        """Return what stays the same when the address changes."""
        return f"urn:uuid:{item.public_id}"

    item_guid_is_permalink = False

    def item_categories(self, item: Post) -> list[str]:
        """Return the names of its tags."""
        return [fit(tag.name) for tag in item.tags.all()]


class AtomFeed(RssFeed):
    """The same as Atom 1.0."""

    feed_type = Atom1Feed
    subtitle = RssFeed.description
    feed_url_name = "atom"


class PostSitemap(Sitemap):  # type: ignore[type-arg]
    """Every public post, for search engines."""

    limit = 1000

    def items(self) -> PostQuerySet:
        """Return the posts, with no more of each than the map needs."""
        return Post.objects.visible().only("slug", "updated_at", "published_at")

    def lastmod(self, item: Post) -> dt.datetime:
        """Return when it was changed last."""
        return item.updated_at

    def get_latest_lastmod(self) -> dt.datetime | None:
        """Return the newest change, by an index: Django would load every post."""
        changes = Post.objects.visible().order_by("-updated_at")
        return changes.values_list("updated_at", flat=True).first()


sitemaps: dict[str, Any] = {"posts": PostSitemap}
