"""Search with the FULLTEXT indexes of MySQL and MariaDB, in natural language mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import FloatField, Func, Value
from django.db.models.lookups import GreaterThan

from blog.posts.search import plain
from blog.posts.search.plain import snippets

if TYPE_CHECKING:
    from blog.posts.models import PostQuerySet

__all__ = ["find", "snippets"]
ANYWHERE = "`title`, `summary`, `text`"
SHORTEST = 3  # innodb_ft_min_token_size: shorter words are in no index


class Match(Func):
    """MATCH (columns) AGAINST (words): how well the words fit, 0 where they do not."""

    template = "MATCH (%(columns)s) AGAINST (%(expressions)s)"
    output_field = FloatField()


def find(posts: PostQuerySet, query: str) -> PostQuerySet:
    """Return what matches any word, most relevant first; a title counts three times."""
    if all(len(word) < SHORTEST for word in plain.split(query)):
        return plain.find(posts, query)
    words = Value(query)
    anywhere = Match(words, columns=ANYWHERE)
    # Compared with 0 and by itself, for only then the index serves the condition.
    return (
        posts.filter(GreaterThan(anywhere, 0))
        .annotate(rank=anywhere + 3 * Match(words, columns="`title`"))
        .order_by("-rank", "-published_at", "-pk")
    )
