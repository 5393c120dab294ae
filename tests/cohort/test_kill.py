"""A run killed with `kill -9` at any moment loses nothing: the next run completes the cohort."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from scaffold.catalog import registry
from scaffold.catalog.registry import find_folder as real_templates
from scaffold.cohort import state, workers
from tests.course import ASSIGNMENT, CREATE, commits, git, repositories, roster, scaffold, write

MOMENTS = 50
STUDENTS = 6
CODE = "from scaffold.cli import main; main(prog_name='scaffold')"
# Such a small cohort would not use worker processes otherwise.
PROGRAM = f"from scaffold.cohort import workers; workers.MIN_PARALLEL_JOBS = 2; {CODE}"


def start(out: str) -> subprocess.Popen[bytes]:
    """Start `cohort create` in a process group of its own."""
    args = ["cohort", "create", "assignment.toml", "roster.csv", "--out", out, "--jobs", "2", "-q"]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *args], start_new_session=True)


def wait_for_exit(group: int) -> None:
    """Wait until all processes of a group have ended."""
    until = time.monotonic() + 20
    while is_alive(group):
        assert time.monotonic() < until, "a worker lives on"
        time.sleep(0.01)


def is_alive(group: int) -> bool:
    """Whether a process of the group runs. Zombies do not count."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state_of, _, group_of = stat.read_text("ascii", "replace").rpartition(")")[2].split()[:3]
            if int(group_of) == group and state_of != "Z":
                return True
    return False


def time_undisturbed(out: str) -> float:
    """Create a cohort without killing it, and return the seconds it took."""
    began = time.monotonic()
    assert start(out).wait(60) == 0
    return time.monotonic() - began


@pytest.fixture(autouse=True)
def six_students(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use six students and the real blog template, so that there is enough to interrupt."""
    monkeypatch.setattr(registry, "find_folder", real_templates)
    registry.load_all.cache_clear()
    text = ASSIGNMENT.replace('name = "shop"', 'name = "blog-django"')
    write({"assignment.toml": text, "roster.csv": roster(STUDENTS)})


def test_killing_at_fifty_random_moments_loses_nothing() -> None:
    """The run is killed alone or with its workers, and the next run creates the same commits."""
    took = min(time_undisturbed("whole"), time_undisturbed("again"))
    expected = commits(Path("whole"))
    moments = random.Random(6)  # noqa: S311 - any moments will do, if they are the same
    caught = 0
    for moment in range(MOMENTS):
        process = start("out")
        time.sleep(moments.uniform(0, took * 1.05))
        caught += process.poll() is None
        if moment % 2:
            process.kill()
        else:
            with suppress(ProcessLookupError):  # it had ended by itself
                os.killpg(process.pid, signal.SIGKILL)
            wait_for_exit(process.pid)
        process.wait(60)
        again = scaffold(*CREATE)
        assert again.exit_code == 0, (moment, again.output)
        wait_for_exit(process.pid)
        found = state.read(Path("out"))
        assert {name: record.commit for name, record in found.records.items()} == expected
        assert {record.step for record in found.records.values()} == {"committed"}
        assert {name: path.joinpath(".git/refs/heads/main").read_text("ascii").strip() for name, path in
                repositories().items()} == expected  # fmt: skip
        assert not [path for path in Path("out/repositories").iterdir() if path.name.startswith(".")]
        if moment % 10 == 0:
            for path in repositories().values():
                assert git(path, "status", "--porcelain") == ""
                assert git(path, "fsck", "--strict", "--full") == ""
        shutil.rmtree("out")
    assert caught > MOMENTS // 2


def test_a_worker_that_dies_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished repositories are kept, and the same command continues."""
    code = "import os; os._exit(9)"
    monkeypatch.setattr(workers, "MIN_PARALLEL_JOBS", 2)
    args = [
        sys.executable,
        "-c",
        PROGRAM,
        "cohort",
        "create",
        "assignment.toml",
        "roster.csv",
        "--out",
        "out",
    ]
    site = Path("site")
    site.mkdir()
    # Only in workers: they are started with multiprocessing's own command line.
    (site / "sitecustomize.py").write_text(
        f"import sys\nif '--multiprocessing-fork' in sys.argv: {code}\n", "utf-8"
    )
    env = {**os.environ, "PYTHONPATH": str(site.absolute())}
    done = subprocess.run([*args, "--jobs", "2"], env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert (
        "Error: A worker process ended before its work was done. Finished repositories are kept."
        in done.stderr
    )
    assert "--jobs 1" in done.stderr
    assert start("out").wait(60) == 0
