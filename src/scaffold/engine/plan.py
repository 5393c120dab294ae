"""The finished tree in memory: what `render` plans, `--dry-run` shows and `project` writes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file as it will be written. A secret one is readable by its owner alone, and is in no manifest."""

    path: PurePosixPath
    content: bytes = field(repr=False)
    executable: bool = False
    secret: bool = False

    @property
    def mode(self) -> int:
        """Its permissions, which depend on neither the umask nor the template's checkout."""
        if self.secret:
            return 0o600
        return 0o755 if self.executable else 0o644


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One line of a listing; `last` says for it and each folder above it whether more siblings follow."""

    name: str
    folder: bool
    last: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All files of a project, sorted by path."""

    files: tuple[PlannedFile, ...]

    def __getitem__(self, path: str) -> PlannedFile:
        """Return the file at that path; raises KeyError."""
        for file in self.files:
            if file.path.as_posix() == path:
                return file
        raise KeyError(path)

    @property
    def paths(self) -> tuple[str, ...]:
        """The files' paths, with forward slashes."""
        return tuple(file.path.as_posix() for file in self.files)

    def tree(self) -> tuple[TreeEntry, ...]:
        """Return the listing that people know from `tree`: folders before files, each level by name."""
        return tuple(_entries([file.path.parts for file in self.files], ()))


def _entries(paths: Iterable[tuple[str, ...]], above: tuple[bool, ...]) -> Iterator[TreeEntry]:
    inside: dict[str, list[tuple[str, ...]]] = {}
    for name, *rest in paths:
        inside.setdefault(name, []).extend([tuple(rest)] if rest else [])
    rows = sorted(inside.items(), key=lambda row: (not row[1], row[0]))
    for index, (name, below) in enumerate(rows, 1):
        last = (*above, index == len(rows))
        yield TreeEntry(name, bool(below), last)
        yield from _entries(below, last)
