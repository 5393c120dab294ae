"""What an interview asks with: plain values, so that it can be led in a terminal and in a test alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

Check = Callable[[str], str | None]  # what is wrong with a text, or None
Preview = Callable[[str], str]  # what a text leads to, shown while it is typed


@dataclass(frozen=True, slots=True)
class Row:
    """One choice of a list: what is returned, what is shown, and a line on what it means."""

    value: str
    label: str
    note: str = ""
    detail: str = ""  # shown while the row is pointed at


RULE = Row("", "")  # a line between two groups of rows


@dataclass(frozen=True, slots=True)
class Line:
    """A settled answer, as it stays on the screen above the question being asked."""

    key: str
    value: str


class Screen(Protocol):
    """What an interview needs to ask with. Each question returns None when the person goes back."""

    def show(self, lines: Sequence[Line]) -> None:
        """Make these the settled answers on the screen."""

    def text(self, message: str, default: str, check: Check, preview: Preview, *, back: bool) -> str | None:
        """Ask for a text; an empty one means `default`."""

    def choose(self, message: str, rows: Sequence[Row], current: str, *, back: bool) -> str | None:
        """Ask for one of the rows, starting at `current`."""
