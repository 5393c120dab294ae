"""All or nothing: whatever happens, the target is there in full or as it was."""

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
with staging.staged(Path("shop")) as folder:
    (folder / "half.txt").write_text("half")
    print("ready", flush=True)
    sys.stdin.read()
"""


def names() -> list[str]:
    """Return what is in the folder that the test runs in."""
    return sorted(path.name for path in Path().iterdir())


@contextmanager
def another_run() -> Iterator[subprocess.Popen[str]]:
    """Start another process that has staged half a project, and wait until it has."""
    with subprocess.Popen(
        [sys.executable, "-c", STAGE_AND_WAIT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_block_that_ends_well_becomes_the_target() -> None:
    """And leaves nothing beside it."""
    with staging.staged(Path("shop")) as folder:
        (folder / "a.txt").touch()
        assert not Path("shop").exists()
        assert folder.parent.name.startswith(".shop.scaffold-")
        assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert names() == ["shop"]
    assert os.listdir("shop") == ["a.txt"]
    assert Path("shop").stat().st_mode & 0o777 == 0o755


def test_an_empty_folder_is_replaced() -> None:
    """By the same one rename."""
    Path("shop").mkdir()
    with staging.staged(Path("shop")) as folder:
        (folder / "a.txt").touch()
    assert os.listdir("shop") == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, SystemExit])
def test_a_block_that_fails_leaves_nothing(error: type[BaseException]) -> None:
    """Whatever it fails with."""
    with pytest.raises(error), staging.staged(Path("shop")) as folder:
        (folder / "a.txt").touch()
        raise error
    assert names() == []


def test_a_target_that_appears_meanwhile_is_left_alone() -> None:
    """The rename does not overwrite a folder with something in it."""
    with pytest.raises(OSError, match="not empty"), staging.staged(Path("shop")):
        Path("shop").mkdir()
        Path("shop/theirs.txt").touch()
    assert names() == ["shop"]
    assert os.listdir("shop") == ["theirs.txt"]


@pytest.mark.parametrize("step", ["open", "mkdir"])
def test_a_failure_at_the_first_steps_leaves_nothing(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Before there is anything to write into."""

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
        with pytest.raises(OSError, match="No space left"), staging.staged(Path("shop")):
            raise AssertionError
    assert names() == []


def test_a_killed_run_is_cleaned_up_by_the_next() -> None:
    """`kill -9` leaves a hidden folder, which nobody takes for a project, and which the next run removes."""
    with another_run() as process:
        process.kill()
        process.wait(60)
    (left,) = names()
    assert left.startswith(".shop.scaffold-")
    with staging.staged(Path("other")):
        pass
    assert names() == ["other"]


def test_a_live_run_is_left_alone() -> None:
    """Two people may generate into the same folder at the same time."""
    with another_run() as process:
        with staging.staged(Path("other")):
            pass
        assert len(names()) == 2
        process.communicate("")
    assert names() == ["other", "shop"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_asked_to_end_cleans_up(number: signal.Signals) -> None:
    """And ends as the signal would have ended it."""
    with another_run() as process:
        process.send_signal(number)
        assert process.wait(timeout=30) == -number
    assert names() == []


def test_a_signal_unwinds_before_it_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is raised again once everything is cleaned up, with the system's own handler in place."""
    ends: list[object] = []
    monkeypatch.setattr(
        signal, "raise_signal", lambda number: ends.append((number, signal.getsignal(number), names()))
    )
    with staging.staged(Path("shop")):
        os.kill(os.getpid(), signal.SIGTERM)
    assert ends == [(signal.SIGTERM, signal.SIG_DFL, [])]


def test_ctrl_c_cleans_up() -> None:
    """The other process dies of it with nothing on disk."""
    with another_run() as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) != 0
    assert names() == []


def test_signal_handlers_of_others_are_left_alone() -> None:
    """Only a signal that nobody handles is turned into a clean end; in a thread there is none to turn."""
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: seen.append(number))
    try:
        with staging.staged(Path("one")):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    thread = threading.Thread(target=lambda: staging.staged(Path("two")).__enter__())
    thread.start()
    thread.join()
    assert seen == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) == before


def stale(*inside: str) -> Path:
    """Make a folder that is named like a staging folder."""
    path = Path(".shop.scaffold-0123456789abcdef")
    path.mkdir()
    for name in inside:
        (path / name).touch()
    return path


def test_a_run_killed_before_it_locked_is_cleaned_up() -> None:
    """It left an empty folder."""
    stale()
    staging.sweep(Path())
    assert names() == []


def test_what_only_looks_like_ours_is_left_alone() -> None:
    """A folder with anything else in it, a file and a link."""
    stale("lock", "thesis.odt")
    Path(".a.scaffold-0123456789abcdef").touch()
    Path("real").mkdir()
    Path(".b.scaffold-0123456789abcdef").symlink_to("real")
    Path(".c.scaffold-short").mkdir()
    before = names()
    staging.sweep(Path())
    assert names() == before


def test_a_lock_that_is_a_link_is_not_followed() -> None:
    """Somebody else may own the folder above."""
    home = stale()
    (home / "lock").symlink_to("/etc/passwd")
    staging.sweep(Path())
    assert home.exists()


def test_a_folder_that_cannot_be_listed_is_not_swept() -> None:
    """Sweeping is a courtesy; it fails in silence."""
    staging.sweep(Path("nowhere"))


def test_a_staging_folder_swept_at_birth_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run may sweep between the folder and its lock, or between the lock and its locking."""
    real_open, real_take, calls = os.open, staging.take, []

    def swept_before_lock(path: Path, *args: int) -> int:
        calls.append("open")
        if len(calls) == 1:
            path.parent.rmdir()
        return real_open(path, *args)

    def swept_before_take(lock: int) -> bool:
        calls.append("take")
        return len(calls) > 3 and real_take(lock)

    monkeypatch.setattr(os, "open", swept_before_lock)
    monkeypatch.setattr(staging, "take", swept_before_take)
    with staging.staged(Path("shop")):
        pass
    assert calls == ["open", "open", "take", "open", "take"]
    assert Path("shop").is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no file that is open")
def test_a_sweep_holds_the_lock_until_the_folder_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise whoever has just made the folder could lock it, and lose it in the next moment."""
    home, there, real = stale("lock"), [], os.close

    def close(number: int) -> None:
        there.append(home.exists())
        real(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "close", close)
        staging.sweep(Path())
    assert there[-1:] == [False]


def test_what_was_left_may_wait() -> None:
    """Many workers side by side clean up once, before they begin."""
    home = stale("lock")
    with staging.staged(Path("shop"), clean=False):
        pass
    assert home.exists()


def test_a_file_system_without_locks_works_without_sweeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network share, perhaps: a project can be made, and nobody dares to remove anything."""

    def unsupported(_lock: int) -> bool:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(staging, "take", unsupported)
    stale("lock")
    with staging.staged(Path("shop")):
        pass
    assert names() == [".shop.scaffold-0123456789abcdef", "shop"]


@pytest.mark.parametrize(
    ("umask", "folder", "file", "program"),
    [(0o022, 0o755, 0o644, 0o755), (0o077, 0o700, 0o600, 0o700), (0o027, 0o750, 0o640, 0o750)],
)
def test_files_are_written_as_planned(umask: int, folder: int, file: int, program: int) -> None:
    """With their bytes, and open to whom the umask lets them be; a secret is open to nobody else ever."""
    before = os.umask(umask)
    try:
        staging.write(
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
    """A file that is there already is an error."""
    Path("a").touch()
    with pytest.raises(FileExistsError):
        staging.write([PlannedFile(PurePosixPath("a"), b"")], Path())


def test_a_long_name_leaves_room_for_ours() -> None:
    """File systems end names at 255 bytes."""
    target = Path("é" * 120)
    with staging.staged(target):
        pass
    assert target.is_dir()
