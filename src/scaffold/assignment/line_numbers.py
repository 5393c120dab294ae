"""Find the line of a key in a TOML file, which tomllib does not report."""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any


def find_line(source: str, path: Sequence[str]) -> int | None:
    """Return the line, from 1, where the statement that sets this key begins, or None.

    Parses the file up to each line in turn. A statement of several lines does not parse before its last line,
    so it begins on the line after the previous statement.
    """
    lines = source.splitlines(keepends=True)
    previous_end = 0
    for number in range(1, len(lines) + 1):
        try:
            table = tomllib.loads("".join(lines[:number]))
        except tomllib.TOMLDecodeError:
            continue
        if _contains(table, path):
            return previous_end + 1
        previous_end = number
    return None


def _contains(table: Mapping[str, Any], path: Sequence[str]) -> bool:
    value: Any = table
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True
