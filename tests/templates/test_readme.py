"""The commands of both READMEs, taken from their text and run as they stand."""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness.choices import CHOICES
from .harness.installs import differing, pinned, without_tooling
from .harness.links import broken
from .harness.processes import environment, run
from .harness.projects import ROOT, Project, tree
from .harness.tools import Needs

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(readme: Path) -> list[str]:
    """Return the lines of the `sh` blocks, in order, without comments."""
    lines = [
        line.split(" #")[0].strip()
        for block in BLOCK.findall(readme.read_text(encoding="utf-8"))
        for line in block.splitlines()
    ]
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh copy of what is tracked here, as a clone would have it."""
    folder = tmp_path_factory.mktemp("clone") / "repository"
    listed = run(["git", "ls-files", "-z"], ROOT).good().out.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def bare(**extra: str) -> dict[str, str]:
    """Return an environment whose python3 is the one that runs us, and no virtual environment."""
    env = environment(**extra)
    first = str(Path(sys.base_prefix) / "bin")
    kept = [part for part in env["PATH"].split(":") if part != str(Path(sys.executable).parent)]
    return env | {"PATH": ":".join([first, *kept])}


def test_there_are_two_commands() -> None:
    """Our README gives exactly two: one generates a blog, one passes the tests."""
    first, second = commands(ROOT / "README.md")
    assert "scaffold new blog-django" in first
    assert second.endswith("pytest")


def test_first_command_makes_a_blog(checkout: Path) -> None:
    """On a fresh copy the first command generates a blog and tells how to open it."""
    first, _ = commands(ROOT / "README.md")
    done = run(["sh", "-c", first], checkout, bare()).good()
    assert (checkout.parent / "my-blog/.scaffold.json").exists()
    assert "cd ../my-blog" in done.out
    assert "poe dev" in done.out


def test_second_command_runs_the_tests(checkout: Path) -> None:
    """On a fresh copy the second command installs what is needed and starts the tests."""
    shutil.rmtree(checkout / ".venv", ignore_errors=True)
    _, second = commands(ROOT / "README.md")
    # All of them would run this very test again: one quick file of them is enough here.
    env = bare(PYTEST_ADDOPTS="tests/test_docs.py")
    done = run(["sh", "-c", second], checkout, env).good()
    assert " passed" in done.out


def test_ci_runs_the_readme_command() -> None:
    """`.ci/run` takes its command from the README, so that the two cannot part."""
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert "README.md" in script
    assert "SCAFFOLD_REQUIRE=services,docker,browser" in script


@pytest.fixture(scope="module", params=CHOICES)
def made(request: pytest.FixtureRequest, project: Callable[..., Project], need: Needs) -> Iterator[Project]:
    """A project of each template, whose README is followed; what its database needs is on PATH."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "ecommerce-flask":
            folder = str(Path(need("mongod")).parent)
            patch.setenv("PATH", os.pathsep.join([os.environ["PATH"], folder]))
        yield project(template=request.param)


# What does not end by itself, and what other tests here run in the same words.
ELSEWHERE = re.compile(r"poe dev|poe check|docker|locust")


def test_readme_commands_work(made: Project) -> None:
    """Each command in a project's README that ends by itself ends well, in its order."""
    listed = commands(made.path / "README.md")
    assert "uv run poe dev" in listed
    assert "uv run poe test" in listed
    assert "uv run poe check" in listed
    assert any(command.startswith("docker compose up") for command in listed)
    # `poe check` runs the whole suite; here it is about the command, so the first milestone will do.
    env = made.env(PYTEST_ADDOPTS="--milestone 1 --no-cov")
    for command in listed:
        if not ELSEWHERE.search(command):
            run(["sh", "-c", command], made.path, env).good()


def test_readme_way_without_uv_works(made: Project, python: str, tmp_path: Path) -> None:
    """The pip way of the README installs the project and runs its tests."""
    text = (made.path / "README.md").read_text(encoding="utf-8")
    copied = tmp_path / made.path.name
    for name, content in made.files().items():
        (copied / name).parent.mkdir(parents=True, exist_ok=True)
        (copied / name).write_bytes(content)
    (make,) = re.findall(r"`python3 (-m venv [^`]*)`", text)
    (install,) = re.findall(r"`(python -m pip install [^`]*)`", text)
    run([python, *make.split()], copied).good()
    # poe takes uv where it finds one: this is about a machine that has none.
    parts = environment()["PATH"].split(os.pathsep)
    env = environment(PATH=os.pathsep.join(part for part in parts if not (Path(part) / "uv").exists()))
    run(["sh", "-c", f". .venv/bin/activate && {install}"], copied, env).good()
    listed = json.loads(run([".venv/bin/pip", "list", "--format", "json"], copied, env).good().out)
    assert differing(without_tooling(made, listed), pinned(copied)) == []
    tasks = ". .venv/bin/activate && poe lint && poe test --milestone 1 --no-cov"
    run(["sh", "-c", tasks], copied, env).good()


def test_roadmap_and_security_links_exist(made: Project) -> None:
    """Every link of a project's documents to a file leads to one, with its heading or line."""
    assert broken(made.path, [path for path in tree(made.path) if path.endswith(".md")]) == []


def test_owasp_table_names_existing_tests(made: Project) -> None:
    """There is one security test file per category that SECURITY.md lists."""
    table = (made.path / "SECURITY.md").read_text(encoding="utf-8")
    named = set(re.findall(r"tests/security/(test_a\d\d_\w+\.py)", table))
    there = {path.name for path in (made.path / "tests/security").glob("test_a*.py")}
    assert named == there
    assert there
