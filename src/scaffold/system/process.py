"""Runs other programs; the one importer of subprocess."""

import errno
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scaffold.errors import ScaffoldError

# What git reads of these is meant for whoever set them; all other GIT_ variables speak of another repository.
_KEPT = (
    "GIT_AUTHOR_",
    "GIT_COMMITTER_",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_EXEC_PATH",
)
_AWAY = frozenset({"GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_PROXY_COMMAND"})
_FAILED = 1
_NOT_FOUND = 127
_NOT_STARTED = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ENOEXEC})
_TOO_LONG = 124
_PATIENCE = 120.0
_GRACE = 3.0  # seconds, for a program to end after Ctrl-C
# Attributes of the person or the machine can name a filter that fails here; a project brings its own.
_OWN_SETTINGS = {
    "core.attributesFile": os.devnull,
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "gc.auto": "0",
    "log.showSignature": "false",
    "maintenance.auto": "false",
}


@dataclass(frozen=True, slots=True)
class Result:
    """How a program ended, and what it said."""

    code: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.code == 0

    @property
    def found(self) -> bool:
        """Whether there is such a program."""
        return self.code != _NOT_FOUND

    @property
    def complaint(self) -> str:
        """The line that says best what went wrong, for a sentence."""
        lines = [line.strip() for line in (self.stderr or self.stdout).splitlines() if line.strip()]
        told = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines[-1:]
        return told[0].rstrip(".") if told else f"it ended with code {self.code}"


def run(
    args: Sequence[str | Path], cwd: Path, env: Mapping[str, str] | None = None, patience: float = _PATIENCE
) -> Result:
    """Run a program without a shell and without input, and wait for it.

    Never raises for what the program does: one that cannot be started, or that takes too long, is a failed
    Result.
    """
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell
            args,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=patience,
            check=False,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except OSError as error:
        if error.errno not in _NOT_STARTED:
            raise
        if str(error.filename) == str(cwd) or not cwd.is_dir():  # not the program, but where to run it
            return Result(_FAILED, "", f"the folder {cwd} cannot be entered: {str(error.strerror).lower()}")
        return Result(_NOT_FOUND, "", str(error))
    except subprocess.TimeoutExpired:
        return Result(_TOO_LONG, "", f"it did not end within {patience:.0f} seconds")
    return Result(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True, slots=True)
class Running:
    """A program that runs in a process group of its own, and what it has printed so far."""

    _process: subprocess.Popen[bytes]
    _folder: Path

    @property
    def code(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self._process.poll()

    @property
    def stdout(self) -> str:
        """What it has printed until now."""
        return (self._folder / "stdout").read_text(encoding="utf-8", errors="replace")

    @property
    def stderr(self) -> str:
        """What it has complained about until now."""
        return (self._folder / "stderr").read_text(encoding="utf-8", errors="replace")

    def wait(self, patience: float) -> int | None:
        """Wait so many seconds for it to end; return its exit code, or None if it still runs."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(patience)
        return None

    def interrupt(self) -> None:
        """Send what Ctrl-C sends at a terminal."""
        if sys.platform == "win32":
            self._process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGINT)

    def end(self) -> None:
        """End it and its children: with Ctrl-C, which it may pass on to them, and then by force."""
        descendants: list[int] = []
        if self.code is None:
            self.interrupt()
            if self.wait(_GRACE) is None:
                descendants = _descendants(self._process.pid)
                self._process.kill()
        if sys.platform != "win32":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            for pid in descendants:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
        self._process.wait()


def _descendants(pid: int) -> list[int]:
    """Return the children of a process and theirs, as far as `ps` tells; each may lead a group of its own."""
    children: dict[int, list[int]] = {}
    for row in run(["ps", "-A", "-o", "pid=,ppid="], Path.cwd()).stdout.splitlines():
        child, parent = map(int, row.split())
        children.setdefault(parent, []).append(child)
    found = [pid]
    for each in found:  # which grows on the way
        found += children.get(each, [])
    return found[1:]


@contextmanager
def running(args: Sequence[str | Path], cwd: Path, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run a program without a shell and without input while the block lasts, and end it then.

    Raises ScaffoldError if it cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="scaffold-") as name:
        folder = Path(name)
        with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
            try:
                process = subprocess.Popen(  # noqa: S603 - a list, no shell
                    args,
                    cwd=cwd,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    start_new_session=True,
                    creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                )
            except OSError as error:
                raise ScaffoldError(
                    f"{args[0]} cannot be started in {cwd}: {str(error.strerror).lower()}."
                ) from error
        program = Running(process, folder)
        try:
            yield program
        finally:
            program.end()


def git(
    args: Sequence[str], cwd: Path, settings: Mapping[str, str] | None = None, *, away: bool = False
) -> Result:
    """Run git in a folder without hooks, background maintenance, a pager or the caller's repository.

    `away` keeps the variables that configure how git connects to other machines.
    """
    own = {**_OWN_SETTINGS, **(settings or {})}
    options = [part for key, value in own.items() for part in ("-c", f"{key}={value}")]
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith(_KEPT) or (away and name in _AWAY)
    }
    env.update(LC_ALL="C", GIT_TERMINAL_PROMPT="0", GIT_ATTR_NOSYSTEM="1")
    return run(["git", *options, *args], cwd, env)


def git_problem(cwd: Path) -> str:
    """Return why there is no git to be used, as the end of a sentence about it, or nothing if there is one.

    A Mac without developer tools has a `git` that only says how to install them.
    """
    told = git(["--version"], cwd)
    if told.ok:
        return ""
    return f"does not run ({told.complaint})" if told.found else "is not installed"


def quoted(path: Path) -> str:
    """Quote a path for the shell that the person types into, and keep it from being read as an option."""
    text = f"./{path}" if str(path).startswith("-") else str(path)
    if sys.platform == "win32":
        return f'"{text}"' if set(text) & set(" &()[]{}^=;!'+,`~") else text
    return shlex.quote(text)
