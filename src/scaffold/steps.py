"""What to type after a project is made, as far as this machine has the tools for it."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from scaffold.catalog import Template

_PYTHONS = ("python3.13", "python3.12")


def after(target: Path) -> tuple[str, ...]:
    """Return the commands that start the project: with uv if it is on PATH, else the pip way."""
    into = f"cd {quoted(target)}"
    if shutil.which("uv"):
        return into, "uv run poe dev"
    python = next(filter(shutil.which, _PYTHONS), "python" if sys.platform == "win32" else "python3")
    activate = ".venv\\Scripts\\activate" if sys.platform == "win32" else "source .venv/bin/activate"
    # As each project's README says it; a pip that is older than --group comes with some Pythons.
    return into, f"{python} -m venv --upgrade-deps .venv", activate, "pip install --group dev .", "poe dev"


def missing(template: Template) -> Sequence[str]:
    """Return sentences on what this machine lacks for a part of the project that can wait."""
    stack = [each.name for each in template.services if each.port is None]
    if not stack or shutil.which("docker"):
        return ()
    return (f"Docker is not installed: only the production stack (with {', '.join(stack)}) needs it.",)


def quoted(path: Path) -> str:
    """Quote a path for the shell that the person types into, and keep it from being read as an option."""
    text = f"./{path}" if str(path).startswith("-") else str(path)
    if sys.platform == "win32":
        return f'"{text}"' if set(text) & set(" &()[]{}^=;!'+,`~") else text
    return shlex.quote(text)
