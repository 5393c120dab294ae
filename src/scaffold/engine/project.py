"""Create a project from a template and answers, or change nothing on disk."""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scaffold.catalog.model import Template
from scaffold.engine import render, staging
from scaffold.errors import ScaffoldError
from scaffold.system import process, repository

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_TARGET_EXISTS = frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR})


@dataclass(frozen=True, slots=True)
class CreatedProject:
    """A new project. Each of its `notes` is a sentence about a skipped step."""

    path: Path
    template: str
    version: str
    answers: Mapping[str, str]
    files: tuple[str, ...]
    notes: tuple[str, ...]


def choose_target(answers: Mapping[str, str], directory: Path | None = None) -> Path:
    """Return the directory of the project: the given one, or one named after the distribution."""
    return directory if directory is not None else Path(answers["project_slug"].replace("_", "-"))


def check_target(target: Path) -> None:
    """Raise ScaffoldError if a project cannot be created there. Writes nothing."""
    target = _absolute(target)
    if not target.name.isprintable():
        raise ScaffoldError(
            f"The directory name {target.name!r} contains an unprintable character.",
            "Use letters, digits and hyphens, for example my-project.",
        )
    if not target.parent.is_dir():
        raise ScaffoldError(
            f"The folder {target.parent} does not exist.",
            f"Create it first: mkdir -p {process.quoted(target.parent)}",
        )
    if not os.path.lexists(target):
        return
    if target.is_symlink() or not target.is_dir():
        raise _target_exists(target, "already exists and is not a folder")
    try:
        empty = not any(target.iterdir())
    except OSError as error:
        raise _explain(error, target) from error
    if not empty:
        raise _target_exists(target, "already exists and is not empty")
    if target.samefile(Path.cwd()):
        raise ScaffoldError(
            f"You are in {target}, and scaffold cannot replace the current folder.",
            f"Run cd .. first, and then pass {process.quoted(Path(target.name))} as the directory.",
        )


def create(
    template: Template,
    answers: Mapping[str, str],
    target: Path,
    *,
    git: bool = True,
    history: bool = False,
    origin: Mapping[str, object] | None = None,
) -> CreatedProject:
    """Create the project at `target`, which must not exist or be an empty folder.

    `answers` come from `answers.resolve`; `origin` is the record's entry for an assignment.
    With `history`, the repository has a commit for each milestone and git does not run.
    Raises ScaffoldError, and then leaves the disk unchanged. So does an interruption; a killed process leaves
    at most a hidden folder, which the next run removes.
    """
    place = _absolute(target)
    check_target(place)
    plan = render.plan(template, answers, origin)
    notes: list[str] = []
    try:
        with staging.staging_folder(place) as folder:
            staging.write_files([file for file in plan.files if not file.secret], folder)
            note = None
            if history:
                # Late, because dulwich is slow to import.
                from scaffold.engine import history as histories  # noqa: PLC0415

                histories.write(histories.build(template, answers, plan, origin), folder)
            elif git:
                note = repository.initialize(folder, template.name)
            # Written after the commit, so that no secret is committed, whatever .gitignore says.
            staging.write_files([file for file in plan.files if file.secret], folder)
            notes.extend([note] if note else [])
    except OSError as error:
        raise _explain(error, place) from error
    return CreatedProject(
        path=place,
        template=template.name,
        version=template.version,
        answers=dict(answers),
        files=plan.paths,
        notes=tuple(notes),
    )


def _absolute(path: Path) -> Path:
    """Return the absolute path without `..`. Unlike `resolve`, it does not follow links."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _explain(error: OSError, target: Path) -> ScaffoldError:
    """Return the error message for a failed system call."""
    if error.errno in _DISK_FULL:
        return ScaffoldError(
            f"The disk of {target.parent} is full; nothing was created.", "Free some space and try again."
        )
    if error.errno in _TARGET_EXISTS:
        return _target_exists(target, "was created by another program in the meantime")
    reason = (error.strerror or str(error)).lower()
    return ScaffoldError(
        f"{target} cannot be created: {reason}.",
        f"Choose another directory; you have no write permission for {target.parent}."
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        else "Choose another directory.",
    )


def _target_exists(target: Path, why: str) -> ScaffoldError:
    return ScaffoldError(f"{target} {why}; nothing was overwritten.", "Choose another directory.")
