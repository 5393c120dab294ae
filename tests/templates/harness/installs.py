"""The versions that uv and pip install for a generated project, by name."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from .processes import Done, environment, run
from .projects import TRIES, Project, executable

Versions = Mapping[str, str]
PATIENCE_SECONDS = 900
# These belong to the environment, not to the project.
TOOLING = frozenset({"pip", "setuptools", "wheel"})


def normal(name: str) -> str:
    """Return a package's name as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(project: Path) -> Versions:
    """Return the versions in the project's constraints.txt."""
    lines = (project / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition(";")[0].strip().split("==") for line in lines if not line.startswith("#")]
    return {normal(name): version for name, version in pairs}


def locked(project: Path) -> Versions:
    """Return the versions in the project's uv.lock, without the project itself."""
    lock = tomllib.loads((project / "uv.lock").read_text(encoding="utf-8"))
    return {row["name"]: row["version"] for row in lock["package"] if "virtual" not in row["source"]}


def differing(found: Versions, pins: Versions) -> list[str]:
    """Return a line for each package that is not at its pinned version."""
    return [
        f"{name} is {version}, pinned is {pins.get(name, 'no version')}"
        for name, version in sorted(found.items())
        if pins.get(name) != version
    ]


def by_uv(project: Project) -> Versions:
    """Return the versions that `uv sync` installed in the project's environment."""
    assert project.venv
    words = ["pip", "list", "--format", "json", "--python", str(executable(project.venv, "python"))]
    done = run([project.uv, *words], project.path, project.env()).good()
    return without_tooling(project, json.loads(done.out))


def by_pip(project: Project, folder: Path) -> Versions:
    """Install the project with pip in a new environment, and return its versions."""
    run([project.python, "-m", "venv", "--upgrade-deps", folder], project.path).good()
    pip = executable(folder, "pip")
    for _ in range(TRIES):
        done = pip_install(project, pip)
        if done.code == 0:
            break
    done.good()
    listed = run([pip, "list", "--format", "json"], project.path, environment()).good()
    return without_tooling(project, json.loads(listed.out))


def pip_install(project: Project, pip: Path, *options: str) -> Done:
    """Run the README's command in the environment of that pip."""
    words = ["install", "--quiet", *options, "-c", "constraints.txt", "--group", "dev", "."]
    return run([pip, *words], project.path, environment(), PATIENCE_SECONDS)


def without_tooling(project: Project, rows: Iterable[Mapping[str, str]]) -> Versions:
    """Return versions by name from rows of `name` and `version`, without the project itself and pip."""
    about = project.pyproject["project"]
    assert isinstance(about, dict)
    found = {normal(row["name"]): row["version"] for row in rows}
    return {name: version for name, version in found.items() if name not in {*TOOLING, about["name"]}}
