"""Whether this version of scaffold is one that an assignment asks for: `>=0.1,<2`."""

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
_PARTS = 4


def is_range(text: str) -> bool:
    """Whether it is clauses such as `>=0.1`, with commas between them."""
    return all(_CLAUSE.fullmatch(clause.strip()) for clause in text.split(","))


def fits(version: str, wanted: str) -> bool:
    """Whether a version is in a range that `is_range` accepts; `0.1.0.dev1` counts as 0.1.0."""
    found = _numbers(version)
    for clause in wanted.split(","):
        sign, number = _CLAUSE.findall(clause)[0]
        if sign == "~=":
            above = [*map(int, number.split("."))][:-1] or [int(number)]
            if not (_numbers(number) <= found and found[: len(above)] == tuple(above)):
                return False
        elif not _COMPARE[sign](found, _numbers(number)):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    leading = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in leading[0].split(".")] if leading else []
    return tuple((numbers + [0] * _PARTS)[:_PARTS])
