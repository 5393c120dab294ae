"""`.scaffold.json`, the record in each project: its template, its answers and the hashes of its files."""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from scaffold.catalog.model import Template
from scaffold.engine import lock, milestones
from scaffold.engine.plan import PlannedFile
from scaffold.errors import ScaffoldError
from scaffold.system import process

FILE_NAME = ".scaffold.json"
SCHEMA = "scaffold/project/v1"
_HASH = re.compile(r"[0-9a-f]{64}")
_UNRECORDED = frozenset({FILE_NAME, ".env"})
_TOOL_OUTPUT = frozenset(
    {
        ".git", ".venv", "venv", "node_modules", "__pycache__", "data", "build", "htmlcov",
        ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".coverage", "sbom.cdx.json",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Manifest:
    """The record of a project. `files` maps each path to the SHA-256 of its content."""

    scaffold: str
    template: str
    answers: Mapping[str, str]
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Status:
    """The differences between a project and its record. Paths are sorted and have forward slashes."""

    manifest: Manifest
    unchanged: tuple[str, ...]
    edited: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def is_changed(self) -> bool:
        """Whether a generated file was edited or is missing."""
        return bool(self.edited or self.missing)


def build(
    template: Template,
    answers: Mapping[str, str],
    files: Iterable[PlannedFile],
    origin: Mapping[str, object] | None = None,
) -> bytes:
    """Return the record of a project: the same bytes for the same version and answers.

    `origin` is the `Assignment.record` of the project's assignment, if any. The record of a starter lists in
    "given" the tests that pass in it.
    """
    step = milestones.get_step(template, answers)
    hashes = {str(file.path): _sha256(file.content) for file in files}
    record = {
        "schema": SCHEMA,
        "scaffold": template.version,
        "template": template.name,
        "answers": {question.name: answers[question.name] for question in template.questions},
        **({"assignment": origin} if origin else {}),
        **({"given": step.given} if step and step.is_starter else {}),
        "files": dict(sorted(hashes.items())),
    }
    return (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode()


def read(folder: Path) -> Manifest:
    """Return the record of the project in this folder.

    Raises ScaffoldError if there is none, or if it is damaged or was tampered with.
    """
    path = folder / FILE_NAME
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ScaffoldError(
            f"{folder} is not a scaffold project: it has no {FILE_NAME}.", "Pass the folder of a project."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, f"it cannot be read ({error})") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise _damaged(path, f'its "schema" is not {SCHEMA}')
    version, template = record.get("scaffold"), record.get("template")
    if not isinstance(version, str) or not isinstance(template, str):
        raise _damaged(path, "it has no template or no version")
    answers, files = _read_strings(path, record, "answers"), _read_strings(path, record, "files")
    for name, value in files.items():
        if not _stays_inside(name):
            raise _damaged(path, f"it lists a file outside the project, {name!r}")
        if not _HASH.fullmatch(value):
            raise _damaged(path, f"it has no SHA-256 for {name!r}")
    return Manifest(version, template, answers, files)


def compare(folder: Path) -> Status:
    """Compare a project with its record. A lock that uv completed with the pinned versions is unchanged.

    Raises ScaffoldError, as `read` does, and for a file that cannot be read.
    """
    record = read(folder)
    found: dict[str, list[str]] = {"unchanged": [], "edited": [], "missing": []}
    try:
        compared = {name: _compare_file(folder, name, expected) for name, expected in record.files.items()}
        if compared.get(lock.LOCK_FILE) == "edited" and compared.get(lock.CONSTRAINTS_FILE) == "unchanged":
            constraints = (folder / lock.CONSTRAINTS_FILE).read_text(encoding="utf-8")
            if lock.is_completed(lock.read_lock(folder), constraints):
                compared[lock.LOCK_FILE] = "unchanged"
        for name, state in sorted(compared.items()):
            found[state].append(name)
        added = sorted(set(_list_files(folder)) - record.files.keys() - _UNRECORDED)
    except OSError as error:
        raise ScaffoldError(f"{error.filename or folder} cannot be read: {error.strerror}.") from error
    return Status(
        record, tuple(found["unchanged"]), tuple(found["edited"]), tuple(found["missing"]), tuple(added)
    )


@lru_cache(maxsize=1024)  # the projects of a cohort share most files
def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _damaged(path: Path, why: str) -> ScaffoldError:
    return ScaffoldError(f"{path} is damaged: {why}.", f"Restore it from git: git checkout -- {FILE_NAME}")


def _read_strings(path: Path, record: Mapping[str, object], key: str) -> dict[str, str]:
    value = record.get(key)
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise _damaged(path, f'its "{key}" is not an object of strings')
    return value


def _stays_inside(name: str) -> bool:
    path = PurePosixPath(name)
    forbidden = set("\\:\0") & set(name)
    return (
        str(path) == name
        and name != "."
        and not path.is_absolute()
        and ".." not in path.parts
        and not forbidden
    )


def _compare_file(folder: Path, name: str, expected: str) -> str:
    path = folder / name
    if path.parent.resolve() != folder.resolve() / PurePosixPath(name).parent:
        return "edited"  # a parent folder became a link; do not read outside the project
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return "edited"
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    with path.open("rb") as file:
        return "unchanged" if hashlib.file_digest(file, "sha256").hexdigest() == expected else "edited"


def _list_files(folder: Path) -> Iterator[str]:
    """Yield the project's files that git does not ignore or, without git, that no known tool creates."""
    listing = process.git(["ls-files", "-z", "--cached", "--others", "--exclude-standard"], folder)
    if listing.ok:
        for name in filter(None, listing.stdout.split("\0")):
            if os.path.lexists(folder / name):
                yield name
        return
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not (name in _TOOL_OUTPUT or name.endswith(".egg-info"))]
        for file in files:
            if file not in _TOOL_OUTPUT:
                yield Path(root, file).relative_to(folder).as_posix()
