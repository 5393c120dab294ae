"""All or nothing: a hidden folder beside the target, moved into place with one rename.

Layout: `.shop.scaffold-0123456789abcdef/` holds `lock`, which the run that made it keeps locked, and
`project/`, which becomes the target. A run that was killed no longer holds its lock, so the next one may
remove what it left.
"""

import os
import re
import secrets
import shutil
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from types import FrameType

from scaffold.engine.plan import PlannedFile

_OURS = re.compile(r"\..+\.scaffold-[0-9a-f]{16}")
_LOCK = "lock"
_PROJECT = "project"
_LONGEST_NAME = 40
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


@contextmanager
def staged(target: Path, *, clean: bool = True) -> Iterator[Path]:
    """Give an empty folder beside the target, which becomes the target when the block ends well.

    If the block raises, if the rename fails, or if the process is asked to end, nothing is left behind.
    The parent of the target must exist. What killed runs left there is removed first, if `clean`.
    Raises OSError.
    """
    if clean:
        sweep(target.parent)
    with _ended_gently():
        home, lock = _make_home(target)
        try:
            project = home / _PROJECT
            project.mkdir(mode=0o755)
            yield project
            _move(project, target)
        finally:
            _remove(home, lock)


def write(files: Iterable[PlannedFile], folder: Path) -> None:
    """Write planned files into an existing folder, with the permissions they say, less the umask's.

    Raises OSError.
    """
    made: dict[PurePosixPath, Path] = {PurePosixPath(): folder}
    for file in files:
        within = file.path.parent
        if within not in made:
            for parent in (*reversed(within.parents), within):
                if parent not in made:
                    made[parent] = folder / parent
                    made[parent].mkdir(mode=0o755)
        # A path for each file would cost as much as writing it.
        path = f"{made[within]}{os.sep}{file.path.name}"
        with os.fdopen(os.open(path, _NEW, file.mode), "wb") as stream:
            stream.write(file.content)


def sweep(parent: Path) -> None:
    """Remove the staging folders in `parent` whose runs were killed; whatever cannot be removed stays."""
    with suppress(OSError):
        for entry in list(os.scandir(parent)):
            if _OURS.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                _sweep_one(Path(entry))


def _sweep_one(home: Path) -> None:
    with suppress(OSError):
        if not {path.name for path in home.iterdir()} <= {_LOCK, _PROJECT}:
            return  # somebody else's, whatever its name
        try:
            lock = os.open(home / _LOCK, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
        except FileNotFoundError:
            home.rmdir()  # killed before it could lock; if it is alive, it starts again elsewhere
            return
        try:
            stale = take(lock)
        except OSError:
            stale = False
        if stale:
            _remove(home, lock)
        else:
            os.close(lock)


def _make_home(target: Path) -> tuple[Path, int]:
    while True:
        home = target.parent / f".{target.name[:_LONGEST_NAME]}.scaffold-{secrets.token_hex(8)}"
        home.mkdir(mode=0o700)
        try:
            lock = os.open(home / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileNotFoundError:
            continue  # another run swept it between the two lines
        except BaseException:
            home.rmdir()
            raise
        try:
            ours = take(lock) and (home / _LOCK).exists()
        except OSError:
            ours = True  # a file system without locks: nobody else will hold one either, so nothing is swept
        if ours:
            return home, lock
        os.close(lock)


def _move(project: Path, target: Path) -> None:
    if sys.platform == "win32" and target.is_dir():
        target.rmdir()  # there, a rename does not replace an empty folder
    project.rename(target)


def _remove(home: Path, lock: int) -> None:
    """Remove a staging folder; its lock goes last, so that it is recognised even if this is cut short."""
    shutil.rmtree(home / _PROJECT, ignore_errors=True)
    if sys.platform == "win32":
        os.close(lock)  # before the file itself, which it would not remove otherwise
        shutil.rmtree(home, ignore_errors=True)
    else:
        # Held to the end: a run that has just made this folder could take the lock before it is gone.
        shutil.rmtree(home, ignore_errors=True)
        os.close(lock)


if sys.platform == "win32":
    import msvcrt

    def take(lock: int) -> bool:
        """Lock a file that no other run holds; the system lets go of it when the process ends."""
        try:
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def take(lock: int) -> bool:
        """Lock a file unless another run holds it; the system lets go of it when the process ends."""
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class _Ended(BaseException):
    """The process was asked to end; no Exception, so that nothing on the way takes it for a failure."""


@contextmanager
def _ended_gently() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the block before they end the process as they would have."""
    wanted = [getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")]
    main = threading.current_thread() is threading.main_thread()
    numbers = [n for n in wanted if n is not None and main and signal.getsignal(n) is signal.SIG_DFL]

    def unwind(number: int, _frame: FrameType | None) -> None:
        raise _Ended(number)

    for number in numbers:
        signal.signal(number, unwind)
    ended: int | None = None
    try:
        yield
    except _Ended as error:
        ended = error.args[0]
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
    if ended is not None:
        signal.raise_signal(ended)
