"""Runs a generated project as a student would. Results are cached by the content of the project."""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from scaffold.engine import record, staging
from scaffold.engine.plan import Plan
from scaffold.proof.toolchain import Toolchain
from scaffold.system import loopback, process
from scaffold.system.process import Result

HEALTH = "/healthz"
STEP_SECONDS = 1_800.0
BOOT_SECONDS = 120.0
END_SECONDS = 10.0
_TRIES = 3  # to install, as a package index may be unavailable for a moment
_TICK = 0.1
_TOO_LONG = 124
_NOT_LOADED = 2  # of `poe progress`: a test that cannot be imported
_SCHEMA = "scaffold/trial/v1"
# A change of this module can change results.
_OWN_TEXT = Path(__file__).read_bytes()


@dataclass(frozen=True, slots=True)
class TestRun:
    """The result of one test."""

    __test__ = False  # pytest would take it for one of ours

    id: str
    milestone: int
    outcome: str
    error: str


@dataclass(frozen=True, slots=True)
class Trial:
    """The result of running a project: the failed command, if any, its output, and the tests of a starter."""

    failed: str
    output: str
    seconds: float
    tests: tuple[TestRun, ...] = ()
    cached: bool = False

    @property
    def ok(self) -> bool:
        """Whether every command succeeded. The tests of a starter may fail."""
        return not self.failed


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs projects; `cache` is a folder for results, and setting `stop` ends all running programs."""

    tools: Toolchain
    cache: Path | None
    stop: Event = field(default_factory=Event)

    def run(self, plan: Plan, *, starter: bool) -> Trial:
        """Install, check and boot a project; in a starter, tests may fail.

        A result is cached if everything succeeded, by the project's files and the versions of the tools.
        Raises OSError.
        """
        cached = self.cache / f"{_key(plan, self.tools, starter=starter)}.json" if self.cache else None
        if cached and (trial := _load(cached)):
            return trial
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="scaffold-gate-", ignore_cleanup_errors=True) as name:
            folder = Path(name) / "project"
            folder.mkdir()
            staging.write_files(plan.files, folder)
            failed, output, tests = self._steps(folder, self.tools.environment(Path(name)), starter=starter)
        trial = Trial(failed, output, time.monotonic() - started, tests)
        if cached and trial.ok:
            _save(cached, trial)
        return trial

    def _steps(
        self, folder: Path, env: dict[str, str], *, starter: bool
    ) -> tuple[str, str, tuple[TestRun, ...]]:
        """Return the failed command and its output, or two empty texts, and the tests of a starter."""
        for _ in range(_TRIES):
            done = self._run(["sync"], folder, env)
            if done.ok or self.stop.is_set():
                break
        if not done.ok:
            return "uv sync", done.stdout + done.stderr, ()
        for task in ("format-check", "lint", "types") if starter else ("check",):
            done = self._run(["run", "poe", task], folder, env)
            if not done.ok:
                return f"uv run poe {task}", done.stdout + done.stderr, ()
        tests: tuple[TestRun, ...] = ()
        if starter:
            done = self._run(["run", "poe", "progress", "--json"], folder, env)
            if done.code >= _NOT_LOADED:
                return "uv run poe progress", done.stderr, ()
            tests = _tests(json.loads(done.stdout))
        failed, output = self._boot(folder, env)
        return failed, output, tests

    def _run(self, words: Sequence[str], folder: Path, env: dict[str, str]) -> Result:
        """Run uv, and end it when the time is over or all have to stop."""
        with process.running([self.tools.uv, *words], folder, env) as program:
            deadline = time.monotonic() + STEP_SECONDS
            while (code := program.wait(_TICK)) is None:
                if self.stop.is_set() or time.monotonic() > deadline:
                    return Result(
                        _TOO_LONG,
                        program.stdout,
                        f"{program.stderr}\nEnded: it took too long, or the gate was stopped.",
                    )
            return Result(code, program.stdout, program.stderr)

    def _boot(self, folder: Path, env: dict[str, str]) -> tuple[str, str]:
        """Start the server, request /healthz, press Ctrl-C; return what failed and the output."""
        port = loopback.find_free_port()
        serve = (self.tools.uv, "run", "poe", "dev")
        with process.running(serve, folder, env | {"PORT": str(port)}) as program:
            deadline = time.monotonic() + BOOT_SECONDS
            status = None
            while status is None and program.code is None and time.monotonic() < deadline:
                if self.stop.wait(_TICK):
                    break
                status = loopback.get_status(port, HEALTH)
            said = program.stdout + program.stderr
            if status != 200:  # noqa: PLR2004 - everybody knows it
                return f"uv run poe dev, where {HEALTH} answers {status or 'nothing'}", said
            program.interrupt()
            if program.wait(END_SECONDS) is None:
                return f"uv run poe dev, which Ctrl-C does not end within {END_SECONDS:.0f} s", said
        return "", ""


def _tests(progress: Sequence[dict[str, Any]]) -> tuple[TestRun, ...]:
    """Return the tests in what `poe progress --json` prints."""
    return tuple(
        TestRun(test["id"], row["number"], test["outcome"], test["error"])
        for row in progress
        for test in row["tests"]
    )


def _key(plan: Plan, tools: Toolchain, *, starter: bool) -> str:
    """Return a hash of all that decides the result: the project, the tools and this module."""
    total = hashlib.sha256(_OWN_TEXT + f"{tools.versions}\0{'starter' if starter else ''}\n".encode())
    for file in plan.files:
        if not file.secret:
            content = _without_given(file.content) if str(file.path) == record.FILE_NAME else file.content
            total.update(f"{file.path}\0{file.mode:o}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return total.hexdigest()


def _without_given(content: bytes) -> bytes:
    """Return a project's record without the list of given tests, which no command depends on."""
    table = json.loads(content)
    table.pop("given", None)
    return json.dumps(table).encode()


def _load(path: Path) -> Trial | None:
    """Return a cached result, or None if there is none that can be read."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if table["schema"] != _SCHEMA:
            return None
        tests = tuple(TestRun(**test) for test in table["tests"])
        return Trial("", "", float(table["seconds"]), tests, cached=True)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _save(path: Path, trial: Trial) -> None:
    """Cache a result, if the disk allows it."""
    table = {"schema": _SCHEMA, "seconds": trial.seconds, "tests": [asdict(test) for test in trial.tests]}
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(table), encoding="utf-8")
        draft.replace(path)
