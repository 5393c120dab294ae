"""Search with PostgreSQL's full text: a weighted tsvector under a GIN index.

The column `search` is made by migration 0002 and kept by the database itself, so no
model names it. Words are cut down as in English; to write in another language, change
CONFIG here and in the migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVectorField
from django.db import connection
from django.db.models import Expression
from django.db.models.expressions import Col
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blog.posts.models import Post, PostQuerySet

CONFIG = "english"
# A common word matches half the posts, and each rank costs a look into its vector.
# So only the newest matches are ranked: the work of a search stays the same however
# many posts there are.
RANKED = 200
# Two characters that no text holds (they are not printable) stand for the marks
# until what is between them has been escaped.
START, STOP = "\x02", "\x03"
HEADLINE = (
    f"StartSel={START}, StopSel={STOP}, MaxFragments=2, MinWords=8, MaxWords=22, "
    'FragmentDelimiter=" … "'
)


COLUMN = SearchVectorField()
COLUMN.set_attributes_from_name("search")


class _Vector(Expression):
    """The column `search` of the posts, under the alias that they have in the query."""

    output_field = COLUMN

    def resolve_expression(self, query: Any = None, *_: Any, **__: Any) -> Any:
        """Return the column; in a subquery the table is not called by its name."""
        return Col(query.get_initial_alias(), COLUMN)


def _query(text: str) -> SearchQuery:
    return SearchQuery(text, config=CONFIG, search_type="websearch")


def find(posts: PostQuerySet, query: str) -> PostQuerySet:
    """Return the newest matches by rank; quotes, OR and -word are understood."""
    vector = _Vector()
    newest = (
        posts.alias(vector=vector)
        .filter(vector=_query(query))
        .order_by("-published_at", "-pk")[:RANKED]
    )
    return (
        posts.model.objects.filter(pk__in=newest.values("pk"))
        .annotate(rank=SearchRank(vector, _query(query), cover_density=True))
        .order_by("-rank", "-published_at", "-pk")
    )


def snippets(posts: Sequence[Post], query: str) -> dict[int, SafeString]:
    """Return PostgreSQL's headlines, made for the rows of one page only."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, ts_headline(%s::regconfig, text,"
            " websearch_to_tsquery(%s::regconfig, %s), %s)"
            " FROM posts_post WHERE id = ANY(%s)",
            [CONFIG, CONFIG, query, HEADLINE, [post.pk for post in posts]],
        )
        return {pk: _marked(headline) for pk, headline in cursor.fetchall()}


def _marked(headline: str) -> SafeString:
    marked = escape(headline).replace(START, "<mark>").replace(STOP, "</mark>")
    return mark_safe(marked)  # noqa: S308 (escaped in the line above)  # nosec
