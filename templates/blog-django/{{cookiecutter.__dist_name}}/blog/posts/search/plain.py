"""Search for any database: substrings. It reads every row, so it is for development."""

from __future__ import annotations

import re
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

from django.db.models import Case, IntegerField, Q, Value, When
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blog.posts.models import Post, PostQuerySet

WEIGHTS = {"title": 4, "summary": 2, "text": 1}
AROUND = 80  # characters shown on each side of a match


def find(posts: PostQuerySet, query: str) -> PostQuerySet:
    """Return the posts that hold every word; titles count most."""
    words = split(query)
    if not words:
        return posts.none()
    everywhere = [
        Q(title__icontains=word) | Q(summary__icontains=word) | Q(text__icontains=word)
        for word in words
    ]
    scores = [
        Case(
            When(**{f"{field}__icontains": word}, then=Value(weight)),
            default=Value(0),
            output_field=IntegerField(),
        )
        for word in words
        for field, weight in WEIGHTS.items()
    ]
    return (
        posts.filter(reduce(and_, everywhere))
        .annotate(rank=sum(scores[1:], scores[0]))
        .order_by("-rank", "-published_at", "-pk")
    )


def snippets(posts: Sequence[Post], query: str) -> dict[int, SafeString]:
    """Return the surroundings of the first word found in each text, words marked."""
    keys = [post.pk for post in posts]
    texts = type(posts[0]).objects.filter(pk__in=keys).values_list("pk", "text")
    return {key: excerpt(text, query) for key, text in texts}


def split(query: str) -> list[str]:
    """Return the words of a query, without quotation marks."""
    return [word for part in query.split() if (word := part.strip("\"'“”,;+"))]


def excerpt(text: str, query: str) -> SafeString:
    """Return the HTML of the surroundings of the first word found."""
    pattern = re.compile("|".join(map(re.escape, split(query))) or "$", re.IGNORECASE)
    match = pattern.search(text)
    middle = match.start() if match else 0
    start, end = max(0, middle - AROUND), middle + 2 * AROUND
    if start:
        start = text.find(" ", start, middle) + 1 or start
    if end < len(text):
        end = max(text.rfind(" ", middle, end), middle + AROUND)
    part = text[start:end]
    marked, last = [], 0
    for found in pattern.finditer(part):
        if found.group():
            marked += [
                escape(part[last : found.start()]),
                f"<mark>{escape(found.group())}</mark>",
            ]
            last = found.end()
    marked.append(escape(part[last:]))
    before, after = "… " if start else "", " …" if end < len(text) else ""
    # Every piece of text above is escaped; only the marks are ours.
    return mark_safe(f"{before}{''.join(marked)}{after}")  # noqa: S308  # nosec
