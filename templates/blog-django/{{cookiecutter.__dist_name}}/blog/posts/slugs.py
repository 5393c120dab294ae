"""Names made from what people type: addresses that stay unique, and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils.crypto import get_random_string
from django.utils.text import slugify

from blog.posts.models import Post, SlugRedirect, Tag

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_TAGS = 8
TAG_LENGTH = 40
STEM_LENGTH = 180  # leaves room for what is appended, in the 200 of the field


def free_slug(title: str, post: Post) -> str:
    """Return an address made of `title` that no other post has or ever had."""
    stem = slugify(title)[:STEM_LENGTH].strip("-_") or "post"
    numbered = [stem, *(f"{stem}-{number}" for number in range(2, 10))]
    slugs = Post.objects.exclude(pk=post.pk).filter(slug__in=numbered)
    old_slugs = SlugRedirect.objects.exclude(post=post.pk).filter(slug__in=numbered)
    taken = {*slugs.values_list("slug", flat=True)}
    taken |= {*old_slugs.values_list("slug", flat=True)}
    random = f"{stem}-{get_random_string(8).lower()}"
    return next((slug for slug in numbered if slug not in taken), random)


def keep_old_slug(before: Post, after: Post) -> None:
    """Redirect from the address that a post had when it was public."""
    if before.slug == after.slug:
        return
    after.old_slugs.filter(slug=after.slug).delete()
    if before.published_at is not None:
        SlugRedirect.objects.get_or_create(slug=before.slug, defaults={"post": after})


def split_tags(typed: str) -> list[str]:
    """Return the names in a comma list, each once, in the order typed.

    Raise ValidationError if there are too many or one is too long.
    """
    names: dict[str, str] = {}
    for part in typed.split(","):
        name = " ".join(part.split())
        if name:
            names.setdefault(name.casefold(), name)
    check_tags(names.values())
    return [*names.values()]


def check_tags(names: Iterable[str]) -> None:
    """Raise ValidationError if there are too many names or one does not serve."""
    names = list(names)
    if len(names) > MAX_TAGS:
        message = f"Use at most {MAX_TAGS} tags."
        raise ValidationError(message)
    for name in names:
        if len(name) > TAG_LENGTH:
            message = f"A tag has at most {TAG_LENGTH} characters: {name[:20]}…"
            raise ValidationError(message)


def find_tags(names: Iterable[str]) -> list[Tag]:
    """Return the tags with these names, in any case of letters; make those missing."""
    names = list(names)
    check_tags(names)
    return [_find_tag(name) for name in names]


def _find_tag(name: str) -> Tag:
    found = Tag.objects.filter(name__iexact=name).first()
    if found is not None:
        return found
    stem = slugify(name)[:40] or "tag"
    taken = Tag.objects.filter(slug=stem).exists()
    slug = f"{stem}-{get_random_string(6).lower()}" if taken else stem
    return Tag.objects.create(name=name, slug=slug)
