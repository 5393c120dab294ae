"""Finds uv and Python for running projects, and keeps the caller's own environment out of them."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scaffold.errors import ScaffoldError
from scaffold.system import process

# Variables of the caller that would change how a project runs.
_LEFT_OUT = frozenset(
    {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "UV_PROJECT_ENVIRONMENT", "PORT"}
)
_LEFT_OUT_PREFIXES = ("SCAFFOLD_", "COOKIECUTTER_", "DJANGO_", "PYTEST_", "COV_")
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Toolchain:
    """The programs that run projects; `versions` names them for people and caches."""

    uv: Path
    python: Path
    versions: str

    def environment(self, folder: Path, **extra: str) -> dict[str, str]:
        """Return the environment for a project. Creates `bin` in the folder, with uv alone in it, for PATH.

        The caller's uv may be installed beside tools that a project must not find. Raises OSError.
        """
        alone = folder / "bin"
        if not alone.is_dir():
            alone.mkdir()
            try:
                (alone / self.uv.name).symlink_to(self.uv)
            except OSError:  # Windows lets only some people make links
                shutil.copy(self.uv, alone)
        own = Path(sys.executable).parent
        places = [place for place in os.environ.get("PATH", "").split(os.pathsep) if Path(place) != own]
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _LEFT_OUT and not name.startswith(_LEFT_OUT_PREFIXES)
        }
        return kept | {
            "NO_COLOR": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "PATH": os.pathsep.join([str(alone), *places]),
            "UV_PYTHON": str(self.python),
            "UV_PYTHON_DOWNLOADS": "never",
            **extra,
        }


def find(python: str) -> Toolchain:
    """Return uv and a Python, given as a version such as 3.13 or as a path.

    Raises ScaffoldError if this machine lacks one of the two.
    """
    uv = next(filter(_version, _uvs()), None)
    if uv is None:
        raise ScaffoldError("The gate needs uv, which is not installed.", "Install it: pip install uv")
    found = next((path for path in _pythons(python, uv) if _is_version(path, python)), None)
    if found is None:
        raise ScaffoldError(
            f"There is no Python {python} on PATH, in pyenv or known to uv.",
            "Name an interpreter by its path: --python /usr/bin/python3.13",
        )
    return Toolchain(uv, found, f"{_version(uv)}, {_version(found)}")


def _uvs() -> Iterator[Path]:
    yield Path(sys.executable).with_name("uv.exe" if sys.platform == "win32" else "uv")
    if found := shutil.which("uv"):
        yield Path(found)


def _pythons(python: str, uv: Path) -> Iterator[Path]:
    """Yield candidates for the interpreter."""
    if not re.fullmatch(r"[0-9.]+", python):
        yield Path(python).absolute()
        return
    if found := shutil.which(f"python{python}"):
        yield Path(found)
    yield from sorted(Path.home().glob(f".pyenv/versions/{python}.*/bin/python"), reverse=True)
    known = process.run([uv, "python", "find", python], Path.cwd(), patience=_PATIENCE)
    if known.ok:
        yield Path(known.stdout.strip())


def _is_version(path: Path, python: str) -> bool:
    """Return whether a program is a Python of that version; any version, if `python` is a path."""
    wanted = python if re.fullmatch(r"[0-9.]+", python) else "3"
    return f"{_version(path)}.".startswith(f"Python {wanted}.")


def _version(program: Path) -> str:
    """Return the output of `--version`, or nothing if the program does not run."""
    done = process.run([program, "--version"], Path.cwd(), patience=_PATIENCE)
    return done.stdout.strip() if done.ok else ""
