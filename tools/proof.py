"""One generated project and its own checks: with its pins, with others, or with none.

What passes with old versions and fails with new ones is blamed on a package, by trying the changes in halves.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pins as pinned
from pins import Change, Pin, PinSet

from tests.templates.harness import installs, tools
from tests.templates.harness.once import Once
from tests.templates.harness.processes import run
from tests.templates.harness.projects import Project, Scaffold

CHECK = "uv run poe check"
PATIENCE_SECONDS = 1_800
SHOWN_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a project is proved; as a student meets it, if nothing is set."""

    unpinned: bool = False
    """Without the pins: with the newest versions that pyproject.toml allows."""
    as_of: str = ""
    """With the package index as it was on that day, YYYY-MM-DD."""
    days_ahead: int = 0
    """With a clock that is so many days ahead. Linux only; it takes a C compiler."""
    pip: bool = False
    """With pip's way of installing besides uv's."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a proof: the step that failed and what it printed, if one did, and the versions it had."""

    template: str
    answers: Mapping[str, str]
    failed: str
    output: str
    locked: PinSet
    seconds: float

    @property
    def summary(self) -> str:
        """One line for a table."""
        result = f"FAILED at {self.failed}" if self.failed else "passed"
        return f"{self.template:<16} {result}, {self.seconds:.0f} s"


def prove(
    template: str,
    answers: Mapping[str, str],
    pins: PinSet | None = None,
    conditions: Conditions | None = None,
) -> Verdict:
    """Generate a project, install what it pins (or `pins`, if given), and run its own checks.

    Raises RuntimeError if this machine lacks uv, the Python that is answered, or a C compiler.
    """
    started = time.monotonic()
    with _generated(template, answers) as project:
        if pins is not None:
            pinned.write(project.path, pins, pinned.targets()[template].requires_python)
        failed, output = _first_failure(project, conditions or Conditions())
        lock = installs.locked(project.path)
    versions = tuple(Pin(name, version) for name, version in lock.items())
    seconds = time.monotonic() - started
    return Verdict(template, answers, failed, output, PinSet(pinned.today(), versions), seconds)


@contextmanager
def _generated(template: str, answers: Mapping[str, str]) -> Iterator[Project]:
    version = answers.get("python_version", "3.13")
    uv, python = tools.uv(), tools.python(version)
    if not (uv and python):
        raise RuntimeError(f"A proof needs uv and Python {version}.")
    with tempfile.TemporaryDirectory(prefix="scf-") as name:
        folder = Path(name)
        scaffold = Scaffold(Path(sys.executable).with_name("scaffold"), Once(folder), uv)
        made = scaffold.new(template, folder / "project", answers)
        yield Project(made.path, made.answers, str(scaffold.uv_alone()), python, folder / "venv")


def _first_failure(project: Project, conditions: Conditions) -> tuple[str, str]:
    """Take the steps of a proof; return name and output of the first that fails, or two empty texts."""
    env = project.env()
    if mongod := tools.mongod():  # the shop looks for it on PATH
        env["PATH"] = os.pathsep.join([env["PATH"], str(Path(mongod).parent)])
    if conditions.as_of:
        env["UV_EXCLUDE_NEWER"] = conditions.as_of
    if conditions.unpinned:
        (project.path / pinned.LOCK).unlink()
    # Installed on the real day: the certificates of a package index expire as well.
    done = run([project.uv, "sync", "--all-groups"], project.path, env, PATIENCE_SECONDS)
    if done.code:
        return "uv sync", done.text
    pins = installs.pinned(project.path)
    if not conditions.unpinned and (moved := installs.differing(installs.locked(project.path), pins)):
        return "the pins", "\n".join(moved)
    env |= _clock(conditions.days_ahead, project.path.parent)
    done = run([project.uv, "run", "--no-sync", "poe", "check"], project.path, env, PATIENCE_SECONDS)
    if done.code:
        return CHECK, done.text
    if conditions.pip:
        found = installs.by_pip(project, project.path.parent / "pip")
        if moved := installs.differing(found, pins):
            return "pip install", "\n".join(moved)
    return "", ""


def _clock(days_ahead: int, folder: Path) -> dict[str, str]:
    """Return what in the environment of a command sets its clock ahead."""
    if not days_ahead:
        return {}
    library = folder / "ahead.so"
    source = Path(__file__).with_name("ahead.c")
    if run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source], folder).code:
        raise RuntimeError("Another clock needs Linux and a C compiler; install gcc.")
    return {"LD_PRELOAD": str(library), "AHEAD_DAYS": str(days_ahead)}


def blame(
    old: PinSet, new: PinSet, passes: Callable[[PinSet], bool], say: Callable[[str], None] = print
) -> tuple[Change, ...]:
    """Return the change between two sets of pins that broke a project; empty if the old ones fail as well.

    Tries about log2(changes) mixtures, each with the first so many changes by name, and returns the change
    that makes it fail; that one may need another that comes before it.
    """
    if not passes(old):
        return ()
    changes = old.changes(new)
    good, bad = 0, len(changes)
    while bad - good > 1:
        middle = (good + bad) // 2
        say(f"  trying {middle} of {len(changes)} changes, up to {changes[middle - 1].name}")
        if passes(old.with_changes(new, {change.name for change in changes[:middle]})):
            good = middle
        else:
            bad = middle
    return tuple(changes[good:bad])


def accusation(culprits: Sequence[Change]) -> str:
    """Return one sentence on what `blame` found."""
    if not culprits:
        return "The pinned versions fail as well: it is the project, or this machine, and no new release."
    (change,) = culprits
    return (
        f"It fails since {change.name} went from {change.before or 'nothing'} to {change.after or 'nothing'}."
    )
