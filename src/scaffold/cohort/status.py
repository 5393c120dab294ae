"""The use case: look at every repository of a cohort and compare it with the record; asks no network."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold.assignment import globs
from scaffold.cohort import select, state, workers
from scaffold.cohort.state import Record, State
from scaffold.engine import lock
from scaffold.errors import ScaffoldError
from scaffold.system import process

_SAFE = {"diff.external": "", "core.quotePath": "false"}
_ABSENT = 1  # git's exit code for a name that leads to nothing


class _Unreadable(Exception):  # noqa: N818 - it says what the repository is
    """Git refuses to read a repository; the text is git's reason."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in one repository. `starts` is None where there is nothing to look at.

    `problem` is git's reason if it cannot read the repository; then nothing else is known.
    """

    record: Record
    present: bool
    starts: bool | None
    edited: tuple[str, ...] = ()  # managed files that are no longer what they were
    commits: int = 0
    last_commit: str = ""
    last_date: str = ""
    problem: str = ""

    @property
    def touched(self) -> bool:
        """Whether there is more in it than what was handed out."""
        return self.commits > 1


@dataclass(frozen=True, slots=True)
class Overview:
    """A cohort: the assignment as it was recorded at its start, and a look at each repository, by name."""

    folder: Path
    assignment: dict[str, Any]
    scaffold: str
    template: str
    looks: tuple[Look, ...]

    @property
    def unreadable(self) -> tuple[Look, ...]:
        """Those of which nothing is known, because git cannot read them."""
        return tuple(look for look in self.looks if look.problem)


def overview(folder: Path, only: Collection[str] = ()) -> Overview:
    """Look at the repositories of a cohort. A repository that git cannot read is in it with the reason.

    Raises ScaffoldError without a cohort or without git, UsageError for a bad name.
    """
    found = state.read(folder)
    if why := process.git_problem(folder):
        raise ScaffoldError(
            f"git {why}, and looking at repositories needs it.", "Install it from https://git-scm.com."
        )
    head = found.head
    chosen = select.records(sorted(found.records.values(), key=lambda each: each.repository), only)
    managed = [str(each) for each in head["assignment"].get("managed", ())]
    with ThreadPoolExecutor(workers.cores() * 2) as pool:
        looks = tuple(pool.map(lambda record: _look(found, record, managed), chosen))
    return Overview(
        folder, dict(head["assignment"]), str(head.get("scaffold")), str(head.get("template")), looks
    )


def _look(found: State, record: Record, managed: Sequence[str]) -> Look:
    folder = found.path(record)
    if not (folder / ".git").is_dir() or not record.commit:
        return Look(record, folder.is_dir(), None)
    try:
        return _read(folder, record, managed)
    except _Unreadable as error:
        return Look(record, present=True, starts=None, problem=str(error))


def _read(folder: Path, record: Record, managed: Sequence[str]) -> Look:
    """Look at a repository. Raises _Unreadable."""
    # git would go on to a repository above this one if it could not read this one.
    where, shallow = _git(folder, "rev-parse", "--git-dir", "--is-shallow-repository").split("\n")
    if where != ".git":
        raise _Unreadable("its .git is not a repository")
    edited = _edited(folder, record.commit, managed) if _has(folder, f"{record.commit}^{{tree}}") else ()
    if not _has(folder, "HEAD"):
        return Look(record, present=True, starts=False, edited=edited)
    head, _, date = _git(folder, "log", "-1", "--format=%H%x00%cI", "HEAD").partition("\0")
    starts = _starts(folder, record, head)
    if shallow == "true" and not starts:
        raise _Unreadable("it is a shallow clone without its first commits: run git fetch --unshallow in it")
    return Look(
        record,
        present=True,
        starts=starts,
        edited=edited,
        commits=int(_git(folder, "rev-list", "--count", "HEAD")),
        last_commit=head,
        last_date=date,
    )


def _starts(folder: Path, record: Record, head: str) -> bool:
    """Whether its history begins with the recorded tree, in our commit or in one of the student's own.

    A student who runs the project before the first commit commits a completed lock.
    """
    if head == record.commit:
        return True
    roots = _git(folder, "log", "--max-parents=0", "--format=%H %T", "HEAD").split()
    if record.commit in roots or record.tree in roots:
        return True
    return any(_completes(folder, record.tree, tree) for tree in roots[1::2])


def _completes(folder: Path, before: str, after: str) -> bool:
    """Whether two trees are the same, but for a lock that uv completed."""
    if not _has(folder, f"{before}^{{tree}}"):
        return False
    if _changed(folder, "diff-tree", "-r", before, after) != [lock.LOCK]:
        return False
    return lock.is_completed(
        _text(folder, f"{after}:{lock.LOCK}"), _text(folder, f"{before}:{lock.CONSTRAINTS}")
    )


def _edited(folder: Path, commit: str, managed: Sequence[str]) -> tuple[str, ...]:
    changed = _changed(folder, "diff", "--no-ext-diff", "--no-textconv", commit)
    edited = {name for name in changed if any(globs.matches(each, name) for each in managed)}
    if lock.LOCK in edited and lock.CONSTRAINTS not in changed:
        constraints = _text(folder, f"{commit}:{lock.CONSTRAINTS}")
        if lock.is_completed(lock.read_lock(folder), constraints):
            edited.remove(lock.LOCK)
    return tuple(sorted(edited))


def _changed(folder: Path, *comparison: str) -> list[str]:
    """Return the files that differ, by a command of git and what it is to compare."""
    command, *rest = comparison
    listing = _git(folder, command, "--name-only", "-z", "--no-renames", *rest)
    return [name for name in listing.split("\0") if name]


def _text(folder: Path, name: str) -> str:
    """Return a file of a commit, or nothing if the commit has no such file."""
    return _git(folder, "cat-file", "blob", name) if _has(folder, name) else ""


def _has(folder: Path, name: str) -> bool:
    """Whether a repository has the object of that name. Raises _Unreadable if git cannot tell."""
    found = process.git(["rev-parse", "--quiet", "--verify", name], folder, _SAFE)
    if not found.ok and (found.code != _ABSENT or found.stderr):
        raise _Unreadable(found.complaint)
    return found.ok


def _git(folder: Path, *args: str) -> str:
    """Return what git answers. Raises _Unreadable if it fails: what it printed then says nothing."""
    done = process.git(args, folder, _SAFE)
    if not done.ok:
        raise _Unreadable(done.complaint)
    return done.stdout.strip()
