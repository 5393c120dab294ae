"""Apply optional parts, and add `.env` and the record. The hooks do the same for plain Cookiecutter."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TypeVar

from scaffold.catalog.model import OptionalPath, Template
from scaffold.engine import milestones, record
from scaffold.engine.plan import Plan, PlannedFile, path_of
from scaffold.errors import TemplateError

_SECRET_BYTES = 48

Source = TypeVar("Source")


def choose(
    template: Template, answers: Mapping[str, str], files: Iterable[tuple[PurePosixPath, Source]]
) -> list[tuple[PurePosixPath, Source]]:
    """Return the files that these answers keep, with their final paths. Raises TemplateError."""
    kept = [(str(path), source) for path, source in files]
    for row in template.optional:
        if not row.is_kept(answers):
            kept = [(path, source) for path, source in kept if not _applies_to(row, path)]
        elif row.to is not None:
            kept = [(_move(path, row), source) for path, source in kept]
    seen: set[str] = set()
    for path, _ in kept:
        if path in seen:
            raise TemplateError(f"Two files of the template {template.name} have the same path, {path}.")
        seen.add(path)
    return [(path_of(path), source) for path, source in kept]


def complete(
    template: Template,
    answers: Mapping[str, str],
    files: Sequence[PlannedFile],
    origin: Mapping[str, object] | None = None,
) -> Plan:
    """Return the plan of a project: these files, `.env` and the record. Raises TemplateError."""
    record_file = PlannedFile(PurePosixPath(record.FILE_NAME), record.build(template, answers, files, origin))
    extra = [record_file, *_build_env(template, answers, files)]
    return Plan(tuple(sorted([*files, *extra], key=lambda file: file.path.parts)))


def _applies_to(row: OptionalPath, path: str) -> bool:
    # The prefix first: hardly any path has it.
    return path.startswith(row.path) and (path == row.path or path[len(row.path)] == "/")


def _move(path: str, row: OptionalPath) -> str:
    return row.to + path[len(row.path) :] if row.to is not None and _applies_to(row, path) else path


def _build_env(
    template: Template, answers: Mapping[str, str], files: Sequence[PlannedFile]
) -> tuple[PlannedFile, ...]:
    """Return `.env`: the example file with a new random value for each secret."""
    if not template.secrets:
        return ()
    from secrets import token_urlsafe  # noqa: PLC0415 - not needed without secrets

    text = next((file.content.decode() for file in files if str(file.path) == ".env.example"), "")
    for name in template.secrets:
        text, found = re.subn(
            rf"^{re.escape(name)}=$",
            lambda line: line[0] + token_urlsafe(_SECRET_BYTES),
            text,
            count=1,
            flags=re.MULTILINE,
        )
        if not found and not milestones.is_partial(template, answers):
            raise TemplateError(f"The template {template.name} has no line {name}= in its .env.example.")
    return (PlannedFile(PurePosixPath(".env"), text.encode(), secret=True),)
