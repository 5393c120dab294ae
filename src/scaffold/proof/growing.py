"""The laws of growing: each milestone only adds lines, and not too many of them."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from scaffold.catalog.model import COMPLETE, EDITION, MILESTONE, Template
from scaffold.engine import answers, record, render
from scaffold.engine.lock import CONSTRAINTS_FILE, LOCK_FILE
from scaffold.engine.plan import PlannedFile
from scaffold.proof import settings, sizes
from scaffold.proof.settings import Settings
from scaffold.proof.sizes import Size
from scaffold.proof.source import Mistake

EXCEPTIONS = "_not_additive"
MAX_EXCEPTIONS = 5
MAX_FIRST_FILES, MAX_FIRST_LINES, MAX_FIRST_FILES_IN_ALL = 20, 800, 62
MAX_ADDED_LINES, MAX_ADDED_FILES = 900, 25
_EXEMPT = frozenset({record.FILE_NAME, LOCK_FILE, CONSTRAINTS_FILE})


def answers_at(template: Template, number: int, edition: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the answers that make a template's project at a milestone. Raises BadAnswer."""
    return answers.resolve(template, {**given, MILESTONE: str(number), EDITION: edition})


def measure(template: Template, given: Mapping[str, str]) -> tuple[Size, ...]:
    """Return the size of the project at each milestone. Raises TemplateError."""
    return tuple(
        sizes.measure(render.plan(template, answers_at(template, row.number, COMPLETE, given)))
        for row in template.milestones
    )


def find_changes(template: Template, given: Mapping[str, str], lines: Settings) -> Iterator[Mistake]:
    """Yield the first line of each file that a later milestone changes or removes. Raises TemplateError."""
    exceptions = tuple(template.raw.get(EXCEPTIONS, ()))
    if len(exceptions) > MAX_EXCEPTIONS:
        yield Mistake(
            settings.NAME,
            lines.line_of_key(EXCEPTIONS),
            f"{EXCEPTIONS} lists {len(exceptions)} files, but may list {MAX_EXCEPTIONS} at most.",
        )
    changed: set[str] = set()
    before: dict[str, PlannedFile] = {}
    for row in template.milestones:
        layers = render.layers(template, answers_at(template, row.number, COMPLETE, given))
        after = {str(file.path): file for file in layers}
        for path, file in before.items():
            found = _first_change(file, after.get(path), row.number)
            if found and path in exceptions:
                changed.add(path)
            elif found and path not in _EXEMPT:
                yield found
        before = after
    for path in exceptions:
        if path not in changed:
            yield Mistake(
                settings.NAME,
                lines.line_of_key(EXCEPTIONS),
                f"remove {path} from {EXCEPTIONS}: no milestone changes a line of it.",
            )


def _first_change(old: PlannedFile, new: PlannedFile | None, number: int) -> Mistake | None:
    path = str(old.path)
    if new is None:
        return Mistake(path, 1, f"milestone {number} removes this file.")
    if old.executable != new.executable:
        return Mistake(path, 1, f"milestone {number} changes the mode of this file.")
    following = iter(new.content.splitlines())  # each search goes on where the last one found its line
    for line, content in enumerate(old.content.splitlines(), 1):
        if content not in following:
            text = content.decode("utf-8", "replace").strip()
            return Mistake(path, line, f"milestone {number} changes or removes this line: {text}")
    return None


def check_sizes(measured: tuple[Size, ...], lines: Settings) -> Iterator[Mistake]:
    """Yield each budget that a milestone exceeds."""
    first = measured[0]
    yield from _check_budget(
        lines, 1, first.application_files, MAX_FIRST_FILES, "has", "files of application Python"
    )
    yield from _check_budget(
        lines, 1, first.application_lines, MAX_FIRST_LINES, "has", "lines of application Python"
    )
    yield from _check_budget(lines, 1, first.files, MAX_FIRST_FILES_IN_ALL, "has", "files")
    for number, (before, after) in enumerate(pairwise(measured), 2):
        added = after.application_lines - before.application_lines
        yield from _check_budget(lines, number, added, MAX_ADDED_LINES, "adds", "lines of application Python")
        yield from _check_budget(lines, number, after.files - before.files, MAX_ADDED_FILES, "adds", "files")


def _check_budget(
    lines: Settings, number: int, count: int, most: int, verb: str, what: str
) -> Iterator[Mistake]:
    if count > most:
        yield Mistake(
            settings.NAME,
            lines.line_of_milestone(number),
            f"milestone {number} {verb} {count:,} {what}; the budget is {most:,}.",
        )
