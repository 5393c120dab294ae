"""The interface between an interview and the terminal, which tests can replace."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

Validator = Callable[[str], str | None]  # returns the problem with a text, or None
Preview = Callable[[str], str]  # returns a note to show while the text is typed


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list: the value to return, its label, and an explanation."""

    value: str
    label: str
    note: str = ""
    detail: str = ""  # shown while the row is selected


SEPARATOR = Row("", "")  # a line between two groups of rows


@dataclass(frozen=True, slots=True)
class Line:
    """An answer that stays on the screen above the current question."""

    key: str
    value: str


class Screen(Protocol):
    """Asks questions. Each method that asks returns None if the person goes back."""

    def show_answers(self, lines: Sequence[Line]) -> None:
        """Replace the answers shown above the question."""

    def ask_text(
        self, message: str, default: str, validate: Validator, preview: Preview, *, back: bool
    ) -> str | None:
        """Ask for a text. An empty text means `default`."""

    def ask_choice(self, message: str, rows: Sequence[Row], current: str, *, back: bool) -> str | None:
        """Ask for one of the rows, with `current` selected first."""
