"""The pins of every template: uv, pip and images install them on any day, and upgrading goes on working."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pins
import pytest

from .harness import installs
from .harness.choices import CHOICES
from .harness.installs import differing, locked, pinned
from .harness.once import Once
from .harness.processes import Done, run
from .harness.projects import TRIES, Project, Scaffold, executable
from .harness.tools import Needs

LIST = """
import json, importlib.metadata
found = importlib.metadata.distributions()
print(json.dumps([{"name": each.name, "version": each.version} for each in found]))
"""
ADDED = "cowsay"  # small, without dependencies, and required by no template


@pytest.fixture(params=CHOICES)
def template(request: pytest.FixtureRequest) -> str:
    """Return the name of one template, then of the next."""
    return str(request.param)


@pytest.fixture
def fresh(scaffold: Scaffold, template: str, python: str, tmp_path: Path) -> Project:
    """Return a project as it is generated, whose environment is still empty."""
    made = scaffold.new(template, tmp_path / "project", {})
    return Project(made.path, made.answers, str(scaffold.uv_alone()), python, tmp_path / "venv")


@pytest.fixture(params=["3.13", "3.12"])
def version(request: pytest.FixtureRequest, need: Needs) -> str:
    """Return an interpreter of each Python that a project may be made for."""
    return need(f"python{request.param}")


def uv(project: Project, *words: str, **extra: str) -> Done:
    """Run uv in the project, again where the package registry stumbles; it has to succeed."""
    for _ in range(TRIES):
        done = run([project.uv, *words], project.path, project.env(**extra), 900)
        if done.code == 0:
            break
    return done.good()


def test_uv_installs_the_pinned_versions(
    template: str, version: str, project: Callable[..., Project]
) -> None:
    """What `uv run` puts into an environment is what the template was proven with, on both Pythons."""
    made = project(template=template, version=version)

    installed = installs.by_uv(made)
    assert differing(installed, pinned(made.path)) == []
    assert len(installed) > 50


def test_pip_installs_the_pinned_versions(
    template: str, version: str, project: Callable[..., Project], once: Once
) -> None:
    """Pip resolves the README's command to the same packages at the same versions as uv, on both Pythons."""
    made = project(template=template, version=version)

    def prepare(folder: Path) -> None:
        run([version, "-m", "venv", "--upgrade-deps", folder], folder).good()

    pip = executable(once(f"pip-{Path(version).name}", prepare), "pip")
    done = installs.pip_install(made, pip, "--dry-run", "--report", "-").good()
    rows = [row["metadata"] for row in json.loads(done.out)["install"]]
    assert installs.without_tooling(made, rows) == installs.by_uv(made)


def test_the_index_of_the_day_of_the_pins_gives_the_same_lock(fresh: Project, template: str) -> None:
    """With the package index as it was when the pins were made, and with today's, the lock is the same."""
    day = pins.targets()[template].read().day.isoformat()

    uv(fresh, "lock", UV_EXCLUDE_NEWER=day)
    then = locked(fresh.path)
    (fresh.path / "uv.lock").write_text((pins.targets()[template].folder / "uv.lock").read_text())
    uv(fresh, "lock")
    assert then == locked(fresh.path)
    assert differing(then, pinned(fresh.path)) == []


def test_the_lock_is_the_same_from_plain_cookiecutter(
    fresh: Project, template: str, scaffold: Scaffold, tmp_path: Path
) -> None:
    """A project made by Cookiecutter itself is locked to the pins as well."""
    config = tmp_path / "config.yaml"
    config.write_text(f"replay_dir: {tmp_path}/replay\ncookiecutters_dir: {tmp_path}/them\n")
    words: list[str | Path] = ["--no-input", "--config-file", config, "-o", tmp_path / "plain"]
    cookiecutter = scaffold.command.with_name("cookiecutter")
    run([cookiecutter, *words, scaffold.templates / template], tmp_path).good()
    (path,) = (tmp_path / "plain").iterdir()
    plain = Project(path, {}, fresh.uv, fresh.python, fresh.venv)

    uv(plain, "lock")
    assert differing(locked(path), pinned(path)) == []


def test_adding_a_package_moves_no_other(fresh: Project) -> None:
    """`uv add` works on the seed: the new package is locked, the others stay at their pins."""
    uv(fresh, "add", "--no-sync", ADDED)

    lock = dict(locked(fresh.path))
    assert lock.pop(ADDED)
    assert differing(lock, pinned(fresh.path)) == []


def test_everything_can_be_upgraded(
    fresh: Project, template: str, need: Needs, record_property: Callable[[str, object], None]
) -> None:
    """`uv lock --upgrade` and the README's export work; whether the newest releases pass is only reported.

    Whether new releases break a project is the nightly canary's question: no commit of ours decides that.
    """
    before = pinned(fresh.path)
    uv(fresh, "lock", "--upgrade")
    export = ["--all-groups", "--no-emit-project", "--no-hashes", "--no-annotate", "--no-header"]
    uv(fresh, "export", *export, "-o", "constraints.txt")

    assert differing(locked(fresh.path), pinned(fresh.path)) == []
    newer = differing(pinned(fresh.path), before)
    path = [
        fresh.env()["PATH"],
        *([str(Path(need("mongod")).parent)] if template == "ecommerce-flask" else []),
    ]
    done = fresh.run("poe", "test", "--milestone", "1", PATH=os.pathsep.join(path))
    result = "passes" if done.code == 0 else f"FAILS:\n{done.text[-1500:]}"
    record_property("newest releases", f"{template} with {len(newer)} newer packages {result}")


def in_image(docker: str, project: Project, tag: str) -> Mapping[str, str]:
    """Build the project's image and return the versions of the packages in it."""
    run([docker, "build", "--quiet", "--tag", tag, "."], project.path, timeout=900).good()
    try:
        done = run([docker, "run", "--rm", "--network=none", tag, "python", "-c", LIST], project.path).good()
    finally:
        run([docker, "image", "rm", "--force", tag], project.path)
    return installs.without_tooling(project, json.loads(done.out))


def test_the_image_has_the_pinned_versions(fresh: Project, template: str, need: Needs) -> None:
    """An image built from a project as generated has the versions of the seed."""
    found = in_image(need("docker"), fresh, f"scf-pins-{template}")
    assert differing(found, pinned(fresh.path)) == []
    assert len(found) > 20


@pytest.mark.parametrize("template", ["ecommerce-flask"])  # the Dockerfile is the same in all
def test_the_image_follows_a_completed_lock(fresh: Project, template: str, need: Needs) -> None:
    """An image built from a lock that `uv` has completed has its versions; an outdated lock is refused."""
    docker = need("docker")
    uv(fresh, "lock")
    assert differing(in_image(docker, fresh, f"scf-lock-{template}"), locked(fresh.path)) == []

    toml = fresh.path / "pyproject.toml"
    toml.write_text(toml.read_text().replace('  "structlog', f'  "{ADDED}",\n  "structlog'))
    done = run([docker, "build", "--quiet", "."], fresh.path, timeout=900)
    assert done.code != 0
    assert "--locked" in done.text
