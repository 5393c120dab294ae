"""What to type after a project is made, as far as this machine has the tools for it."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from scaffold.catalog import Template
from scaffold.doctor import PROJECT_PYTHON

_PYTHONS = ("python3.13", "python3.12", "python3.14")


def after(target: Path) -> tuple[str, ...]:
    """Return the commands that start the project: the pip way where only that is possible, else with uv."""
    into = f"cd {quoted(target)}"
    python = _python()
    if shutil.which("uv") or not python:
        return into, "uv run poe dev"
    activate = ".venv\\Scripts\\activate" if sys.platform == "win32" else "source .venv/bin/activate"
    # As each project's README says it; a pip that is older than --group comes with some Pythons.
    return into, f"{python} -m venv --upgrade-deps .venv", activate, "pip install --group dev .", "poe dev"


def missing(template: Template) -> Sequence[str]:
    """Return sentences on what this machine lacks: for the next steps, and for a part that can wait."""
    notes = []
    if not shutil.which("uv") and not _python():
        wanted = ".".join(map(str, PROJECT_PYTHON))
        notes.append(
            f"The project needs uv, or Python {wanted} or newer, and neither is installed; uv brings Python "
            "along: https://docs.astral.sh/uv/getting-started/installation"
        )
    stack = [each.name for each in template.services if each.port is None]
    if stack and not shutil.which("docker"):
        notes.append(
            f"Docker is not installed: only the production stack (with {', '.join(stack)}) needs it."
        )
    return notes


def _python() -> str | None:
    """Return the command of a Python that is new enough for a project, if there seems to be one."""
    own = "python" if sys.platform == "win32" else "python3"
    return next(filter(shutil.which, _PYTHONS), own if sys.version_info >= PROJECT_PYTHON else None)


def quoted(path: Path) -> str:
    """Quote a path for the shell that the person types into, and keep it from being read as an option."""
    text = f"./{path}" if str(path).startswith("-") else str(path)
    if sys.platform == "win32":
        return f'"{text}"' if set(text) & set(" &()[]{}^=;!'+,`~") else text
    return shlex.quote(text)
