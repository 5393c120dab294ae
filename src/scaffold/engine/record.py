"""`.scaffold.json`, the record in each project: where it came from, the answers, and what the files were."""

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
from scaffold.engine import lock
from scaffold.engine.plan import PlannedFile
from scaffold.errors import ScaffoldError
from scaffold.system import process

NAME = ".scaffold.json"
SCHEMA = "scaffold/project/v1"
_HASH = re.compile(r"[0-9a-f]{64}")
_NOT_OURS = frozenset({NAME, ".env"})
_MADE_BY_TOOLS = frozenset(
    {
        ".git", ".venv", "venv", "node_modules", "__pycache__", "data", "build", "htmlcov",
        ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".coverage", "sbom.cdx.json",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a project says about itself."""

    scaffold: str
    template: str
    answers: Mapping[str, str]
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Status:
    """How a project differs from what was generated; paths with forward slashes, sorted."""

    manifest: Manifest
    unchanged: tuple[str, ...]
    edited: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether a file that was generated is no longer what it was."""
        return bool(self.edited or self.missing)


def build(
    template: Template,
    answers: Mapping[str, str],
    files: Iterable[PlannedFile],
    origin: Mapping[str, object] | None = None,
) -> bytes:
    """Return the record of a project: the same bytes for the same version and answers.

    `origin` is what `Assignment.record` says of the assignment that the project was made from, if any.
    """
    hashes = {str(file.path): _sha256(file.content) for file in files}
    record = {
        "schema": SCHEMA,
        "scaffold": template.version,
        "template": template.name,
        "answers": {question.name: answers[question.name] for question in template.questions},
        **({"assignment": origin} if origin else {}),
        "files": dict(sorted(hashes.items())),
    }
    return (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode()


def read(folder: Path) -> Manifest:
    """Return the record of the project in that folder.

    Raises ScaffoldError if there is none, or if it is not what `build` writes (it may be tampered with).
    """
    path = folder / NAME
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ScaffoldError(
            f"{folder} is not a project made by scaffold: it has no {NAME}.", "Name the project's folder."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, f"it cannot be read ({error})") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise _damaged(path, f'its "schema" is not {SCHEMA}')
    version, template = record.get("scaffold"), record.get("template")
    if not isinstance(version, str) or not isinstance(template, str):
        raise _damaged(path, "it names no template or no version")
    answers, files = _texts(path, record, "answers"), _texts(path, record, "files")
    for name, value in files.items():
        if not _stays_inside(name):
            raise _damaged(path, f"it names a file outside of the project, {name!r}")
        if not _HASH.fullmatch(value):
            raise _damaged(path, f"it has no SHA-256 for {name!r}")
    return Manifest(version, template, answers, files)


def status(folder: Path) -> Status:
    """Compare a project with its record; a lock that uv completed with the pinned versions is unchanged.

    Raises ScaffoldError as `read` does, or if a file cannot be read.
    """
    record = read(folder)
    found: dict[str, list[str]] = {"unchanged": [], "edited": [], "missing": []}
    try:
        compared = {name: _compare(folder, name, expected) for name, expected in record.files.items()}
        if compared.get(lock.LOCK) == "edited" and compared.get(lock.CONSTRAINTS) == "unchanged":
            constraints = (folder / lock.CONSTRAINTS).read_text(encoding="utf-8")
            if lock.is_completed(lock.read_lock(folder), constraints):
                compared[lock.LOCK] = "unchanged"
        for name, state in sorted(compared.items()):
            found[state].append(name)
        added = sorted(set(_present(folder)) - record.files.keys() - _NOT_OURS)
    except OSError as error:
        raise ScaffoldError(f"{error.filename or folder} cannot be read: {error.strerror}.") from error
    return Status(
        record, tuple(found["unchanged"]), tuple(found["edited"]), tuple(found["missing"]), tuple(added)
    )


@lru_cache(maxsize=1024)  # most files of two hundred projects are the same
def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _damaged(path: Path, why: str) -> ScaffoldError:
    return ScaffoldError(f"{path} is damaged: {why}.", f"Take it back from git: git checkout -- {NAME}")


def _texts(path: Path, record: Mapping[str, object], key: str) -> dict[str, str]:
    value = record.get(key)
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise _damaged(path, f'its "{key}" is not a table of texts')
    return value


def _stays_inside(name: str) -> bool:
    path = PurePosixPath(name)
    odd = set("\\:\0") & set(name)
    return str(path) == name and name != "." and not path.is_absolute() and ".." not in path.parts and not odd


def _compare(folder: Path, name: str, expected: str) -> str:
    path = folder / name
    if path.parent.resolve() != folder.resolve() / PurePosixPath(name).parent:
        return "edited"  # a folder on the way became a link; what is behind it is none of ours to read
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return "edited"
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    with path.open("rb") as file:
        return "unchanged" if hashlib.file_digest(file, "sha256").hexdigest() == expected else "edited"


def _present(folder: Path) -> Iterator[str]:
    """Yield the project's files: what git does not ignore, or without git what no usual tool has made."""
    listing = process.git(["ls-files", "-z", "--cached", "--others", "--exclude-standard"], folder)
    if listing.ok:
        for name in filter(None, listing.stdout.split("\0")):
            if os.path.lexists(folder / name):
                yield name
        return
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not (name in _MADE_BY_TOOLS or name.endswith(".egg-info"))]
        for file in files:
            if file not in _MADE_BY_TOOLS:
                yield Path(root, file).relative_to(folder).as_posix()
