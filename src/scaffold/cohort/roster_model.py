"""The values that a roster is read into, and the error that lists its problems."""

from dataclasses import dataclass
from pathlib import Path

from scaffold.errors import BadInput


@dataclass(frozen=True, slots=True)
class Student:
    """One student of a roster. Missing values are empty; `line` is the line of the roster, from 1."""

    line: int
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    email: str = ""
    section: str = ""
    team: str = ""

    @property
    def display_name(self) -> str:
        """The name to show to people."""
        return self.name or self.username or self.email

    @property
    def identifier(self) -> str:
        """The value that identifies the student in the roster: the username where there is one."""
        return self.username or self.email or self.name


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with one line of a roster. The message has no full stop."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Roster:
    """A roster that was read. `skipped` lists the lines that were left out, with the reason."""

    path: Path
    format: str
    students: tuple[Student, ...]
    skipped: tuple[Problem, ...] = ()


def raise_problems(path: Path, problems: list[Problem]) -> None:
    """Raise BadInput that lists all problems by line; do nothing if there are none."""
    rows = [f"line {each.line}: {each.message}." for each in sorted(problems, key=lambda each: each.line)]
    if len(rows) == 1:
        raise BadInput(f"{path}, {rows[0]}", "Nothing was written. Fix this line and run the command again.")
    if rows:
        listed = "\n".join(f"  {row}" for row in rows)
        raise BadInput(
            f"{path} has {len(rows)} problems, so nothing was written:",
            f"{listed}\nFix these and run the command again.",
        )
