"""What is done for whom: `cohort.jsonl` in the instructor's folder, one record per repository.

The file is only ever appended to. Its first line says what the cohort was started from; of the records of one
repository the last counts. A line that a killed run could not finish has no line end: it is not read, and the
next run cuts it off. What such a run had made but not yet recorded is recognised by its commit (see `make`).
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

NAME = "cohort.jsonl"
LOCK = "cohort.lock"
REPOSITORIES = "repositories"
START_SECONDS = 1.0  # more than a machine takes to start a program, however busy
SCHEMA = "scaffold/cohort/v1"

Step = Literal["pending", "generated", "committed", "pushed"]
STEPS: tuple[Step, ...] = get_args(Step)


@dataclass(frozen=True, slots=True)
class Person:
    """A student as later reports name them; no address is kept."""

    name: str
    username: str
    section: str


@dataclass(frozen=True, slots=True)
class Record:
    """How far one repository is. Hashes are empty until there is something to hash."""

    repository: str
    step: Step
    team: str
    students: tuple[Person, ...]
    scaffold: str = ""
    template: str = ""
    answers: str = ""  # SHA-256
    tree: str = ""  # git's id of the first commit's tree
    commit: str = ""
    remote: str = ""  # without any credentials
    error: str = ""  # why the last attempt at the next step failed

    def reaches(self, step: Step) -> bool:
        """Whether that step is done."""
        return STEPS.index(self.step) >= STEPS.index(step)

    def at(self, step: Step, **changes: str) -> "Record":
        """Return the record at that step, without an error."""
        return replace(self, step=step, **{"error": "", **changes})  # type: ignore[arg-type]

    @property
    def shown(self) -> str:
        """Whose it is, for people."""
        names = ", ".join(each.name or each.username for each in self.students)
        return f"{self.team}: {names}" if self.team else names


@dataclass(frozen=True, slots=True)
class State:
    """A cohort as its file tells it: what it was started from, and the last record of each repository."""

    folder: Path
    head: Mapping[str, Any]
    records: Mapping[str, Record]

    def path(self, record: Record) -> Path:
        """Return where a repository is."""
        return self.folder / REPOSITORIES / record.repository


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs away from a cohort while the block runs. Raises ScaffoldError if one is at work."""
    number = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _taken(number):
            raise ScaffoldError(
                f"Another run of scaffold is at work on the cohort in {folder}.",
                "Wait until it ends; what it finishes need not be done again.",
            )
        yield
    finally:
        os.close(number)


def _taken(number: int) -> bool:
    """Take the lock of an open file; return whether it is ours.

    A run that was killed while it started a worker holds it until that one is a program of its own:
    between fork and exec the two share what is open.
    """
    deadline = time.monotonic() + START_SECONDS
    try:
        while not (ours := staging.take(number)) and time.monotonic() < deadline:
            time.sleep(0.02)
    except OSError:
        return True  # a file system without locks
    return ours


def exists(folder: Path) -> bool:
    """Whether a cohort was started there; a state file whose first line is unfinished starts anew."""
    return bool(_lines(folder))


def read(folder: Path) -> State:
    """Return the state of the cohort in that folder. Raises ScaffoldError if it is none, or damaged."""
    lines = _lines(folder)
    if not lines:
        raise ScaffoldError(
            f"There is no cohort in {folder}.",
            "Name the folder that was --out, or make one: scaffold cohort create ASSIGNMENT ROSTER --out DIR",
        )
    records: dict[str, Record] = {}
    head: dict[str, Any] = {}
    for number, line in enumerate(lines, 1):
        try:
            found = json.loads(line)
            if number == 1:
                head = _head(found)
            else:
                record = _record(found)
                records[record.repository] = record
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ScaffoldError(
                f"{folder / NAME}, line {number}: this is not a record of scaffold's.",
                "Take the file from a backup, or remove that line: its repository is looked at anew then.",
            ) from error
    return State(folder, head, records)


def append(folder: Path, rows: Iterable[Record | Mapping[str, Any]]) -> None:
    """Add records, or the head of a new file, and return when they are on the disk. Raises OSError."""
    texts = [json.dumps(asdict(row) if isinstance(row, Record) else dict(row)) + "\n" for row in rows]
    if not texts:
        return
    path = folder / NAME
    number = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(number, "r+b") as stream:
        if stream.seek(0, os.SEEK_END):
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                stream.seek(0)
                stream.seek(_whole(stream.read()))
                stream.truncate()
        stream.write("".join(texts).encode())
        stream.flush()
        os.fsync(stream.fileno())


def _whole(data: bytes) -> int:
    """Return how many bytes belong to finished lines."""
    return data.rfind(b"\n") + 1


def _lines(folder: Path) -> list[bytes]:
    try:
        data = (folder / NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ScaffoldError(f"{folder / NAME} cannot be read: {error.strerror}.") from error
    return data[: _whole(data)].splitlines()


def _head(found: Any) -> dict[str, Any]:  # noqa: ANN401 - what the file holds
    if found["schema"] != SCHEMA or not isinstance(found["assignment"], dict):
        raise ValueError
    return dict(found)


def _record(found: Any) -> Record:  # noqa: ANN401 - as above
    people = tuple(Person(**each) for each in found.pop("students"))
    record = Record(students=people, **found)
    if record.step not in STEPS or Path(record.repository).name != record.repository:
        raise ValueError
    return record
