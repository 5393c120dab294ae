"""A project is run as a student would run it, and what happened comes back; what passed is kept."""

import json
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from threading import Event, Timer

import pytest

from scaffold.engine.plan import Plan, PlannedFile
from scaffold.proof import trials
from scaffold.proof.toolchain import Toolchain
from scaffold.proof.trials import Runner, TestRun, Trial
from tests.proof.conftest import dev

TEST = {"id": "tests/test_a.py::test_a", "outcome": "failed", "given": False, "error": "AssertionError"}
PROGRESS = f"print({json.dumps(json.dumps([{'number': 2, 'tests': [TEST]}]))})\nraise SystemExit(1)\n"


def plan(tasks: Mapping[str, str], secret: bytes = b"") -> Plan:
    """Return a project with these tasks, a record and a secret."""
    files = {f"tasks/{name}.py": text for name, text in {"dev": dev(), **tasks}.items()}
    files[".scaffold.json"] = '{"answers": {}}'
    planned = [PlannedFile(PurePosixPath(path), text.encode()) for path, text in files.items()]
    return Plan((*planned, PlannedFile(PurePosixPath(".env"), secret, secret=True)))


@pytest.fixture
def runner(stand_in: Toolchain, tmp_path: Path) -> Runner:
    """Return a runner with a cache of its own."""
    return Runner(stand_in, tmp_path / "cache")


def outcome(trial: Trial) -> tuple[str, str]:
    """Return what failed, and what it said."""
    return trial.failed, trial.output.strip()


def test_a_checkpoint_is_installed_checked_and_booted(runner: Runner, ran: Path) -> None:
    """It needs nothing else."""
    trial = runner.run(plan({}), starter=False)
    assert (outcome(trial), trial.tests, trial.cached) == (("", ""), (), False)
    assert ran.read_text(encoding="utf-8").split() == ["sync", "check", "dev"]


def test_the_tests_of_a_starter_may_fail(runner: Runner, ran: Path) -> None:
    """How they ended comes back."""
    trial = runner.run(plan({"progress": PROGRESS}), starter=True)
    assert trial.tests == (TestRun("tests/test_a.py::test_a", 2, "failed", "AssertionError"),)
    assert outcome(trial) == ("", "")
    assert ran.read_text(encoding="utf-8").split() == [
        "sync", "format-check", "lint", "types", "progress", "dev",
    ]  # fmt: skip


def test_the_first_command_that_fails_is_named(runner: Runner) -> None:
    """With what it said on either stream; nothing is run after it."""
    code = "import sys\nprint('one')\nprint('two', file=sys.stderr)\nsys.exit(3)\n"
    trial = runner.run(plan({"check": code}), starter=False)
    assert outcome(trial) == ("uv run poe check", "one\ntwo")


def test_installing_is_tried_again(runner: Runner, ran: Path) -> None:
    """A package index may stumble."""
    trial = runner.run(plan({"sync": "raise SystemExit('no network')"}), starter=False)
    assert outcome(trial) == ("uv sync", "no network")
    assert ran.read_text(encoding="utf-8").split() == ["sync"] * 3


def test_a_test_that_cannot_be_imported_is_a_failure(runner: Runner) -> None:
    """`poe progress` says so and ends with 2."""
    code = "import sys\nprint('tests/test_a.py cannot be loaded.', file=sys.stderr)\nsys.exit(2)\n"
    trial = runner.run(plan({"progress": code}), starter=True)
    assert outcome(trial) == ("uv run poe progress", "tests/test_a.py cannot be loaded.")


@pytest.mark.parametrize(
    ("task", "failed", "output"),
    [
        pytest.param(
            "raise SystemExit('bad')", "uv run poe dev, where /healthz answers nothing", "bad", id="ends"
        ),
        pytest.param(dev(503), "uv run poe dev, where /healthz answers 503", "", id="is not healthy"),
        pytest.param(
            "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n" + dev(),
            "uv run poe dev, which Ctrl-C does not end within 1 s",
            "",
            id="goes on",
        ),
    ],
)
def test_a_project_that_does_not_boot_is_a_failure(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, task: str, failed: str, output: str
) -> None:
    """It has to answer, and to end when it is told to."""
    monkeypatch.setattr(trials, "END_SECONDS", 1.0)
    trial = runner.run(plan({"dev": task, "progress": "print('[]')"}), starter=True)
    said = "\n".join(line for line in trial.output.splitlines() if "GET /healthz" not in line)
    assert (trial.failed, said) == (failed, output)


def test_what_passed_is_not_run_again(runner: Runner, ran: Path) -> None:
    """Whatever the secrets are, and whichever tests are listed as given."""
    files = {"progress": PROGRESS}
    first = runner.run(plan(files, b"one"), starter=True)
    again = plan(files, b"two")
    record = PlannedFile(PurePosixPath(".scaffold.json"), b'{"answers": {}, "given": ["tests/a.py::test"]}')
    second = runner.run(
        Plan(tuple(record if file.path == record.path else file for file in again.files)), starter=True
    )
    assert second == Trial("", "", first.seconds, first.tests, cached=True)
    assert ran.read_text(encoding="utf-8").count("sync") == 1


def test_what_failed_is_run_again(runner: Runner, ran: Path) -> None:
    """The machine may have been the reason."""
    for _ in range(2):
        runner.run(plan({"check": "raise SystemExit(1)"}), starter=False)
    assert ran.read_text(encoding="utf-8").count("check") == 2


def test_another_project_is_run(runner: Runner, stand_in: Toolchain, ran: Path) -> None:
    """Or the same one as a starter, or with other tools."""
    files = {"progress": PROGRESS}
    runner.run(plan(files), starter=False)
    runner.run(plan({**files, "lint": ""}), starter=False)
    runner.run(plan(files), starter=True)
    other = Toolchain(stand_in.uv, stand_in.python, "uv 0.0.2, Python 3.13.0")
    runner = Runner(other, runner.cache)
    runner.run(plan(files), starter=False)
    assert ran.read_text(encoding="utf-8").count("sync") == 4


def test_a_damaged_result_is_run_again(runner: Runner, ran: Path) -> None:
    """And kept anew."""
    runner.run(plan({}), starter=False)
    assert runner.cache
    (kept,) = runner.cache.iterdir()
    kept.write_text("{", encoding="utf-8")
    assert not runner.run(plan({}), starter=False).cached
    assert runner.run(plan({}), starter=False).cached
    assert ran.read_text(encoding="utf-8").count("sync") == 2


def test_without_a_cache_nothing_is_kept(stand_in: Toolchain, ran: Path) -> None:
    """Each run is a run."""
    for _ in range(2):
        assert not Runner(stand_in, None).run(plan({}), starter=False).cached
    assert ran.read_text(encoding="utf-8").count("sync") == 2


def test_a_run_can_be_stopped(stand_in: Toolchain) -> None:
    """Whatever is running ends."""
    stop = Event()
    timer = Timer(0.5, stop.set)
    timer.start()
    started = time.monotonic()
    trial = Runner(stand_in, None, stop).run(plan({"check": "import time\ntime.sleep(60)\n"}), starter=False)
    timer.join()
    assert outcome(trial) == ("uv run poe check", "Ended: it took too long, or the gate was stopped.")
    assert time.monotonic() - started < 30
