"""The use case: make one project from a template and answers, or leave everything as it was."""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scaffold.catalog.model import Template
from scaffold.engine import render, staging
from scaffold.errors import ScaffoldError
from scaffold.system import process, repository

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_TAKEN = frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR})


@dataclass(frozen=True, slots=True)
class Created:
    """What was made. `notes` are sentences on what was not done."""

    path: Path
    template: str
    version: str
    answers: Mapping[str, str]
    files: tuple[str, ...]
    notes: tuple[str, ...]


def target_for(answers: Mapping[str, str], directory: Path | None = None) -> Path:
    """Return where the project goes: the directory that was named, or one called like the distribution."""
    return directory if directory is not None else Path(answers["project_slug"].replace("_", "-"))


def check_target(target: Path) -> None:
    """Raise ScaffoldError unless a project can be put there; touches nothing."""
    target = _absolute(target)
    if not target.name.isprintable():
        raise ScaffoldError(
            f"The directory's name {target.name!r} holds a character that cannot be shown.",
            "Name one of letters, digits and hyphens, such as my-project.",
        )
    if not target.parent.is_dir():
        raise ScaffoldError(
            f"The folder {target.parent} does not exist.",
            f"Make it first: mkdir -p {process.quoted(target.parent)}",
        )
    if not os.path.lexists(target):
        return
    if target.is_symlink() or not target.is_dir():
        raise _taken(target, "is there already and is not a folder")
    try:
        empty = not any(target.iterdir())
    except OSError as error:
        raise _explained(error, target) from error
    if not empty:
        raise _taken(target, "is there already and is not empty")
    if target.samefile(Path.cwd()):
        raise ScaffoldError(
            f"You are inside {target}, and a project cannot take the place of the folder you are in.",
            f"Go up first: cd .. and then name {process.quoted(Path(target.name))} as the directory.",
        )


def create(
    template: Template,
    answers: Mapping[str, str],
    target: Path,
    *,
    git: bool = True,
    origin: Mapping[str, object] | None = None,
) -> Created:
    """Make the project at `target`, which must not exist or be an empty folder.

    Takes what `answers.resolve` returned, and what the record says of an assignment (see `render.plan`).
    Raises ScaffoldError, and then the disk is as it was; so it is when the process is interrupted or killed,
    but for a hidden folder that the next run removes.
    """
    place = _absolute(target)
    check_target(place)
    plan = render.plan(template, answers, origin)
    notes: list[str] = []
    try:
        with staging.staged(place) as folder:
            staging.write([file for file in plan.files if not file.secret], folder)
            note = repository.start(folder, template.name) if git else None
            # After the commit, so that no .gitignore decides whether a secret is in it.
            staging.write([file for file in plan.files if file.secret], folder)
            notes.extend([note] if note else [])
    except OSError as error:
        raise _explained(error, place) from error
    return Created(
        path=place,
        template=template.name,
        version=template.version,
        answers=dict(answers),
        files=plan.paths,
        notes=tuple(notes),
    )


def _absolute(path: Path) -> Path:
    """Return the path without `..` in it; unlike `resolve`, it leaves links as they were typed."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _explained(error: OSError, target: Path) -> ScaffoldError:
    """Return the sentence for what the system refused."""
    if error.errno in _FULL:
        return ScaffoldError(
            f"The disk with {target.parent} is full, so nothing was made.", "Make room and try again."
        )
    if error.errno in _TAKEN:
        return _taken(target, "was put there by somebody else in the meantime")
    reason = (error.strerror or str(error)).lower()
    return ScaffoldError(
        f"{target} cannot be made: {reason}.",
        f"Choose a directory that you may write to; {target.parent} is not one."
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        else "Choose another directory.",
    )


def _taken(target: Path, why: str) -> ScaffoldError:
    return ScaffoldError(f"{target} {why}; nothing is overwritten.", "Name another directory.")
