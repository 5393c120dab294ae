"""The use case: look at every repository of a cohort and compare it with the record; asks no network."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold import pins, process
from scaffold.assignment import globs
from scaffold.cohort import select, state, workers
from scaffold.cohort.state import Record, State

_SAFE = {"core.attributesFile": "", "diff.external": "", "core.quotePath": "false"}


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in one repository. `starts` is None where there is nothing to look at."""

    record: Record
    present: bool
    starts: bool | None
    edited: tuple[str, ...]  # managed files that are no longer what they were
    commits: int
    last_commit: str
    last_date: str

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


def overview(folder: Path, only: Collection[str] = ()) -> Overview:
    """Look at the repositories of a cohort. Raises ScaffoldError without one, UsageError for a bad name."""
    found = state.read(folder)
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
        return Look(record, folder.is_dir(), None, (), 0, "", "")
    log = _git(folder, "log", "-1", "--format=%H%x00%cI", "HEAD").partition("\0")
    count = _git(folder, "rev-list", "--count", "HEAD")
    known = _git(folder, "cat-file", "-t", f"{record.commit}^{{tree}}") == "tree"
    edited = _edited(folder, record.commit, managed) if known else ()
    return Look(
        record,
        present=True,
        starts=_starts(folder, record, log[0]),
        edited=edited,
        commits=int(count or 0),
        last_commit=log[0],
        last_date=log[2],
    )


def _starts(folder: Path, record: Record, head: str) -> bool:
    """Whether its history begins with the recorded tree, in our commit or in one of the student's own.

    Whoever ran the project before a first commit of their own has a completed lock in it.
    """
    if head == record.commit:
        return True
    roots = _git(folder, "log", "--max-parents=0", "--format=%H %T", "HEAD").split()
    if record.commit in roots or record.tree in roots:
        return True
    return any(_completes(folder, record.tree, tree) for tree in roots[1::2])


def _completes(folder: Path, before: str, after: str) -> bool:
    """Whether two trees are the same, but for a lock that uv completed."""
    if _changed(folder, "diff-tree", "-r", before, after) != [pins.LOCK]:
        return False
    return pins.is_completed(
        _git(folder, "cat-file", "blob", f"{after}:{pins.LOCK}"),
        _git(folder, "cat-file", "blob", f"{before}:{pins.CONSTRAINTS}"),
    )


def _edited(folder: Path, commit: str, managed: Sequence[str]) -> tuple[str, ...]:
    changed = _changed(folder, "diff", "--no-ext-diff", "--no-textconv", commit)
    edited = {name for name in changed if any(globs.matches(each, name) for each in managed)}
    if pins.LOCK in edited and pins.CONSTRAINTS not in changed:
        constraints = _git(folder, "cat-file", "blob", f"{commit}:{pins.CONSTRAINTS}")
        if pins.is_completed(pins.read_lock(folder), constraints):
            edited.remove(pins.LOCK)
    return tuple(sorted(edited))


def _changed(folder: Path, *comparison: str) -> list[str]:
    """Return the files that differ, by a command of git and what it is to compare."""
    command, *rest = comparison
    listing = _git(folder, command, "--name-only", "-z", "--no-renames", *rest)
    return [name for name in listing.split("\0") if name]


def _git(folder: Path, *args: str) -> str:
    return process.git(args, folder, _SAFE).stdout.strip()
