"""What `{student}` and its like stand for in the texts of an assignment."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

NAMES = ("student", "first_name", "last_name", "username", "email", "section", "team", "assignment")
_HOLE = re.compile(r"\{([^{}]*)\}")


def problem(text: str) -> tuple[str, str] | None:
    """Return what is wrong with the placeholders of a text, and a hint, or None."""
    for name in _HOLE.findall(text):
        if name not in NAMES:
            nearest = get_close_matches(name, NAMES, n=1, cutoff=0.5)
            known = ", ".join(f"{{{each}}}" for each in NAMES)
            hint = f"Did you mean {{{nearest[0]}}}?" if nearest else f"There are: {known}."
            return f"{{{name}}} is no placeholder", hint
    return None


def names(texts: Iterable[str]) -> set[str]:
    """Return the placeholders that the texts hold."""
    return {name for text in texts for name in _HOLE.findall(text)}


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of placeholders, once: a value is text, whatever it holds."""
    return _HOLE.sub(lambda hole: values.get(hole[1], hole[0]), text)
