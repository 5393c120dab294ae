"""Transliterate text to the letters a to z; the only module that imports python-slugify.

It is not part of `slugs`, because the hooks hold a copy of that module and cannot import the library.
"""

from typing import Any


def slugify(value: str, *args: Any, **options: Any) -> str:  # noqa: ANN401 - passed on unchanged
    """Return the text in letters a to z and digits. It is the only filter added for templates."""
    from slugify import slugify as spell  # noqa: PLC0415 - slow to import, and only one default needs it

    return spell(value, *args, **options)
