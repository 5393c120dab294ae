"""Create a folder atomically: write a hidden folder beside the target, then rename it.

Layout: `.shop.scaffold-0123456789abcdef/` holds `lock`, which its run keeps locked, and `project/`, which
becomes the target. A killed run no longer holds its lock, so the next run can remove its folder.
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

_STAGING_NAME = re.compile(r"\..+\.scaffold-[0-9a-f]{16}")
_LOCK = "lock"
_PROJECT = "project"
_MAX_NAME_LENGTH = 40
_CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


@contextmanager
def staging_folder(target: Path, *, clean: bool = True) -> Iterator[Path]:
    """Yield an empty folder beside the target, which becomes the target when the block succeeds.

    If the block raises, the rename fails or the process is terminated, nothing is left behind. The parent of
    the target must exist. With `clean`, the folders of killed runs are removed from it first. Raises OSError.
    """
    if clean:
        remove_stale(target.parent)
    with _unwind_on_signals():
        home, lock = _create_staging(target)
        try:
            project = home / _PROJECT
            project.mkdir(mode=0o755)
            yield project
            _replace_target(project, target)
        finally:
            _remove(home, lock)


def write_files(files: Iterable[PlannedFile], folder: Path) -> None:
    """Write planned files into an existing folder, with their permissions less the umask.

    Raises OSError.
    """
    created: dict[PurePosixPath, Path] = {PurePosixPath(): folder}
    for file in files:
        within = file.path.parent
        if within not in created:
            for parent in (*reversed(within.parents), within):
                if parent not in created:
                    created[parent] = folder / parent
                    created[parent].mkdir(mode=0o755)
        # A Path object for each file would take as long as writing it.
        path = f"{created[within]}{os.sep}{file.path.name}"
        number = os.open(path, _CREATE_FLAGS, file.mode)
        try:
            # A stream would make four more system calls for each file.
            left = memoryview(file.content)
            while left:
                left = left[os.write(number, left) :]
        finally:
            os.close(number)


def remove_stale(parent: Path) -> None:
    """Remove the staging folders of killed runs from `parent`. Errors are ignored."""
    with suppress(OSError):
        for entry in list(os.scandir(parent)):
            if _STAGING_NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                _remove_if_stale(Path(entry))


def _remove_if_stale(home: Path) -> None:
    with suppress(OSError):
        if not {path.name for path in home.iterdir()} <= {_LOCK, _PROJECT}:
            return  # not a staging folder, despite its name
        try:
            lock = os.open(home / _LOCK, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
        except FileNotFoundError:
            home.rmdir()  # killed before it could lock; a live run starts again with another folder
            return
        try:
            stale = try_lock(lock)
        except OSError:
            stale = False
        if stale:
            _remove(home, lock)
        else:
            os.close(lock)


def _create_staging(target: Path) -> tuple[Path, int]:
    while True:
        home = target.parent / f".{target.name[:_MAX_NAME_LENGTH]}.scaffold-{secrets.token_hex(8)}"
        home.mkdir(mode=0o700)
        try:
            lock = os.open(home / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileNotFoundError:
            continue  # another run removed it between the two calls
        except BaseException:
            home.rmdir()
            raise
        try:
            acquired = try_lock(lock) and (home / _LOCK).exists()
        except OSError:
            acquired = True  # the file system has no locks, so no run removes folders there
        if acquired:
            return home, lock
        os.close(lock)


def _replace_target(project: Path, target: Path) -> None:
    if sys.platform == "win32" and target.is_dir():
        target.rmdir()  # a rename on Windows does not replace an empty folder
    project.rename(target)


def _remove(home: Path, lock: int) -> None:
    """Remove a staging folder, its lock last, so that an interrupted removal can be finished later."""
    shutil.rmtree(home / _PROJECT, ignore_errors=True)
    if sys.platform == "win32":
        os.close(lock)  # Windows does not remove an open file
        shutil.rmtree(home, ignore_errors=True)
    else:
        # Hold the lock until the folder is gone, so that no other run acquires it in between.
        shutil.rmtree(home, ignore_errors=True)
        os.close(lock)


if sys.platform == "win32":
    import msvcrt

    def try_lock(lock: int) -> bool:
        """Return whether this process now holds the lock; the system releases it when the process ends."""
        try:
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(lock: int) -> bool:
        """Return whether this process now holds the lock; the system releases it when the process ends."""
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class _Terminated(BaseException):
    """The process received a signal to end. Not an Exception, so that no handler catches it as a failure."""


@contextmanager
def _unwind_on_signals() -> Iterator[None]:
    """Unwind the block on SIGTERM or SIGHUP, and then let the signal end the process."""
    signals = [getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")]
    main = threading.current_thread() is threading.main_thread()
    numbers = [n for n in signals if n is not None and main and signal.getsignal(n) is signal.SIG_DFL]

    def unwind(number: int, _frame: FrameType | None) -> None:
        raise _Terminated(number)

    for number in numbers:
        signal.signal(number, unwind)
    ended: int | None = None
    try:
        yield
    except _Terminated as error:
        ended = error.args[0]
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
    if ended is not None:
        signal.raise_signal(ended)
