"""Writes an assignment file with comments, for a person to read and change."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from scaffold import __version__
from scaffold.assignment import globs
from scaffold.assignment.model import ID, REPOSITORY, SCHEMA
from scaffold.catalog import spelling
from scaffold.catalog.model import Template
from scaffold.engine.plan import Plan

_WEEKS = 4
_LAST_MINUTE = time(23, 59)
# What a course gives rather than takes, where the template has it.
_MANAGED = (".github/**", ".gitlab-ci.yml", "Jenkinsfile", "pyproject.toml", "tests/security/**")


@dataclass(frozen=True, slots=True)
class Wish:
    """What `assignment init` was told: the choices to pin, and the few texts."""

    id: str
    title: str
    due: datetime
    pinned: Mapping[str, str]


def short(title: str, year: int) -> str:
    """Return an id made of a title: "Capstone 1: a blog" becomes capstone-1-a-blog-2026."""
    longest = 39 - len(f"-{year}")
    spelled = spelling.slugify(title, max_length=longest, word_boundary=True)
    return f"{spelled or 'assignment'}-{year}"


def due(today: date) -> datetime:
    """Return the end of the day in four weeks, in the local time zone."""
    return datetime.combine(today + timedelta(weeks=_WEEKS), _LAST_MINUTE).astimezone()


def parse_due(text: str) -> datetime | None:
    """Return the moment that a person means, or None if it is no date from 2000 to 2100.

    A date means its last minute. A time without an offset is local, with the offset of that day: in November,
    a day in June is an hour further from UTC than today is.
    """
    try:
        found = datetime.combine(date.fromisoformat(text.strip()), _LAST_MINUTE)
    except ValueError:
        try:
            found = datetime.fromisoformat(text.strip())
        except ValueError:
            return None
    if not 2000 <= found.year <= 2100:  # noqa: PLR2004 - as an assignment is read
        return None
    return found if found.tzinfo else found.astimezone()


def id_problem(text: str) -> str | None:
    """Return why this cannot be an id, or None."""
    if ID.fullmatch(text):
        return None
    return "Use 2 to 39 of a to z, 0 to 9 and -, beginning with a letter or a digit: blog-2026"


def text(wish: Wish, template: Template, plan: Plan, today: date) -> str:
    """Return the file: what was wished for, and what else there is, in comments."""
    choices = [each for each in template.questions if each.kind == "choice"]
    open_ones = [each for each in choices if each.name not in wish.pinned]
    managed = [each for each in _MANAGED if any(globs.matches(each, path) for path in plan.paths)]
    lines = [
        "# An assignment for scaffold: what you fix here is the same for every student.",
        "# Look at what it gives:   scaffold assignment check THIS_FILE",
        "# One for each student:    scaffold cohort create THIS_FILE ROSTER --out DIRECTORY",
        f"schema = {_quoted(SCHEMA)}",
        f"id = {_quoted(wish.id)}",
        f"title = {_quoted(wish.title)}",
        "# When it is due, with the offset from UTC.",
        f"due = {wish.due.isoformat(timespec='seconds')}",
        "# What repositories are called. There are {assignment}, {student}, {first_name}, {last_name},",
        "# {username}, {email}, {section} and {team}, in the answers below, too.",
        f"repository = {_quoted(REPOSITORY)}",
        "",
        "[template]",
        f"name = {_quoted(template.name)}",
        "# The versions of scaffold that it works with.",
        f"version = {_quoted('>=' + __version__.rpartition('.')[0])}",
        "",
        "# Fixed: not asked, refused on the command line, and found later if a student changes them.",
        "[answers.pinned]",
        *(f"{name} = {_quoted(value)}" for name, value in wish.pinned.items()),
        *(
            f"# {each.name} = {_quoted(each.default)}  # or {', '.join(each.values[1:])}"
            for each in open_ones
        ),
        "",
        "# The student's choice; a cohort takes the default.",
        "[answers.free]",
        f"project_name = {{ default = {_quoted(f'{template.title} of {{student}}')} }}",
        "",
        "[files]",
        "# Yours: later checks tell if a student edited them. ** goes through folders.",
        f"managed = [{', '.join(map(_quoted, managed))}]",
        "# Theirs; a file that is in both lists is yours.",
        f"student = [{', '.join(map(_quoted, _students(plan)))}]",
        "",
        "# Who made each first commit, and when: with these fixed, every machine gives the same commit ids.",
        "[commit]",
        '# author = "Course staff <staff@example.org>"',
        f"date = {datetime.combine(today, time()).astimezone().isoformat(timespec='seconds')}",
    ]
    return "\n".join(lines) + "\n"


def _students(plan: Plan) -> list[str]:
    """Return patterns for the folders with Python code."""
    folders = {
        file.path.parts[0] for file in plan.files if file.path.suffix == ".py" and len(file.path.parts) > 1
    }
    return [f"{folder}/**" for folder in sorted(folders)]


def _quoted(value: str) -> str:
    """Return a TOML text; JSON escapes the same way, and more than it must."""
    return json.dumps(value, ensure_ascii=False)
