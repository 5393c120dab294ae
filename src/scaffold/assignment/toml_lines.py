"""Finds the line of a TOML file that says something: tomllib reads values, and forgets where they stood."""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any


def line_of(source: str, path: Sequence[str]) -> int | None:
    """Return the line, from 1, on which the statement that gives this key its value begins, or None.

    The file is read again and again, each time a line further. A statement of several lines cannot be read
    before its end, so it begins on the line after the last that could be.
    """
    lines = source.splitlines(keepends=True)
    begins = 0
    for number in range(1, len(lines) + 1):
        try:
            table = tomllib.loads("".join(lines[:number]))
        except tomllib.TOMLDecodeError:
            continue
        if _holds(table, path):
            return begins + 1
        begins = number
    return None


def _holds(table: Mapping[str, Any], path: Sequence[str]) -> bool:
    value: Any = table
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True
