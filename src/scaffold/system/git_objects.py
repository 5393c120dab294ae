"""Commits without starting git, the same on every machine; the one importer of dulwich.

What git would take from its configuration (line ends, ignored files, modes, hooks, who and when) is settled
here: every planned file is in it byte for byte, but for secrets. Objects go into one pack, because the 150
loose ones of a project would cost more than everything else; what was compressed for one student
is kept for the next, as most files are the same.
"""

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from dulwich.index import IndexEntry, commit_tree, index_entry_from_stat, write_index_dict
from dulwich.object_format import SHA1
from dulwich.object_store import MemoryObjectStore
from dulwich.objects import Blob, Commit, ObjectID, ShaFile
from dulwich.pack import UnpackedObject, pack_object_chunks, write_pack_data, write_pack_index

BRANCH = "main"
_LEVEL = 1  # of compression: a pack is repacked by whoever gets it
_CONFIG = """\
[core]
\trepositoryformatversion = 0
\tfilemode = {modes}
\tbare = false
\tlogallrefupdates = true
"""


class File(Protocol):
    """What a commit needs to know of a file."""

    @property
    def path(self) -> PurePosixPath:
        """Where it is, from the root of the repository."""

    @property
    def content(self) -> bytes:
        """Its bytes."""

    @property
    def executable(self) -> bool:
        """Whether it can be run."""

    @property
    def secret(self) -> bool:
        """Whether it stays out of the commit."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who makes a commit, when (in seconds, and the offset), and with what message."""

    author: str
    seconds: int
    offset: int
    message: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A commit that is not on the disk yet: its id, that of its tree, and all objects."""

    commit: str
    tree: str
    blobs: dict[str, bytes] = field(repr=False)  # path to blob id
    packed: tuple[UnpackedObject, ...] = field(repr=False)


_compressed: dict[bytes, UnpackedObject] = {}
_blob_ids: dict[bytes, ObjectID] = {}


def take(files: Iterable[File], stamp: Stamp, parent: Snapshot | None = None) -> Snapshot:
    """Return the commit that has these files, without secret ones, after `parent`. Writes nothing."""
    rows: list[tuple[bytes, ObjectID, int]] = []
    packed: dict[bytes, UnpackedObject] = {}
    for file in files:
        if file.secret:
            continue
        if file.content not in _blob_ids:
            _blob_ids[file.content] = _pack(Blob.from_string(file.content))
        blob = _blob_ids[file.content]
        packed[blob] = _compressed[blob]
        mode = stat.S_IFREG | (0o755 if file.executable else 0o644)
        rows.append((file.path.as_posix().encode(), blob, mode))
    store = MemoryObjectStore()
    tree = commit_tree(store, rows)
    commit = Commit()
    commit.tree = tree
    commit.parents = [ObjectID(parent.commit.encode())] if parent else []
    commit.author = commit.committer = stamp.author.encode()
    commit.author_time = commit.commit_time = stamp.seconds
    commit.author_timezone = commit.commit_timezone = stamp.offset
    commit.encoding = None
    commit.message = f"{stamp.message}\n".encode()
    for each in [*(store[name] for name in store), commit]:
        name = _pack(each)
        packed[name] = _compressed[name]
    blobs = {path.decode(): bytes(blob) for path, blob, _ in rows}
    return Snapshot(commit.id.decode(), tree.decode(), blobs, tuple(packed.values()))


def write(history: Sequence[Snapshot], git: Path, tree: Path, tags: Mapping[str, str] | None = None) -> None:
    """Make the folder `git` a repository with these commits, the last of which is checked out in `tree`.

    `tags` names commits by their ids. Raises OSError.
    """
    last = history[-1]
    for name in ("", "objects", "objects/pack", "objects/info", "refs", "refs/heads", "refs/tags", "info"):
        (git / name).mkdir(mode=0o755, exist_ok=True)
    packed = {id(each): each for snapshot in history for each in snapshot.packed}
    _write_pack(list(packed.values()), git / "objects" / "pack")
    modes = "false" if sys.platform == "win32" else "true"
    _write(git / "config", _CONFIG.format(modes=modes).encode())
    _write(git / "HEAD", f"ref: refs/heads/{BRANCH}\n".encode())
    _write(git / "refs" / "heads" / BRANCH, f"{last.commit}\n".encode())
    for name, commit in (tags or {}).items():
        _write(git / "refs" / "tags" / name, f"{commit}\n".encode())
    entries: dict[bytes, IndexEntry] = {
        path.encode(): index_entry_from_stat(os.lstat(f"{tree}{os.sep}{path}"), ObjectID(blob))
        for path, blob in last.blobs.items()
    }
    # Hashed and written in one piece, as dulwich writes six for each file.
    index = BytesIO()
    write_index_dict(index, entries)
    checksum = SHA1.new_hash()
    checksum.update(index.getvalue())
    _write(git / "index", index.getvalue() + checksum.digest())


def first_commit(folder: Path) -> str | None:
    """Return what the branch of that repository points to, or None if there is no such repository.

    Raises OSError if it cannot be read.
    """
    try:
        return (folder / ".git" / "refs" / "heads" / BRANCH).read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return None


def _pack(each: ShaFile) -> ObjectID:
    """Compress an object and keep it; returns its id."""
    if each.id not in _compressed:
        entry = UnpackedObject(each.type_num, sha=each.sha().digest(), decomp_chunks=each.as_raw_chunks())
        chunks = pack_object_chunks(
            each.type_num, each.as_raw_chunks(), compression_level=_LEVEL, object_format=SHA1
        )
        entry.comp_chunks = [b"".join(chunks)]
        _compressed[each.id] = entry
    return each.id


def _write_pack(packed: Sequence[UnpackedObject], folder: Path) -> None:
    draft = folder / "draft.pack"
    with _new(draft, 0o444) as stream:
        entries, checksum = write_pack_data(stream, iter(packed), SHA1, num_records=len(packed))
    name = f"pack-{checksum.hex()}"
    draft.rename(folder / f"{name}.pack")
    with _new(folder / f"{name}.idx", 0o444) as stream:
        write_pack_index(stream, _index_rows(entries), checksum)


def _index_rows(entries: dict[bytes, tuple[int, int]]) -> Iterator[tuple[bytes, int, int | None]]:
    return ((sha, offset, crc32) for sha, (offset, crc32) in sorted(entries.items()))


def _write(path: Path, content: bytes) -> None:
    with _new(path) as stream:
        stream.write(content)


def _new(path: Path, mode: int = 0o644) -> BinaryIO:
    """Open a new file with the permissions that git gives its own, less the umask's."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, mode), "wb")
