"""The laws of a template that grows, checked without running anything; each mistake is one sentence."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from scaffold.catalog.model import Template
from scaffold.errors import TemplateError
from scaffold.proof import growing, imports, joints, settings, sizes, source
from scaffold.proof.settings import Settings
from scaffold.proof.source import Mistake, SourceFile

# Files in a folder of migrations that are not migrations; some are Alembic's.
_NO_MIGRATIONS = frozenset({"__init__.py", "env.py", "script.py.mako", "README", "README.md"})


def find_mistakes(template: Template, given: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is wrong with a template that grows, as sentences that name file and line.

    Projects are generated with the answers in `given`, for each milestone, to compare and measure them; that
    happens only if nothing else is wrong. Raises TemplateError.
    """
    try:
        files = source.read(template)
    except OSError as error:
        raise TemplateError(f"The template {template.name} cannot be read: {error}.") from error
    lines = Settings(template)
    found = [
        *_check_layers(template, files, lines),
        *joints.find_mistakes(files, len(template.milestones)),
        *imports.find_mistakes(files, template),
        *_check_migrations(template, files),
    ]
    if not found:
        found += growing.find_changes(template, given, lines)
        found += growing.check_sizes(growing.measure(template, given), lines)
    return tuple(mistake.sentence for mistake in sorted(set(found)))


def _check_layers(template: Template, files: Sequence[SourceFile], lines: Settings) -> Iterator[Mistake]:
    """Yield each file that belongs to no milestone, and each entry that is repeated or fits no file."""
    for file in files:
        if not file.milestone:
            line = lines.line_of_key("_milestones")
            yield Mistake(
                settings.NAME, line, f"{file.path} belongs to no milestone; add it or its folder to one."
            )
    seen: dict[str, int] = {}
    for row in template.milestones:
        for entry in row.files:
            if entry in seen:
                line = lines.line_of_entry(row.number, entry, nth=2 if seen[entry] == row.number else 1)
                yield Mistake(
                    settings.NAME,
                    line,
                    f"{entry} belongs to milestone {seen[entry]} already; list it once.",
                )
            seen.setdefault(entry, row.number)
        for entry in (*row.files, *row.given):
            if not any(_fits(entry, file.path) for file in files):
                line = lines.line_of_entry(row.number, entry)
                yield Mistake(
                    settings.NAME, line, f"milestone {row.number} lists {entry}, which does not exist."
                )


def _check_migrations(template: Template, files: Sequence[SourceFile]) -> Iterator[Mistake]:
    """Yield each second migration of a folder and milestone; alternatives with one target count as one."""
    moved = {row.path: row.to for row in template.optional if row.to is not None}
    seen: dict[tuple[PurePosixPath, int], str] = {}
    for file in files:
        path = PurePosixPath(file.path)
        if not sizes.is_migration(path) or path.name in _NO_MIGRATIONS:
            continue
        target = moved.get(file.path, file.path)
        earlier = seen.setdefault((path.parent, file.milestone), target)
        if earlier != target:
            yield Mistake(
                file.path,
                1,
                f"milestone {file.milestone} has a migration here already, {earlier}; merge the two.",
            )


def _fits(entry: str, path: str) -> bool:
    return path == entry or path.startswith(f"{entry}/")
