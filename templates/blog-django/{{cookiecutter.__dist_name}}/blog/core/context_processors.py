"""What every template knows about the site."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the words of `site.toml` as `blog` (allauth has a `site` of its own)."""
    return {"blog": settings.SITE}
