"""Finding posts by their words, with what the database in use is best at.

Each backend offers `find(posts, query)`, which returns the matches with a `rank`,
best first, and `snippets(posts, query)`, the places where a page of them matches.
"""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol, cast

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.safestring import SafeString

    from blog.posts.models import Post, PostQuerySet

MAX_LENGTH = 100  # characters of a query
MAX_WORDS = 8


class Backend(Protocol):
    """What a module of this package offers."""

    def find(self, posts: PostQuerySet, query: str) -> PostQuerySet:
        """Return those of `posts` that match, with a `rank`, best first."""

    def snippets(self, posts: Sequence[Post], query: str) -> dict[int, SafeString]:
        """Return, by primary key, the HTML of a place that matches, in <mark>."""


def search(posts: PostQuerySet, query: str) -> PostQuerySet:
    """Return those of `posts` that match what a person typed, best first."""
    query = clean(query)
    return _backend().find(posts, query) if query else posts.none()


def snippets(posts: Sequence[Post], query: str) -> dict[int, SafeString]:
    """Return a highlighted excerpt of each post on a page, by primary key."""
    return _backend().snippets(posts, clean(query)) if posts else {}


def clean(query: str) -> str:
    """Return the query within the limits: plain words, not too many."""
    printable = "".join(x if x.isprintable() else " " for x in query[:MAX_LENGTH])
    words = printable.split()[:MAX_WORDS]
    return " ".join(words) if any(re.search(r"\w", word) for word in words) else ""


def _backend() -> Backend:
    name = f"{__name__}.{connection.vendor}"
    found = name if find_spec(name) else f"{__name__}.plain"
    return cast("Backend", import_module(found))
