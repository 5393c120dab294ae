"""Placeholders in the texts of an assignment, such as `{student}`."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

NAMES = ("student", "first_name", "last_name", "username", "email", "section", "team", "assignment")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def find_problem(text: str) -> tuple[str, str] | None:
    """Return the problem with the placeholders of a text and a hint, or None."""
    for name in _PLACEHOLDER.findall(text):
        if name not in NAMES:
            nearest = get_close_matches(name, NAMES, n=1, cutoff=0.5)
            known = ", ".join(f"{{{each}}}" for each in NAMES)
            hint = f"Did you mean {{{nearest[0]}}}?" if nearest else f"Use one of: {known}."
            return f"unknown placeholder {{{name}}}", hint
    return None


def find_names(texts: Iterable[str]) -> set[str]:
    """Return the names of the placeholders in the texts."""
    return {name for text in texts for name in _PLACEHOLDER.findall(text)}


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace placeholders with their values. Placeholders inside a value are not replaced."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)
