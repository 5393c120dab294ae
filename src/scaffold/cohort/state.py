"""The progress of a cohort: `cohort.jsonl` in the instructor's folder, an append-only log.

The first line is a header that names what the cohort was started from. Each other line is the record of one
repository; the last one counts. A killed run can leave a line without a line end: it is not read, and the
next run removes it. A repository that was created but not recorded is recognised by its commit (see `build`).
"""

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from scaffold.engine import staging
from scaffold.errors import ScaffoldError

FILE_NAME = "cohort.jsonl"
LOCK_NAME = "cohort.lock"
REPOSITORIES_FOLDER = "repositories"
LOCK_WAIT_SECONDS = 1.0  # longer than a busy machine takes to start a program
SCHEMA = "scaffold/cohort/v1"

Step = Literal["pending", "generated", "committed", "pushed"]
STEPS: tuple[Step, ...] = get_args(Step)


@dataclass(frozen=True, slots=True)
class RecordedStudent:
    """A student as reports show them. E-mail addresses are not recorded."""

    name: str
    username: str
    section: str


@dataclass(frozen=True, slots=True)
class Record:
    """The progress of one repository. Values that are not known yet are empty."""

    repository: str
    step: Step
    team: str
    students: tuple[RecordedStudent, ...]
    scaffold: str = ""
    template: str = ""
    answers: str = ""  # SHA-256
    tree: str = ""  # git's id of the first commit's tree
    commit: str = ""
    remote: str = ""  # without any credentials
    error: str = ""  # why the last attempt at the next step failed

    def has_reached(self, step: Step) -> bool:
        """Whether this step is done."""
        return STEPS.index(self.step) >= STEPS.index(step)

    def with_step(self, step: Step, **changes: str) -> "Record":
        """Return the record at this step, with its error cleared unless one is given."""
        return replace(self, step=step, **{"error": "", **changes})  # type: ignore[arg-type]

    @property
    def display_name(self) -> str:
        """The team and the students, to show to people."""
        names = ", ".join(each.name or each.username for each in self.students)
        return f"{self.team}: {names}" if self.team else names


@dataclass(frozen=True, slots=True)
class CohortState:
    """The header of a cohort, and the last record of each repository."""

    folder: Path
    header: Mapping[str, Any]
    records: Mapping[str, Record]

    def path(self, record: Record) -> Path:
        """Return the folder of a repository."""
        return self.folder / REPOSITORIES_FOLDER / record.repository


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a cohort while the block runs. Raises ScaffoldError if another run holds it."""
    number = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _acquire_lock(number):
            raise ScaffoldError(
                f"Another scaffold command is working on the cohort in {folder}.",
                "Wait for it to finish, then run this command again.",
            )
        yield
    finally:
        os.close(number)


def _acquire_lock(number: int) -> bool:
    """Try to lock an open file, and return whether this process holds the lock.

    Waits, because a run that was killed while starting a worker holds the lock a little longer: between
    fork and exec the worker shares its open files.
    """
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    try:
        while not (acquired := staging.try_lock(number)) and time.monotonic() < deadline:
            time.sleep(0.02)
    except OSError:
        return True  # a file system without locks
    return acquired


def exists(folder: Path) -> bool:
    """Whether the folder has a cohort. A state file without a complete first line does not count."""
    return bool(_lines(folder))


def read(folder: Path) -> CohortState:
    """Return the state of a cohort. Raises ScaffoldError if there is none or a line is damaged."""
    lines = _lines(folder)
    if not lines:
        raise ScaffoldError(
            f"There is no cohort in {folder}.",
            "Name its folder, or create one: scaffold cohort create ASSIGNMENT ROSTER --out DIR",
        )
    records: dict[str, Record] = {}
    header: dict[str, Any] = {}
    for number, line in enumerate(lines, 1):
        try:
            found = json.loads(line)
            if number == 1:
                header = _parse_header(found)
            else:
                record = _parse_record(found)
                records[record.repository] = record
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ScaffoldError(
                f"{folder / FILE_NAME}, line {number}: the record is damaged.",
                "Restore the file from a backup, or remove this line: its repository is then checked again.",
            ) from error
    return CohortState(folder, header, records)


def append(folder: Path, rows: Iterable[Record | Mapping[str, Any]], *, sync: bool = True) -> None:
    """Append records, or the header of a new file, and flush them to disk. Raises OSError.

    Without `sync`, the operating system decides when to flush: a killed run loses nothing, a power cut may.
    """
    texts = [json.dumps(asdict(row) if isinstance(row, Record) else dict(row)) + "\n" for row in rows]
    if not texts:
        return
    path = folder / FILE_NAME
    number = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(number, "r+b") as stream:
        if stream.seek(0, os.SEEK_END):
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                stream.seek(0)
                stream.seek(_complete_length(stream.read()))
                stream.truncate()
        stream.write("".join(texts).encode())
        stream.flush()
        if sync:
            os.fsync(stream.fileno())


def _complete_length(data: bytes) -> int:
    """Return the number of bytes up to the end of the last complete line."""
    return data.rfind(b"\n") + 1


def _lines(folder: Path) -> list[bytes]:
    try:
        data = (folder / FILE_NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ScaffoldError(f"{folder / FILE_NAME} cannot be read: {error.strerror}.") from error
    return data[: _complete_length(data)].splitlines()


def _parse_header(found: Any) -> dict[str, Any]:  # noqa: ANN401 - what the file holds
    if found["schema"] != SCHEMA or not isinstance(found["assignment"], dict):
        raise ValueError
    return dict(found)


def _parse_record(found: Any) -> Record:  # noqa: ANN401 - as above
    people = tuple(RecordedStudent(**each) for each in found.pop("students"))
    record = Record(students=people, **found)
    if record.step not in STEPS or Path(record.repository).name != record.repository:
        raise ValueError
    return record
