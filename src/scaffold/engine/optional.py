"""What the hooks do for users of plain Cookiecutter, done in memory: optional parts, `.env`, the record."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TypeVar

from scaffold.catalog.model import OptionalPath, Template
from scaffold.engine import record
from scaffold.engine.plan import Plan, PlannedFile
from scaffold.errors import TemplateError

_SECRET_BYTES = 48

Source = TypeVar("Source")


def choose(
    template: Template, answers: Mapping[str, str], files: Iterable[tuple[PurePosixPath, Source]]
) -> list[tuple[PurePosixPath, Source]]:
    """Return the files that these answers keep, under their final paths. Raises TemplateError."""
    kept = [(str(path), source) for path, source in files]
    for row in template.optional:
        keeps = row.kept(answers)
        kept = [(_moved(path, row), source) for path, source in kept if keeps or not _concerns(row, path)]
    seen: set[str] = set()
    for path, _ in kept:
        if path in seen:
            raise TemplateError(f"Two files of the template {template.name} become {path}.")
        seen.add(path)
    return [(PurePosixPath(path), source) for path, source in kept]


def complete(
    template: Template,
    answers: Mapping[str, str],
    files: Sequence[PlannedFile],
    origin: Mapping[str, object] | None = None,
) -> Plan:
    """Return the plan of a project that has these files of its template. Raises TemplateError."""
    kept = PlannedFile(PurePosixPath(record.NAME), record.build(template, answers, files, origin))
    extra = [kept, *_environment(template, files)]
    return Plan(tuple(sorted([*files, *extra], key=lambda file: file.path.parts)))


def _concerns(row: OptionalPath, path: str) -> bool:
    return path == row.path or path.startswith(f"{row.path}/")


def _moved(path: str, row: OptionalPath) -> str:
    return row.to + path[len(row.path) :] if row.to is not None and _concerns(row, path) else path


def _environment(template: Template, files: Sequence[PlannedFile]) -> tuple[PlannedFile, ...]:
    """Return `.env`: the example with a fresh value for each secret."""
    if not template.secrets:
        return ()
    from secrets import token_urlsafe  # noqa: PLC0415 - it is not needed to plan without

    text = next((file.content.decode() for file in files if str(file.path) == ".env.example"), "")
    for name in template.secrets:
        text, found = re.subn(
            rf"^{re.escape(name)}=$",
            lambda line: line[0] + token_urlsafe(_SECRET_BYTES),
            text,
            count=1,
            flags=re.MULTILINE,
        )
        if not found:
            raise TemplateError(f"The template {template.name} has no line {name}= in its .env.example.")
    return (PlannedFile(PurePosixPath(".env"), text.encode(), secret=True),)
