"""Running programs: finished ones with their output, and long ones that print and are ended."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .waiting import until

# What the machine's own settings must not decide for a project under test.
LEFT_OUT: tuple[str, ...] = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "UV_PROJECT_ENVIRONMENT", "PORT")
# Without compiled modules each of a hundred processes compiles SQLAlchemy, Django or FastAPI anew.
LEFT_OUT += ("PYTHONDONTWRITEBYTECODE",)
LEFT_OUT_PREFIXES = ("SCAFFOLD_", "COOKIECUTTER_", "DJANGO_", "PYTEST_", "COV_")


def environment(**extra: str) -> dict[str, str]:
    """Return this machine's environment without what could leak into a project."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in LEFT_OUT and not name.startswith(LEFT_OUT_PREFIXES)
    }
    # Without git's own settings the author of a project is the template's default.
    git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return kept | {"NO_COLOR": "1"} | git | extra


@dataclass(frozen=True, slots=True)
class Done:
    """A program that ended: its exit code and what it said."""

    command: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything it printed."""
        return self.out + self.err

    def good(self) -> "Done":
        """Return itself if the program succeeded; else fail with what it said."""
        said = f"{' '.join(self.command)} ended with {self.code}:\n{self.text[-6000:]}"
        assert self.code == 0, said
        return self


def run(
    command: Sequence[str | Path],
    cwd: Path,
    env: Mapping[str, str] | None = None,
    timeout: float = 600,
) -> Done:
    """Run the program to its end, with nothing on standard input."""
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
    """A program that runs in a process group of its own, and what it has printed so far."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Everything it printed until now."""
        return "".join(self.lines)

    def says(self, what: str, within: float = 60) -> str:
        """Wait until it has printed `what`; return everything printed."""
        until(
            lambda: what in self.text or self.process.poll() is not None,
            within=within,
            what=lambda: f"{what!r} in:\n{self.text}",
        )
        assert what in self.text, f"ended with {self.process.poll()}:\n{self.text}"
        return self.text

    def interrupt(self, within: float = 10) -> int:
        """Do what Ctrl-C does at a terminal; return the exit code."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(within)


@contextlib.contextmanager
def running(command: Sequence[str | Path], cwd: Path, env: Mapping[str, str]) -> Iterator[Running]:
    """Run the program while the block lasts; whatever is left of it is ended after that."""
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
        """The number of its process."""
        assert self.program
        return self.program.process.pid

    @property
    def text(self) -> str:
        """What it has said, through all its lives."""
        return "".join(self.said) + (self.program.text if self.program else "")

    def kill(self) -> None:
        """Kill it with -9, as a machine does that fails."""
        assert self.program
        os.kill(self.pid, signal.SIGKILL)
        self.program.process.wait(10)
        self.said.append(self.program.text)
        self.program = None
