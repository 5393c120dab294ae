"""The files of a project in memory: `render` plans them, `--dry-run` lists them, `project` writes them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath


@lru_cache(maxsize=4096)  # most paths of two hundred projects are the same, and making one is slow
def path_of(name: str) -> PurePosixPath:
    """Return a file's path from the root of its project."""
    return PurePosixPath(name)


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file to write. A secret file is readable only by its owner, and is not in the record."""

    path: PurePosixPath
    content: bytes = field(repr=False)
    executable: bool = False
    secret: bool = False

    @property
    def mode(self) -> int:
        """The permissions, independent of the umask and of the template's checkout."""
        if self.secret:
            return 0o600
        return 0o755 if self.executable else 0o644


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A line of a listing. `last` says, for each level down to this entry, whether it is the last sibling."""

    name: str
    is_folder: bool
    last: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All files of a project, sorted by path."""

    files: tuple[PlannedFile, ...]

    def __getitem__(self, path: str) -> PlannedFile:
        """Return the file at this path. Raises KeyError."""
        for file in self.files:
            if file.path.as_posix() == path:
                return file
        raise KeyError(path)

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the files, with forward slashes."""
        return tuple(file.path.as_posix() for file in self.files)

    def tree(self) -> tuple[TreeEntry, ...]:
        """Return a listing like that of `tree`: folders before files, each level sorted by name."""
        return tuple(_list_entries([file.path.parts for file in self.files], ()))


def _list_entries(paths: Iterable[tuple[str, ...]], above: tuple[bool, ...]) -> Iterator[TreeEntry]:
    inside: dict[str, list[tuple[str, ...]]] = {}
    for name, *rest in paths:
        inside.setdefault(name, []).extend([tuple(rest)] if rest else [])
    rows = sorted(inside.items(), key=lambda row: (not row[1], row[0]))
    for index, (name, below) in enumerate(rows, 1):
        last = (*above, index == len(rows))
        yield TreeEntry(name, bool(below), last)
        yield from _list_entries(below, last)
