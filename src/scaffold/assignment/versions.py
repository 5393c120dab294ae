"""Check a version against a range such as `>=0.1,<2`."""

import operator
import re
from collections.abc import Callable

_CLAUSE = re.compile(r"(>=|<=|==|!=|>|<|~=)\s*(\d+(?:\.\d+){0,3})")
_COMPARE: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_MAX_PARTS = 4


def is_range(text: str) -> bool:
    """Whether the text is a comma-separated list of clauses such as `>=0.1`."""
    return all(_CLAUSE.fullmatch(clause.strip()) for clause in text.split(","))


def is_in_range(version: str, version_range: str) -> bool:
    """Whether a version is in a valid range. `0.1.0.dev1` counts as 0.1.0."""
    found = _parse_numbers(version)
    for clause in version_range.split(","):
        comparison, number = _CLAUSE.findall(clause)[0]
        if comparison == "~=":
            prefix = [*map(int, number.split("."))][:-1] or [int(number)]
            if not (_parse_numbers(number) <= found and found[: len(prefix)] == tuple(prefix)):
                return False
        elif not _COMPARE[comparison](found, _parse_numbers(number)):
            return False
    return True


def _parse_numbers(version: str) -> tuple[int, ...]:
    leading = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in leading[0].split(".")] if leading else []
    return tuple((numbers + [0] * _MAX_PARTS)[:_MAX_PARTS])
