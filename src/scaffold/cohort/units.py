"""Pure: who gets which repository, with which answers. A unit is one student, or one team."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scaffold.assignment import placeholders
from scaffold.assignment.model import Assignment
from scaffold.catalog import spelling
from scaffold.catalog.model import Template
from scaffold.cohort.people import Problem, Roster, Student, refuse
from scaffold.engine import answers
from scaffold.errors import BadAnswer

LONGEST = 100  # characters of a repository's name, as GitHub has it
_LONGEST_PART = 60
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_DEVICE = re.compile(r"(con|prn|aux|nul|clock|(com|lpt)[0-9])(\..*)?", re.IGNORECASE)
_ENDINGS = (".git", ".lock", ".wiki", ".atom")


@dataclass(frozen=True, slots=True)
class Unit:
    """One repository to make: whose it is, and every answer of its project."""

    repository: str
    team: str
    students: tuple[Student, ...]
    answers: Mapping[str, str]

    @property
    def line(self) -> int:
        """Where it begins in the roster."""
        return min(student.line for student in self.students)


def plan(assignment: Assignment, template: Template, roster: Roster) -> tuple[Unit, ...]:
    """Return the units of a roster, in its order. Raises BadInput that lists every problem with its line."""
    problems = _repeated(roster.students)
    units: dict[str, Unit] = {}
    for team, students in _groups(roster.students):
        made, problem = unit(assignment, template, team, students)
        if made is None:
            problems.append(Problem(students[0].line, problem))
            continue
        key = made.repository.casefold()
        if key in units and made.line not in {problem.line for problem in problems}:
            problems.append(_collision(units[key], made))
        units.setdefault(key, made)
    refuse(roster.path, problems)
    return tuple(units.values())


def _groups(students: Sequence[Student]) -> Iterable[tuple[str, tuple[Student, ...]]]:
    groups: dict[tuple[str, int], list[Student]] = {}
    for student in students:
        groups.setdefault((student.team, 0 if student.team else student.line), []).append(student)
    return ((team, tuple(members)) for (team, _), members in groups.items())


def _repeated(students: Sequence[Student]) -> list[Problem]:
    """Return a problem for each student who is there already; who has a username is told by that."""
    seen: dict[str, int] = {}
    problems = []
    for student in students:
        key = student.login.casefold()
        if key in seen:
            problems.append(Problem(student.line, f"{student.login!r} is there already, on line {seen[key]}"))
        seen.setdefault(key, student.line)
    return problems


def unit(
    assignment: Assignment, template: Template, team: str, students: tuple[Student, ...]
) -> tuple[Unit | None, str]:
    """Return the unit, or None and what is wrong with it."""
    values = _values(team, students)
    name, problem = _repository(assignment, values)
    if problem:
        return None, problem
    texts = [text for text in (*assignment.pinned.values(), *assignment.free.values()) if text]
    for hole in sorted(placeholders.names(texts) - {"assignment"}):
        if not values[hole]:
            return None, f"the assignment uses {{{hole}}}, and this line has none; fill it in"
    suggested = {"author_name": values["student"], "author_email": values["email"]}
    try:
        found = answers.resolve(template, assignment.answers(values), suggested)
    except BadAnswer as error:
        return None, f"no project can be made for {values['student'][:80]!r}: {error.message.rstrip('.')}"
    return Unit(name, team, students, found), ""


def _values(team: str, students: Sequence[Student]) -> dict[str, str]:
    first = students[0]
    names = [student.shown for student in students]
    shown = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    alone = len(students) == 1
    return {
        "student": shown,
        "first_name": first.first_name if alone else "",
        "last_name": first.last_name if alone else "",
        "username": team or first.login,
        "email": first.email,
        "section": first.section,
        "team": team,
    }


def _repository(assignment: Assignment, values: Mapping[str, str]) -> tuple[str, str]:
    """Return the repository's name, and what is wrong with it or nothing."""
    short = {"assignment": assignment.id}
    for hole in placeholders.names([assignment.repository]) - {"assignment"}:
        text = values[hole]
        if not text:
            return "", f"the repository's name uses {{{hole}}}, and this line has none; fill it in"
        short[hole] = _short(text)
        if not short[hole]:
            return "", (
                f"no letter of {text[:80]!r} can stand in a repository's name; give the line a username"
            )
    name = placeholders.fill(assignment.repository, short)
    if _DEVICE.fullmatch(name):
        return "", (
            f"the repository would be called {name!r}, which Windows keeps for a device; "
            'put more into the assignment\'s pattern, such as repository = "{assignment}-{username}"'
        )
    if not _NAME.fullmatch(name) or ".." in name or len(name) > LONGEST or name.endswith(_ENDINGS):
        return "", (
            f"no repository can be called {name[:120]!r}; give the line a username of up to {_LONGEST_PART} "
            "letters, digits and hyphens"
        )
    return name, ""


def _short(text: str) -> str:
    """Return what of a text can stand in a repository's name; of an address, what is before the @."""
    plain = text.partition("@")[0] or text
    spelled = spelling.slugify(
        plain, regex_pattern=r"[^-a-z0-9_.]+", max_length=_LONGEST_PART, word_boundary=False
    )
    return re.sub(r"\.{2,}", ".", spelled).strip("-_.")


def _collision(first: Unit, second: Unit) -> Problem:
    names = [unit.team or unit.students[0].shown for unit in (first, second)]
    return Problem(
        second.line,
        f"{names[1][:80]!r} would get the repository {second.repository}, as {names[0][:80]!r} on line "
        f"{first.line} does; give them usernames that differ in more than case and signs",
    )
