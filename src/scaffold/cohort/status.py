"""Compare the local repositories of a cohort with their records, without using the network."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold.assignment import globs
from scaffold.cohort import selection, state, workers
from scaffold.cohort.state import CohortState, Record
from scaffold.engine import lock
from scaffold.errors import ScaffoldError
from scaffold.system import process

_GIT_OVERRIDES = {"diff.external": "", "core.quotePath": "false"}
_NOT_FOUND = 1  # git's exit code for a name that does not exist


class _UnreadableError(Exception):
    """Git cannot read a repository; the message is git's reason."""


@dataclass(frozen=True, slots=True)
class RepositoryStatus:
    """The state of one repository. `started_from_record` is None where there is no history to compare.

    `problem` is git's reason if it cannot read the repository; the other values are then unknown.
    """

    record: Record
    present: bool
    started_from_record: bool | None
    edited: tuple[str, ...] = ()  # managed files that differ from the first commit
    commits: int = 0
    last_commit: str = ""
    last_date: str = ""
    problem: str = ""

    @property
    def has_new_commits(self) -> bool:
        """Whether the student has committed anything."""
        return self.commits > 1


@dataclass(frozen=True, slots=True)
class CohortStatus:
    """The state of a cohort: the recorded assignment, and its repositories sorted by name."""

    folder: Path
    assignment: dict[str, Any]
    scaffold: str
    template: str
    repositories: tuple[RepositoryStatus, ...]

    @property
    def unreadable(self) -> tuple[RepositoryStatus, ...]:
        """The repositories that git cannot read."""
        return tuple(each for each in self.repositories if each.problem)


def inspect_cohort(folder: Path, only: Collection[str] = ()) -> CohortStatus:
    """Return the state of a cohort. A repository that git cannot read is listed with the reason.

    Raises ScaffoldError without a cohort or without git, and UsageError for an unknown name.
    """
    found = state.read(folder)
    if why := process.git_problem(folder):
        raise ScaffoldError(
            f"git {why}, and checking repositories needs it.", "Install it from https://git-scm.com."
        )
    header = found.header
    chosen = selection.select_records(sorted(found.records.values(), key=lambda each: each.repository), only)
    managed = [str(each) for each in header["assignment"].get("managed", ())]
    with ThreadPoolExecutor(workers.count_cores() * 2) as pool:
        repositories = tuple(pool.map(lambda record: _inspect(found, record, managed), chosen))
    return CohortStatus(
        folder,
        dict(header["assignment"]),
        str(header.get("scaffold")),
        str(header.get("template")),
        repositories,
    )


def _inspect(found: CohortState, record: Record, managed: Sequence[str]) -> RepositoryStatus:
    folder = found.path(record)
    if not (folder / ".git").is_dir() or not record.commit:
        return RepositoryStatus(record, folder.is_dir(), None)
    try:
        return _read(folder, record, managed)
    except _UnreadableError as error:
        return RepositoryStatus(record, present=True, started_from_record=None, problem=str(error))


def _read(folder: Path, record: Record, managed: Sequence[str]) -> RepositoryStatus:
    """Return the state of a repository. Raises _UnreadableError."""
    # If git cannot read this repository, it falls back to one in a parent folder.
    where, shallow = _git(folder, "rev-parse", "--git-dir", "--is-shallow-repository").split("\n")
    if where != ".git":
        raise _UnreadableError("its .git is not a repository")
    has_first_commit = _has_object(folder, f"{record.commit}^{{tree}}")
    edited = _edited_files(folder, record.commit, managed) if has_first_commit else ()
    if not _has_object(folder, "HEAD"):
        return RepositoryStatus(record, present=True, started_from_record=False, edited=edited)
    head, _, date = _git(folder, "log", "-1", "--format=%H%x00%cI", "HEAD").partition("\0")
    started = _started_from_record(folder, record, head)
    if shallow == "true" and not started:
        raise _UnreadableError(
            "it is a shallow clone without its first commits; run git fetch --unshallow in it"
        )
    return RepositoryStatus(
        record,
        present=True,
        started_from_record=started,
        edited=edited,
        commits=int(_git(folder, "rev-list", "--count", "HEAD")),
        last_commit=head,
        last_date=date,
    )


def _started_from_record(folder: Path, record: Record, head: str) -> bool:
    """Whether the history begins with the recorded tree, in the recorded commit or in one of the student's.

    A student who runs the project before the first commit of their own commits a completed lock.
    """
    if head == record.commit:
        return True
    roots = _git(folder, "log", "--max-parents=0", "--format=%H %T", "HEAD").split()
    if record.commit in roots or record.tree in roots:
        return True
    return any(_differs_only_in_completed_lock(folder, record.tree, tree) for tree in roots[1::2])


def _differs_only_in_completed_lock(folder: Path, recorded: str, found: str) -> bool:
    """Whether two trees differ only in a lock that uv completed."""
    if not _has_object(folder, f"{recorded}^{{tree}}"):
        return False
    if _changed_files(folder, "diff-tree", "-r", recorded, found) != [lock.LOCK_FILE]:
        return False
    return lock.is_completed(
        _read_blob(folder, f"{found}:{lock.LOCK_FILE}"),
        _read_blob(folder, f"{recorded}:{lock.CONSTRAINTS_FILE}"),
    )


def _edited_files(folder: Path, commit: str, managed: Sequence[str]) -> tuple[str, ...]:
    changed = _changed_files(folder, "diff", "--no-ext-diff", "--no-textconv", commit)
    edited = {name for name in changed if any(globs.matches(each, name) for each in managed)}
    if lock.LOCK_FILE in edited and lock.CONSTRAINTS_FILE not in changed:
        constraints = _read_blob(folder, f"{commit}:{lock.CONSTRAINTS_FILE}")
        if lock.is_completed(lock.read_lock(folder), constraints):
            edited.remove(lock.LOCK_FILE)
    return tuple(sorted(edited))


def _changed_files(folder: Path, *comparison: str) -> list[str]:
    """Return the files that a git command, such as `diff` with its arguments, reports as changed."""
    command, *rest = comparison
    listing = _git(folder, command, "--name-only", "-z", "--no-renames", *rest)
    return [name for name in listing.split("\0") if name]


def _read_blob(folder: Path, name: str) -> str:
    """Return a file of a commit, or "" if the commit has no such file."""
    return _git(folder, "cat-file", "blob", name) if _has_object(folder, name) else ""


def _has_object(folder: Path, name: str) -> bool:
    """Whether the repository has the named object. Raises _UnreadableError if git cannot tell."""
    found = process.git(["rev-parse", "--quiet", "--verify", name], folder, _GIT_OVERRIDES)
    if not found.ok and (found.code != _NOT_FOUND or found.stderr):
        raise _UnreadableError(found.complaint)
    return found.ok


def _git(folder: Path, *args: str) -> str:
    """Return git's output. Raises _UnreadableError if git fails, as its output is then not reliable."""
    done = process.git(args, folder, _GIT_OVERRIDES)
    if not done.ok:
        raise _UnreadableError(done.complaint)
    return done.stdout.strip()
