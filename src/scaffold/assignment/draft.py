"""Render a new assignment file, with comments for the instructor who edits it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from scaffold import __version__
from scaffold.assignment import globs
from scaffold.assignment.model import DEFAULT_REPOSITORY, ID_PATTERN, SCHEMA
from scaffold.catalog import spelling
from scaffold.catalog.model import Template
from scaffold.engine.plan import Plan

_DEFAULT_WEEKS = 4
_END_OF_DAY = time(23, 59)
# Files that a course usually manages, where the template has them.
_MANAGED = (".github/**", ".gitlab-ci.yml", "Jenkinsfile", "pyproject.toml", "tests/security/**")


@dataclass(frozen=True, slots=True)
class AssignmentDraft:
    """The values of a new assignment file."""

    id: str
    title: str
    due: datetime
    pinned: Mapping[str, str]


def suggest_id(title: str, year: int) -> str:
    """Return an id for a title: "Capstone 1: a blog" becomes capstone-1-a-blog-2026."""
    max_length = 39 - len(f"-{year}")
    spelled = spelling.slugify(title, max_length=max_length, word_boundary=True)
    return f"{spelled or 'assignment'}-{year}"


def default_due(today: date) -> datetime:
    """Return the end of the day four weeks from today, in the local time zone."""
    return datetime.combine(today + timedelta(weeks=_DEFAULT_WEEKS), _END_OF_DAY).astimezone()


def parse_due(text: str) -> datetime | None:
    """Return the due date in a text, or None if it is not a date from 2000 to 2100.

    A date without a time means 23:59. A time without an offset is local, with the offset that applies on that
    day, so daylight saving time is respected.
    """
    try:
        found = datetime.combine(date.fromisoformat(text.strip()), _END_OF_DAY)
    except ValueError:
        try:
            found = datetime.fromisoformat(text.strip())
        except ValueError:
            return None
    if not 2000 <= found.year <= 2100:  # noqa: PLR2004 - the range that the reader accepts
        return None
    return found if found.tzinfo else found.astimezone()


def find_id_problem(text: str) -> str | None:
    """Return the problem with an id, or None."""
    if ID_PATTERN.fullmatch(text):
        return None
    return "Use 2 to 39 characters from a-z, 0-9 and -, starting with a letter or digit: blog-2026"


def render(draft: AssignmentDraft, template: Template, plan: Plan, today: date) -> str:
    """Return the text of the file, with the remaining options in comments."""
    choices = [each for each in template.questions if each.kind == "choice"]
    open_choices = [each for each in choices if each.name not in draft.pinned]
    managed = [each for each in _MANAGED if any(globs.matches(each, path) for path in plan.paths)]
    lines = [
        "# An assignment for scaffold. What you fix here is the same for every student.",
        "# Preview the project:      scaffold assignment check THIS_FILE",
        "# Create the repositories:  scaffold cohort create THIS_FILE ROSTER --out DIRECTORY",
        f"schema = {_quote(SCHEMA)}",
        f"id = {_quote(draft.id)}",
        f"title = {_quote(draft.title)}",
        "# Due date, with the offset from UTC.",
        f"due = {draft.due.isoformat(timespec='seconds')}",
        "# Repository names. These placeholders also work in answers: {assignment}, {student}, {username},",
        "# {first_name}, {last_name}, {email}, {section} and {team}.",
        f"repository = {_quote(DEFAULT_REPOSITORY)}",
        "",
        "[template]",
        f"name = {_quote(template.name)}",
        "# Versions of scaffold that this assignment works with.",
        f"version = {_quote('>=' + __version__.rpartition('.')[0])}",
        "",
        "# Fixed answers: students are not asked, and cannot set them on the command line.",
        "[answers.pinned]",
        *(f"{name} = {_quote(value)}" for name, value in draft.pinned.items()),
        *(
            f"# {each.name} = {_quote(each.default)}  # or {', '.join(each.values[1:])}"
            for each in open_choices
        ),
        "",
        "# Answers that students choose; a cohort uses the default.",
        "[answers.free]",
        f"project_name = {{ default = {_quote(f'{template.title} of {{student}}')} }}",
        "",
        "[files]",
        "# Your files: `scaffold cohort status` reports students' edits. ** matches any number of folders.",
        f"managed = [{', '.join(map(_quote, managed))}]",
        "# The students' files. A file in both lists is yours.",
        f"student = [{', '.join(map(_quote, _student_patterns(plan)))}]",
        "",
        "# Author and date of each first commit. Fixed values give the same commit ids on every machine.",
        "[commit]",
        '# author = "Course staff <staff@example.org>"',
        f"date = {datetime.combine(today, time()).astimezone().isoformat(timespec='seconds')}",
    ]
    return "\n".join(lines) + "\n"


def _student_patterns(plan: Plan) -> list[str]:
    """Return patterns for the folders that contain Python code."""
    folders = {
        file.path.parts[0] for file in plan.files if file.path.suffix == ".py" and len(file.path.parts) > 1
    }
    return [f"{folder}/**" for folder in sorted(folders)]


def _quote(value: str) -> str:
    """Return the value as a TOML string. JSON's escapes are valid in TOML."""
    return json.dumps(value, ensure_ascii=False)
