"""Match paths with the patterns of an assignment: `*` within one folder, `**` across folders."""

import re
from functools import cache


def find_problem(pattern: str) -> str | None:
    """Return the problem with a pattern of paths inside a project, or None."""
    parts = pattern.split("/")
    if not pattern or not pattern.isprintable():
        return "it is empty or contains an unprintable character"
    if "\\" in pattern:
        return "separate folders with /"
    if pattern.startswith("/") or ":" in pattern:
        return "write it relative to the project, such as tests/**"
    if ".." in parts or "." in parts or "" in parts:
        return "it contains ., .. or an empty name"
    return None


def matches(pattern: str, path: str) -> bool:
    """Whether the pattern matches a path with forward slashes."""
    return _compile(pattern).fullmatch(path) is not None


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    """Return the pattern as a regular expression. `a/**` matches everything below a, but not a itself."""
    parts = pattern.split("/")
    regex = []
    for index, part in enumerate(parts):
        is_last = index == len(parts) - 1
        if part == "**":
            regex.append(".+" if is_last else "(?:[^/]+/)*")
        else:
            inner = re.escape(part).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
            regex.append(inner + ("" if is_last else "/"))
    return re.compile("".join(regex), re.DOTALL)
