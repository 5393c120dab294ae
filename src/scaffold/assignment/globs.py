"""Patterns of paths in an assignment: `*` stays in its folder, `**` goes through any number of them."""

import re
from functools import cache


def problem(pattern: str) -> str | None:
    """Return why it cannot be a pattern of paths inside a project, or None."""
    parts = pattern.split("/")
    if not pattern or not pattern.isprintable():
        return "it is empty or holds a character that cannot be shown"
    if "\\" in pattern:
        return "folders are separated with /"
    if pattern.startswith("/") or ":" in pattern:
        return "it begins at the project's folder, as in tests/**"
    if ".." in parts or "." in parts or "" in parts:
        return "it may hold neither . nor .. nor an empty name"
    return None


def matches(pattern: str, path: str) -> bool:
    """Whether a path with forward slashes fits the pattern."""
    return _compiled(pattern).fullmatch(path) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return the pattern as a regular expression; `a/**` is all that is below a."""
    parts = pattern.split("/")
    spelled = []
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            spelled.append(".+" if last else "(?:[^/]+/)*")
        else:
            inner = re.escape(part).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
            spelled.append(inner + ("" if last else "/"))
    return re.compile("".join(spelled), re.DOTALL)
