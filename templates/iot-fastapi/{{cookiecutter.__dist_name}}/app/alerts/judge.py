"""Pure: whether a rule is broken, with a gap between breaking and mending it."""

from __future__ import annotations

from enum import Enum
from typing import Protocol


class Limits(Protocol):
    """What a rule says."""

    kind: str
    threshold: float | None
    clear: float | None
    window_seconds: int


class Verdict(Enum):
    """What follows from a value."""

    OPEN = "open"
    RESOLVE = "resolve"
    NOTHING = "nothing"


def judge(rule: Limits, value: float | None, *, is_open: bool) -> Verdict:
    """Return what a value means for a rule.

    `value` is the mean of the window, or for silence the seconds since something was
    heard; None where nothing is known, and then nothing changes. An alert opens beyond
    the threshold and resolves on the other side of `clear`: a value that trembles
    around the threshold raises one alert, not a hundred.
    """
    if value is None:
        return Verdict.NOTHING
    match rule.kind:
        case "silence":
            broken = value > rule.window_seconds
            mended = not broken
        case "above":
            broken = value > _number(rule.threshold)
            mended = value <= _number(rule.clear)
        case _:
            broken = value < _number(rule.threshold)
            mended = value >= _number(rule.clear)
    if is_open:
        return Verdict.RESOLVE if mended else Verdict.NOTHING
    return Verdict.OPEN if broken else Verdict.NOTHING


def _number(limit: float | None) -> float:
    if limit is None:
        raise ValueError("a rule with a threshold has both limits")
    return limit
