"""Counts files and lines of a project."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from scaffold.catalog.model import MILESTONE, Template
from scaffold.engine import answers, record, render
from scaffold.engine.lock import CONSTRAINTS_FILE, LOCK_FILE
from scaffold.engine.plan import Plan, PlannedFile

# Nobody reads these, so their lines are not counted.
_UNCOUNTED = frozenset({LOCK_FILE, CONSTRAINTS_FILE, "LICENSE", record.FILE_NAME})


@dataclass(frozen=True, slots=True)
class Size:
    """Files and lines of a project, and how many of them are application Python."""

    files: int
    lines: int
    application_files: int
    application_lines: int


def measure(plan: Plan) -> Size:
    """Count the files and lines of a project.

    Application Python is without tests, migrations and empty files. The lines in all are without the pins,
    the licence and the record; a binary file has none. A file with secrets is not committed, so it does not
    count.
    """
    files = [file for file in plan.files if not file.secret]
    application = [file for file in files if is_application(file)]
    return Size(
        files=len(files),
        lines=sum(_lines(file) for file in files if str(file.path) not in _UNCOUNTED),
        application_files=len(application),
        application_lines=sum(_lines(file) for file in application),
    )


def of_milestones(template: Template) -> tuple[Size, ...]:
    """Return the size of the default project at the end of each milestone. Raises TemplateError."""
    return tuple(
        measure(render.plan(template, answers.resolve(template, {MILESTONE: str(milestone.number)})))
        for milestone in template.milestones
    )


def is_application(file: PlannedFile) -> bool:
    """Return whether a file is application Python: neither a test nor a migration, and not empty."""
    if file.path.suffix != ".py" or not file.content.strip():
        return False
    return not is_test(file.path) and not is_migration(file.path)


def is_test(path: PurePosixPath) -> bool:
    """Return whether a file stands in a folder of tests."""
    return "tests" in path.parts[:-1]


def is_migration(path: PurePosixPath) -> bool:
    """Return whether a file stands in a folder of migrations."""
    return "migrations" in path.parts[:-1]


def _lines(file: PlannedFile) -> int:
    return 0 if b"\0" in file.content else len(file.content.splitlines())
