"""What machines read about a post: JSON-LD for search engines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from django.http import HttpRequest

    from blog.posts.models import Post

# In a script element HTML entities mean nothing, so "<" must not appear at all.
ESCAPES = str.maketrans({"<": "\\u003C", ">": "\\u003E", "&": "\\u0026"})


def article(post: Post, request: HttpRequest) -> SafeString:
    """Return schema.org's BlogPosting as JSON that may stand in a script element."""
    url = request.build_absolute_uri(post.get_absolute_url())
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "BlogPosting",
        "headline": post.title,
        "description": post.summary,
        "url": url,
        "mainEntityOfPage": url,
        "datePublished": post.published_at.isoformat() if post.published_at else None,
        "dateModified": post.updated_at.isoformat(),
        "author": {
            "@type": "Person",
            "name": str(post.author),
            "url": request.build_absolute_uri(post.author.get_absolute_url()),
        },
        "publisher": {"@type": "Organization", "name": settings.SITE["title"]},
        "keywords": [tag.name for tag in post.tags.all()],
    }
    if post.cover:
        data["image"] = request.build_absolute_uri(post.cover.url)
    filled = {key: value for key, value in data.items() if value}
    text = json.dumps(filled, ensure_ascii=False).translate(ESCAPES)
    return mark_safe(text)  # noqa: S308 (escaped in the line above)  # nosec
