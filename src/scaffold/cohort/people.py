"""Who is in a cohort, as plain values, and how problems with them are told."""

from dataclasses import dataclass
from pathlib import Path

from scaffold.errors import BadInput


@dataclass(frozen=True, slots=True)
class Student:
    """One person of a roster; what it does not tell is empty. `line` is where they stand in it."""

    line: int
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    email: str = ""
    section: str = ""
    team: str = ""

    @property
    def shown(self) -> str:
        """What to call them."""
        return self.name or self.username or self.email

    @property
    def login(self) -> str:
        """What tells them from all others: a username, or what else there is."""
        return self.username or self.email or self.name


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with one line, as a sentence without its full stop."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is in a cohort. `kind` names the format, `skipped` are the lines left out, with the reason."""

    path: Path
    kind: str
    students: tuple[Student, ...]
    skipped: tuple[Problem, ...] = ()


def refuse(path: Path, problems: list[Problem]) -> None:
    """Raise BadInput if there are problems: one sentence each, by line."""
    rows = [f"line {each.line}: {each.message}." for each in sorted(problems, key=lambda each: each.line)]
    if len(rows) == 1:
        raise BadInput(f"{path}, {rows[0]}", "Nothing was written. Mend that line and run it again.")
    if rows:
        listed = "\n".join(f"  {row}" for row in rows)
        raise BadInput(
            f"{path} has {len(rows)} problems, so nothing was written:",
            f"{listed}\nMend them and run it again.",
        )
