"""Run programs to their end, or in the background."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .waiting import until

# Settings of this machine that must not affect a project under test.
LEFT_OUT: tuple[str, ...] = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "UV_PROJECT_ENVIRONMENT", "PORT")
# Without compiled modules, each of a hundred processes would compile SQLAlchemy, Django or FastAPI again.
LEFT_OUT += ("PYTHONDONTWRITEBYTECODE",)
LEFT_OUT_PREFIXES = ("SCAFFOLD_", "COOKIECUTTER_", "DJANGO_", "PYTEST_", "COV_")


def environment(**extra: str) -> dict[str, str]:
    """Return the environment without variables that could affect a project."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in LEFT_OUT and not name.startswith(LEFT_OUT_PREFIXES)
    }
    # Without git's configuration, the author of a project is the template's default.
    git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return kept | {"NO_COLOR": "1"} | git | extra


@dataclass(frozen=True, slots=True)
class Done:
    """A finished program: its exit code and output."""

    command: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """The whole output."""
        return self.out + self.err

    def good(self) -> "Done":
        """Return this result if the program succeeded, or fail with its output."""
        said = f"{' '.join(self.command)} ended with {self.code}:\n{self.text[-6000:]}"
        assert self.code == 0, said
        return self


def run(
    command: Sequence[str | Path],
    cwd: Path,
    env: Mapping[str, str] | None = None,
    timeout: float = 600,
) -> Done:
    """Run the program to its end, without input."""
    words = tuple(str(word) for word in command)
    done = subprocess.run(
        words,
        cwd=cwd,
        env=dict(environment() if env is None else env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=timeout,
    )
    return Done(words, done.returncode, done.stdout, done.stderr)


@dataclass(slots=True)
class Running:
    """A program in its own process group, and its output so far."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The output so far."""
        return "".join(self.lines)

    def says(self, what: str, within: float = 60) -> str:
        """Wait until the output contains `what`, and return the output."""
        until(
            lambda: what in self.text or self.process.poll() is not None,
            within=within,
            what=lambda: f"{what!r} in:\n{self.text}",
        )
        assert what in self.text, f"ended with {self.process.poll()}:\n{self.text}"
        return self.text

    def interrupt(self, within: float = 10) -> int:
        """Interrupt the program as Ctrl-C does, and return its exit code."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(within)


@contextlib.contextmanager
def running(command: Sequence[str | Path], cwd: Path, env: Mapping[str, str]) -> Iterator[Running]:
    """Run the program while the block lasts, and then kill what is left of it."""
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    program = Running(process)

    def read() -> None:
        assert process.stdout
        program.lines.extend(process.stdout)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield program
    finally:
        if process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.interrupt()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        reader.join(10)
        if process.stdout:
            process.stdout.close()


@dataclass(slots=True)
class Worker:
    """A program that can be killed and started again."""

    launch: Callable[[], contextlib.AbstractContextManager[Running]]
    stack: contextlib.ExitStack
    program: Running | None = None
    said: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Start it."""
        self.program = self.stack.enter_context(self.launch())

    @property
    def pid(self) -> int:
        """The id of the process."""
        assert self.program
        return self.program.process.pid

    @property
    def text(self) -> str:
        """The output of all its processes."""
        return "".join(self.said) + (self.program.text if self.program else "")

    def kill(self) -> None:
        """Kill it with SIGKILL, as in a crash."""
        assert self.program
        os.kill(self.pid, signal.SIGKILL)
        self.program.process.wait(10)
        self.said.append(self.program.text)
        self.program = None
