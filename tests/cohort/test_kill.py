"""`kill -9` at any moment loses nothing: the next run ends as if nothing had happened."""

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
from scaffold.catalog.registry import folder as real_templates
from scaffold.cohort import state, workers
from tests.course import ASSIGNMENT, CREATE, commits, git, repositories, roster, scaffold, write

MOMENTS = 50
STUDENTS = 6
CODE = "from scaffold.cli import main; main(prog_name='scaffold')"
# With as many processes as that, workers die too; a cohort this small would do without otherwise.
PROGRAM = f"from scaffold.cohort import workers; workers.FEW = 2; {CODE}"


def start(out: str) -> subprocess.Popen[bytes]:
    """Start making a cohort in a process group of its own."""
    args = ["cohort", "create", "assignment.toml", "roster.csv", "--out", out, "--jobs", "2", "-q"]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *args], start_new_session=True)


def all_gone(group: int) -> None:
    """Wait until the workers of a killed run have seen that, too."""
    until = time.monotonic() + 20
    while alive(group):
        assert time.monotonic() < until, "a worker lives on"
        time.sleep(0.01)


def alive(group: int) -> bool:
    """Whether a process of that group runs; one that only waits to be counted as dead does not."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state_of, _, group_of = stat.read_text("ascii", "replace").rpartition(")")[2].split()[:3]
            if int(group_of) == group and state_of != "Z":
                return True
    return False


def timed(out: str) -> float:
    """Make a cohort undisturbed, and return how long it took."""
    began = time.monotonic()
    assert start(out).wait(60) == 0
    return time.monotonic() - began


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six students and the real template of the blog, so that there is something to interrupt."""
    monkeypatch.setattr(registry, "folder", real_templates)
    registry.templates.cache_clear()
    text = ASSIGNMENT.replace('name = "shop"', 'name = "blog-django"')
    write({"assignment.toml": text, "roster.csv": roster(STUDENTS)})


def test_fifty_random_moments() -> None:
    """Killed alone, so that its workers outlive it, or with them; the rerun gives the same, and all of it."""
    took = min(timed("whole"), timed("again"))
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
            all_gone(process.pid)
        process.wait(60)
        again = scaffold(*CREATE)
        assert again.exit_code == 0, (moment, again.output)
        all_gone(process.pid)
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


def test_a_worker_that_dies_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done is kept, and the same command goes on."""
    code = "import os; os._exit(9)"
    monkeypatch.setattr(workers, "FEW", 2)
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
    assert "Error: A worker process ended before its work was done; what is finished is kept." in done.stderr
    assert "--jobs 1" in done.stderr
    assert start("out").wait(60) == 0
