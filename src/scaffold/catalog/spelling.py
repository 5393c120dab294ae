"""Spells texts in letters a to z; the one importer of python-slugify.

`slugs` is not the place for it: plain Cookiecutter's hooks hold a copy of that, and have no such library.
"""

from typing import Any


def slugify(value: str, *args: Any, **options: Any) -> str:  # noqa: ANN401 - handed on as it is
    """Spell a text in letters a to z and digits: the one filter that templates may use."""
    from slugify import slugify as spell  # noqa: PLC0415 - needed for one default, and only if that is taken

    return spell(value, *args, **options)
