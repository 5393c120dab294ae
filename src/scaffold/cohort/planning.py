"""Plan one repository for each student or team of a roster: its name and its answers. Writes nothing."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scaffold.assignment import placeholders
from scaffold.assignment.model import Assignment
from scaffold.catalog import spelling
from scaffold.catalog.model import Template
from scaffold.cohort.roster_model import Problem, Roster, Student, raise_problems
from scaffold.engine import answers
from scaffold.errors import BadAnswer

MAX_NAME_LENGTH = 100  # characters; GitHub's limit
_MAX_PART_LENGTH = 60
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|clock|(com|lpt)[0-9])(\..*)?", re.IGNORECASE)
_RESERVED_SUFFIXES = (".git", ".lock", ".wiki", ".atom")


@dataclass(frozen=True, slots=True)
class PlannedRepository:
    """A repository to create, for one student or one team, with all answers of its project."""

    name: str
    team: str
    students: tuple[Student, ...]
    answers: Mapping[str, str]

    @property
    def line(self) -> int:
        """The first line of the roster that belongs to this repository."""
        return min(student.line for student in self.students)


def plan_repositories(
    assignment: Assignment, template: Template, roster: Roster
) -> tuple[PlannedRepository, ...]:
    """Return the repositories of a roster, in its order. Raises BadInput that lists every problem by line."""
    problems = _find_duplicates(roster.students)
    planned: dict[str, PlannedRepository] = {}
    for team, students in _group_by_team(roster.students):
        repository, problem = plan_repository(assignment, template, team, students)
        if repository is None:
            problems.append(Problem(students[0].line, problem))
            continue
        key = repository.name.casefold()
        if key in planned and repository.line not in {problem.line for problem in problems}:
            problems.append(_collision_problem(planned[key], repository))
        planned.setdefault(key, repository)
    raise_problems(roster.path, problems)
    return tuple(planned.values())


def _group_by_team(students: Sequence[Student]) -> Iterable[tuple[str, tuple[Student, ...]]]:
    groups: dict[tuple[str, int], list[Student]] = {}
    for student in students:
        groups.setdefault((student.team, 0 if student.team else student.line), []).append(student)
    return ((team, tuple(members)) for (team, _), members in groups.items())


def _find_duplicates(students: Sequence[Student]) -> list[Problem]:
    """Return a problem for each student who is in the roster twice."""
    seen: dict[str, int] = {}
    problems = []
    for student in students:
        key = student.identifier.casefold()
        if key in seen:
            problems.append(
                Problem(
                    student.line, f"duplicate student {student.identifier!r}, already on line {seen[key]}"
                )
            )
        seen.setdefault(key, student.line)
    return problems


def plan_repository(
    assignment: Assignment, template: Template, team: str, students: tuple[Student, ...]
) -> tuple[PlannedRepository | None, str]:
    """Return the repository and "", or None and the problem."""
    values = _placeholder_values(team, students)
    name, problem = _repository_name(assignment, values)
    if problem:
        return None, problem
    texts = [text for text in (*assignment.pinned.values(), *assignment.free.values()) if text]
    for placeholder in sorted(placeholders.find_names(texts) - {"assignment"}):
        if not values[placeholder]:
            return None, (
                f"the assignment uses {{{placeholder}}}, but this line has no value for it; fill it in"
            )
    suggested = {"author_name": values["student"], "author_email": values["email"]}
    try:
        found = answers.resolve(template, assignment.fill_answers(values), suggested)
    except BadAnswer as error:
        return None, (
            f"no project can be created for {values['student'][:80]!r}: {error.message.rstrip('.')}"
        )
    return PlannedRepository(name, team, students, found), ""


def _placeholder_values(team: str, students: Sequence[Student]) -> dict[str, str]:
    first = students[0]
    names = [student.display_name for student in students]
    joined = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    is_alone = len(students) == 1
    return {
        "student": joined,
        "first_name": first.first_name if is_alone else "",
        "last_name": first.last_name if is_alone else "",
        "username": team or first.identifier,
        "email": first.email,
        "section": first.section,
        "team": team,
    }


def _repository_name(assignment: Assignment, values: Mapping[str, str]) -> tuple[str, str]:
    """Return the name of the repository and "", or "" and the problem."""
    slugs = {"assignment": assignment.id}
    for placeholder in placeholders.find_names([assignment.repository]) - {"assignment"}:
        text = values[placeholder]
        if not text:
            return "", (
                f"the repository name uses {{{placeholder}}}, but this line has no value for it; fill it in"
            )
        slugs[placeholder] = _slug(text)
        if not slugs[placeholder]:
            return "", f"{text[:80]!r} has no character that a repository name may contain; add a username"
    name = placeholders.fill(assignment.repository, slugs)
    if _WINDOWS_DEVICE.fullmatch(name):
        return "", (
            f"the repository would be called {name!r}, which Windows reserves for a device; "
            'use a longer pattern in the assignment, such as repository = "{assignment}-{username}"'
        )
    if (
        not _NAME.fullmatch(name)
        or ".." in name
        or len(name) > MAX_NAME_LENGTH
        or name.endswith(_RESERVED_SUFFIXES)
    ):
        return "", (
            f"{name[:120]!r} is not a valid repository name; add a username of up to {_MAX_PART_LENGTH} "
            "letters, digits and hyphens"
        )
    return name, ""


def _slug(text: str) -> str:
    """Return the text as part of a repository name. Of an e-mail address, only the local part is used."""
    plain = text.partition("@")[0] or text
    spelled = spelling.slugify(
        plain, regex_pattern=r"[^-a-z0-9_.]+", max_length=_MAX_PART_LENGTH, word_boundary=False
    )
    return re.sub(r"\.{2,}", ".", spelled).strip("-_.")


def _collision_problem(first: PlannedRepository, second: PlannedRepository) -> Problem:
    names = [each.team or each.students[0].display_name for each in (first, second)]
    return Problem(
        second.line,
        f"{names[1][:80]!r} would get the repository {second.name}, which already belongs to "
        f"{names[0][:80]!r} on line {first.line}; give them more distinct usernames",
    )
