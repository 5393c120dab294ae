"""What the hooks do for users of plain Cookiecutter, done in memory: optional parts, `.env`, the record."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from scaffold import manifest
from scaffold.catalog import Optional_, Template
from scaffold.errors import TemplateError
from scaffold.tree import Plan, PlannedFile

_SECRET_BYTES = 48


def plan(template: Template, answers: Mapping[str, str], files: Mapping[str, PlannedFile]) -> Plan:
    """Return the plan of a project whose template rendered to these files, by path. Raises TemplateError."""
    kept = dict(files)
    for row in template.optional:
        kept = _with_optional(kept, row, kept=row.kept(answers), template=template)
    record = PlannedFile(PurePosixPath(manifest.NAME), manifest.build(template, answers, kept.values()))
    extra = [record, *_environment(template, kept)]
    return Plan(tuple(sorted([*kept.values(), *extra], key=lambda file: file.path.parts)))


def _with_optional(
    files: Mapping[str, PlannedFile], row: Optional_, *, kept: bool, template: Template
) -> dict[str, PlannedFile]:
    """Drop or move what the row names: one file, or all files below a folder."""
    result = {}
    for path, file in files.items():
        if path != row.path and not path.startswith(f"{row.path}/"):
            target = path
        elif not kept:
            continue
        else:
            target = path if row.to is None else row.to + path[len(row.path) :]
        if target in result:
            raise TemplateError(f"Two files of the template {template.name} become {target}.")
        result[target] = file if target == path else replace(file, path=PurePosixPath(target))
    return result


def _environment(template: Template, files: Mapping[str, PlannedFile]) -> tuple[PlannedFile, ...]:
    """Return `.env`: the example with a fresh value for each secret."""
    if not template.secrets:
        return ()
    from secrets import token_urlsafe  # noqa: PLC0415 - it is not needed to plan without

    example = files.get(".env.example")
    text = example.content.decode() if example else ""
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
