"""The target is complete or unchanged, whatever happens."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest

from scaffold.engine import staging
from scaffold.engine.plan import PlannedFile

STAGE_AND_WAIT = """
import signal
import sys
from pathlib import Path
from scaffold.engine import staging
for name in ("SIGTERM", "SIGHUP"):  # nohup, for one, has its programs ignore the latter
    if hasattr(signal, name):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
with staging.staging_folder(Path("shop")) as folder:
    (folder / "half.txt").write_text("half")
    print("ready", flush=True)
    sys.stdin.read()
"""


def names() -> list[str]:
    """Return the names in the current folder."""
    return sorted(path.name for path in Path().iterdir())


@contextmanager
def another_run() -> Iterator[subprocess.Popen[str]]:
    """Start a process that stages half a project, and wait until it has done so."""
    with subprocess.Popen(
        [sys.executable, "-c", STAGE_AND_WAIT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_successful_block_creates_the_target() -> None:
    """Nothing else is left behind."""
    with staging.staging_folder(Path("shop")) as folder:
        (folder / "a.txt").touch()
        assert not Path("shop").exists()
        assert folder.parent.name.startswith(".shop.scaffold-")
        assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert names() == ["shop"]
    assert os.listdir("shop") == ["a.txt"]
    assert Path("shop").stat().st_mode & 0o777 == 0o755


def test_an_empty_folder_is_replaced() -> None:
    """With the same rename."""
    Path("shop").mkdir()
    with staging.staging_folder(Path("shop")) as folder:
        (folder / "a.txt").touch()
    assert os.listdir("shop") == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, SystemExit])
def test_a_failing_block_leaves_nothing(error: type[BaseException]) -> None:
    """Whatever the exception."""
    with pytest.raises(error), staging.staging_folder(Path("shop")) as folder:
        (folder / "a.txt").touch()
        raise error
    assert names() == []


def test_a_target_that_appears_meanwhile_is_left_alone() -> None:
    """The rename does not overwrite a folder that is not empty."""
    with pytest.raises(OSError, match="not empty"), staging.staging_folder(Path("shop")):
        Path("shop").mkdir()
        Path("shop/theirs.txt").touch()
    assert names() == ["shop"]
    assert os.listdir("shop") == ["theirs.txt"]


@pytest.mark.parametrize("step", ["open", "mkdir"])
def test_a_failure_at_the_first_steps_leaves_nothing(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Even if creating the staging folder fails."""

    def fail(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    real = Path.mkdir
    with monkeypatch.context() as patch:
        if step == "open":
            patch.setattr(os, "open", fail)
        else:
            patch.setattr(
                Path, "mkdir", lambda path, **kw: fail() if path.name == "project" else real(path, **kw)
            )
        with pytest.raises(OSError, match="No space left"), staging.staging_folder(Path("shop")):
            raise AssertionError
    assert names() == []


def test_a_killed_run_is_cleaned_up_by_the_next() -> None:
    """`kill -9` leaves a hidden folder, which the next run removes."""
    with another_run() as process:
        process.kill()
        process.wait(60)
    (left,) = names()
    assert left.startswith(".shop.scaffold-")
    with staging.staging_folder(Path("other")):
        pass
    assert names() == ["other"]


def test_a_live_run_is_left_alone() -> None:
    """Two runs may create projects in the same folder at the same time."""
    with another_run() as process:
        with staging.staging_folder(Path("other")):
            pass
        assert len(names()) == 2
        process.communicate("")
    assert names() == ["other", "shop"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminated_run_cleans_up(number: signal.Signals) -> None:
    """Its exit status is that of the signal."""
    with another_run() as process:
        process.send_signal(number)
        assert process.wait(timeout=30) == -number
    assert names() == []


def test_a_signal_unwinds_before_it_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is raised again after the cleanup, with the default handler."""
    ends: list[object] = []
    monkeypatch.setattr(
        signal, "raise_signal", lambda number: ends.append((number, signal.getsignal(number), names()))
    )
    with staging.staging_folder(Path("shop")):
        os.kill(os.getpid(), signal.SIGTERM)
    assert ends == [(signal.SIGTERM, signal.SIG_DFL, [])]


def test_ctrl_c_cleans_up() -> None:
    """The interrupted process leaves nothing on disk."""
    with another_run() as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) != 0
    assert names() == []


def test_other_signal_handlers_are_kept() -> None:
    """Only default handlers are replaced, and only in the main thread."""
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: seen.append(number))
    try:
        with staging.staging_folder(Path("one")):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    thread = threading.Thread(target=lambda: staging.staging_folder(Path("two")).__enter__())
    thread.start()
    thread.join()
    assert seen == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) == before


def stale(*inside: str) -> Path:
    """Create a folder with the name of a staging folder."""
    path = Path(".shop.scaffold-0123456789abcdef")
    path.mkdir()
    for name in inside:
        (path / name).touch()
    return path


def test_a_run_killed_before_it_locked_is_cleaned_up() -> None:
    """Its folder is empty."""
    stale()
    staging.remove_stale(Path())
    assert names() == []


def test_similar_files_and_folders_are_left_alone() -> None:
    """A folder with other content, a file, and a link."""
    stale("lock", "thesis.odt")
    Path(".a.scaffold-0123456789abcdef").touch()
    Path("real").mkdir()
    Path(".b.scaffold-0123456789abcdef").symlink_to("real")
    Path(".c.scaffold-short").mkdir()
    before = names()
    staging.remove_stale(Path())
    assert names() == before


def test_a_lock_that_is_a_link_is_not_followed() -> None:
    """Another user may own the parent folder."""
    home = stale()
    (home / "lock").symlink_to("/etc/passwd")
    staging.remove_stale(Path())
    assert home.exists()


def test_a_folder_that_cannot_be_listed_is_ignored() -> None:
    """Removing stale folders never raises."""
    staging.remove_stale(Path("nowhere"))


def test_a_staging_folder_removed_at_once_is_created_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run may remove it before the lock file exists, or before it is locked."""
    real_open, real_try_lock, calls = os.open, staging.try_lock, []

    def removed_before_open(path: Path, *args: int) -> int:
        calls.append("open")
        if len(calls) == 1:
            path.parent.rmdir()
        return real_open(path, *args)

    def removed_before_lock(lock: int) -> bool:
        calls.append("lock")
        return len(calls) > 3 and real_try_lock(lock)

    monkeypatch.setattr(os, "open", removed_before_open)
    monkeypatch.setattr(staging, "try_lock", removed_before_lock)
    with staging.staging_folder(Path("shop")):
        pass
    assert calls == ["open", "open", "lock", "open", "lock"]
    assert Path("shop").is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no file that is open")
def test_the_lock_is_held_until_the_folder_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise another run could lock the folder just before it is removed."""
    home, there, real = stale("lock"), [], os.close

    def close(number: int) -> None:
        there.append(home.exists())
        real(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "close", close)
        staging.remove_stale(Path())
    assert there[-1:] == [False]


def test_cleaning_is_optional() -> None:
    """Parallel workers clean up once, before they start."""
    home = stale("lock")
    with staging.staging_folder(Path("shop"), clean=False):
        pass
    assert home.exists()


def test_without_locks_no_folder_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network share, for example. The project is created nevertheless."""

    def unsupported(_lock: int) -> bool:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(staging, "try_lock", unsupported)
    stale("lock")
    with staging.staging_folder(Path("shop")):
        pass
    assert names() == [".shop.scaffold-0123456789abcdef", "shop"]


@pytest.mark.parametrize(
    ("umask", "folder", "file", "program"),
    [(0o022, 0o755, 0o644, 0o755), (0o077, 0o700, 0o600, 0o700), (0o027, 0o750, 0o640, 0o750)],
)
def test_files_are_written_as_planned(umask: int, folder: int, file: int, program: int) -> None:
    """With their content and the permissions that the umask leaves; a secret is always private."""
    before = os.umask(umask)
    try:
        staging.write_files(
            [
                PlannedFile(PurePosixPath("a/b/c.txt"), b"c\r\n"),
                PlannedFile(PurePosixPath("run.sh"), b"#!", executable=True),
                PlannedFile(PurePosixPath(".env"), b"KEY=x", secret=True),
            ],
            Path(),
        )
    finally:
        os.umask(before)
    modes = {str(path): path.stat().st_mode & 0o777 for path in sorted(Path().rglob("*"))}
    assert modes == {".env": 0o600, "a": folder, "a/b": folder, "a/b/c.txt": file, "run.sh": program}
    assert Path("a/b/c.txt").read_bytes() == b"c\r\n"


def test_nothing_is_overwritten() -> None:
    """An existing file is an error."""
    Path("a").touch()
    with pytest.raises(FileExistsError):
        staging.write_files([PlannedFile(PurePosixPath("a"), b"")], Path())


def test_a_long_target_name_is_shortened() -> None:
    """Most file systems limit names to 255 bytes."""
    target = Path("é" * 120)
    with staging.staging_folder(target):
        pass
    assert target.is_dir()
