"""What to do after a project is made, as far as this machine has the tools for it."""

import re
import shutil
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from scaffold.catalog.model import EDITION, MILESTONE, STARTER, Template
from scaffold.system import doctor, process

_READING = ("README.md", "docs/ROADMAP.md")
_PYTHONS = ("python3.13", "python3.12", "python3.14", "python3")
_VERSION = "import sys; print(*sys.version_info[:2])"


@dataclass(frozen=True, slots=True)
class Steps:
    """What comes next: commands to type, the address that answers then, and which files to read.

    `hint` explains the commands. `missing` says what this machine lacks: for them, and for what can wait.
    """

    commands: tuple[str, ...]
    address: str | None
    reading: tuple[str, ...]
    hint: str
    missing: tuple[str, ...]


NONE = Steps((), None, (), "", ())


def ask_uv(target: Path) -> Callable[[], str | None]:
    """Ask uv for its version in the background; return a function that waits for the answer.

    Without uv the answer is None. The target does not exist yet, so uv is run in a folder above it.
    """
    if not shutil.which("uv"):
        return lambda: None
    folder = next(path for path in target.absolute().parents if path.is_dir())
    found: list[str | None] = []
    thread = Thread(target=lambda: found.append(doctor.get_uv_version(folder)), daemon=True)
    thread.start()

    def wait() -> str | None:
        thread.join()
        return found[0] if found else None

    return wait


def after(
    template: Template,
    answers: Mapping[str, str],
    target: Path,
    files: Collection[str],
    uv: str | None,
) -> Steps:
    """Return the steps for a project, with uv of that version, or the pip way where only that is possible."""
    too_old = doctor.find_uv_problem(uv) if uv else ""
    runs_uv = uv and not too_old
    python = None if runs_uv else _python(target)
    commands: tuple[str, ...] = (f"cd {process.quoted(target)}",)
    missing: list[str] = []
    if python:
        commands += (
            f"{python} -m venv --upgrade-deps .venv",
            r".venv\Scripts\activate" if sys.platform == "win32" else "source .venv/bin/activate",
            "python -m pip install -c constraints.txt --group dev .",
            "poe dev",
        )
    else:
        commands += ("uv run poe dev",)
        if not runs_uv:
            wanted = ".".join(map(str, doctor.MIN_PYTHON))
            missing.append(
                too_old
                or f"The project needs uv, or Python {wanted} or newer, and neither is installed; uv brings "
                "Python along: https://docs.astral.sh/uv/getting-started/installation"
            )
    stack = [each.name for each in template.services if each.port is None]
    if stack and not shutil.which("docker"):
        missing.append(
            f"Docker is not installed: only the production stack (with {', '.join(stack)}) needs it."
        )
    return Steps(
        commands,
        f"http://127.0.0.1:{template.port}" if template.port else None,
        (*_task_sheet(answers, files), *(name for name in _READING if name in files)),
        "--group needs pip 25.1 or newer; --upgrade-deps brings it." if python else "",
        tuple(missing),
    )


def _task_sheet(answers: Mapping[str, str], files: Collection[str]) -> list[str]:
    """Return the sheet that says what to write, if the project is a starter."""
    if answers.get(EDITION) != STARTER:
        return []
    return [name for name in files if name.startswith(f"docs/milestones/{answers[MILESTONE]}-")]


def _python(target: Path) -> str | None:
    """Return the command of a Python that runs in the project and is new enough, or None.

    Each candidate is started in the project's folder: PATH may lead to a shim of pyenv for a version that is
    not chosen there, or on Windows to the store.
    """
    folder = next(path for path in (target, *target.absolute().parents) if path.is_dir())
    names = ("py", "python") if sys.platform == "win32" else _PYTHONS
    for name in filter(shutil.which, names):
        answer = process.run([name, "-c", _VERSION], folder, patience=doctor.TIMEOUT)
        version = re.fullmatch(r"(\d+) (\d+)\s*", answer.stdout)
        if answer.ok and version and (int(version[1]), int(version[2])) >= doctor.MIN_PYTHON:
            return name
    return process.quoted(Path(sys.executable)) if sys.version_info >= doctor.MIN_PYTHON else None
