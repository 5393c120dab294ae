"""What a project imports: only what it declares, and its own modules in one direction."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pins import requirement_name

from .harness.choices import CHOICES
from .harness.processes import environment, run
from .harness.projects import Project, executable

# Run by the project's own Python: ours is older than some of its syntax.
HARNESS = Path(__file__).with_name("harness")


def printed(project: Project, program: str) -> list[str]:
    """Return the lines that a program of the harness prints about the project."""
    assert project.venv
    command = [executable(project.venv, "python"), HARNESS / program]
    return run(command, project.path, environment()).good().out.splitlines()


def declared(project: Project) -> set[str]:
    """Return the names of what pyproject.toml requires, in all groups."""
    about, groups = project.pyproject["project"], project.pyproject["dependency-groups"]
    assert isinstance(about, dict)
    assert isinstance(groups, dict)
    lines = [*about["dependencies"], *(line for group in groups.values() for line in group)]
    return {requirement_name(line) for line in lines}


@pytest.mark.parametrize("template", CHOICES)
def test_every_import_is_declared(template: str, project: Callable[..., Project]) -> None:
    """Each package that the app, its tests or its scripts import stands in pyproject.toml by its own name."""
    made = project(template=template)
    rows = [json.loads(line) for line in printed(made, "imported.py")]
    # Its own packages, and scripts that import what stands beside them.
    own = {path.stem for path in made.path.rglob("*.py")} | {path.name for path in made.path.iterdir()}
    known = declared(made)

    missing = {
        f"{row['file']} imports {row['name']}"
        for row in rows
        if row["name"] not in sys.stdlib_module_names and row["name"] not in own
        if not known & {requirement_name(owner) for owner in row["packages"]}
    }
    assert sorted(missing) == []
    assert len(rows) > 100


@pytest.mark.parametrize("template", CHOICES)
def test_no_module_imports_itself_in_a_circle(template: str, project: Callable[..., Project]) -> None:
    """Neither at once nor late nor for types alone."""
    modules, *circles = printed(project(template=template), "circles.py")
    assert circles == []
    assert int(modules.removesuffix(" modules")) > 50
