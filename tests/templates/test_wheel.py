"""The wheel: it carries every template file, works with no checkout, and brings nothing else."""

import hashlib
import json
import re
import tomllib
import zipfile
from pathlib import Path

import pytest

from scaffold.catalog import registry
from scaffold.engine import answers, render

from .harness.processes import run
from .harness.projects import ROOT, Scaffold, executable, tree

TEMPLATES = ROOT / "templates"
# Plans every project with the defaults, and ends with a traceback if a text has to be compiled for it.
PLAN = """\
import hashlib, jinja2
jinja2.Environment.compile = None
from scaffold.catalog import registry
from scaffold.engine import answers, render
for template in registry.load_all():
    for file in render.plan(template, answers.resolve(template, {})).files:
        if not file.secret:
            print(template.name, file.path, hashlib.sha256(file.content).hexdigest())
"""
WHO = {"NAME": "Ada", "EMAIL": "ada@example.com"}


@pytest.fixture(scope="module")
def tracked() -> set[str]:
    """The files below templates/ that git knows, in this repository."""
    done = run(["git", "ls-files", "-z", "templates"], ROOT).good()
    return set(filter(None, done.out.split("\0")))


def test_every_template_file_is_tracked(tracked: set[str]) -> None:
    """No .gitignore, of this repository or of a template, hides a template's file from git."""
    words = ["git", "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "templates"]
    hidden = [name for name in run(words, ROOT).good().out.split("\0") if name]
    assert [name for name in hidden if "__pycache__" not in name] == []
    assert tracked


def test_wheel_holds_every_template_file(wheel: Path, tracked: set[str]) -> None:
    """What git knows below templates/ is in the wheel with the same bytes, and no cache is."""
    with zipfile.ZipFile(wheel) as archive:
        packed = {
            name.removeprefix("scaffold/"): archive.read(name)
            for name in archive.namelist()
            if name.startswith("scaffold/templates/")
        }
    assert not [name for name in packed if "__pycache__" in name]
    assert tracked - set(packed) == set()
    assert [name for name in tracked if packed[name] != (ROOT / name).read_bytes()] == []


def test_wheel_brings_no_test_dependency(wheel: Path) -> None:
    """Whoever installs it gets the few packages that it runs on, and no others."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith("/METADATA")]
        text = archive.read(name).decode()
    needed = set(re.findall(r"^Requires-Dist: ([\w.-]+)(?!.*extra ==).*$", text, re.MULTILINE))
    allowed = {"click", "cookiecutter", "dulwich", "jinja2", "python-slugify", "pyyaml"}
    allowed |= {"questionary", "rich"}
    assert needed <= allowed
    assert "Requires-Python: >=3.11" in text


def test_installed_command_lists_the_templates(scaffold: Scaffold, tmp_path: Path) -> None:
    """Away from the checkout it knows its templates and its version."""
    listed = json.loads(scaffold("list", "--json", cwd=tmp_path).good().out)
    assert "blog-django" in {entry["name"] for entry in listed}
    version = scaffold("--version", cwd=tmp_path).good().out
    assert re.search(r"\d+\.\d+\.\d+", version)


def test_wheel_brings_the_templates_compiled(scaffold: Scaffold, tmp_path: Path) -> None:
    """No text of a template is compiled again, and the projects are those that a checkout makes."""
    installed = run([executable(scaffold.command.parents[1], "python"), "-c", PLAN], tmp_path).good().out
    expected = [
        f"{template.name} {file.path} {hashlib.sha256(file.content).hexdigest()}"
        for template in registry.load_all()
        for file in render.plan(template, answers.resolve(template, {})).files
        if not file.secret
    ]
    assert installed.splitlines() == expected


def test_installed_command_makes_a_repository(scaffold: Scaffold, tmp_path: Path) -> None:
    """A generated project is a git repository with one commit that holds all but the secrets."""
    identity = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in WHO.items()}
    words = ("new", "blog-django", "my-blog", "--defaults")
    scaffold(*words, cwd=tmp_path, **identity).good()
    project = tmp_path / "my-blog"
    listed = run(["git", "ls-files"], project).good().out.splitlines()
    assert set(listed) == set(tree(project)) - {".env"}
    assert run(["git", "status", "--porcelain"], project).good().out == ""
    assert len(run(["git", "log", "--format=%h"], project).good().out.split()) == 1


def test_cookiecutter_on_the_repository_offers_the_templates() -> None:
    """`templates/cookiecutter.json` names every template folder, for plain Cookiecutter."""
    offered = json.loads((TEMPLATES / "cookiecutter.json").read_text(encoding="utf-8"))["templates"]
    folders = {path.parent.name for path in TEMPLATES.glob("*/cookiecutter.json")}
    assert {(TEMPLATES / entry["path"]).name for entry in offered.values()} == folders


def test_version_is_written_once() -> None:
    """pyproject.toml takes the version from the package, so that it stands in one place."""
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" in about["dynamic"]
    assert "version" not in about
