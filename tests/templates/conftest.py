"""Fixtures of the template tests: tools, servers, the installed wheel, its projects."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from .harness import servers, tools
from .harness.once import Once
from .harness.projects import Project, Scaffold, build_wheel, install

Answers = Mapping[str, str]
TEMPLATE = "blog-django"


@pytest.fixture(scope="session")
def need() -> tools.Needs:
    """Return what a test calls to get a tool of the machine, or to end without it."""
    return tools.Needs()


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Return what makes a folder once for all workers of this run."""
    base = tmp_path_factory.getbasetemp()
    # A worker's folder lies in that of the run.
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return Once(root)


@pytest.fixture(scope="session")
def wheel(once: Once, need: tools.Needs) -> Path:
    """Return this repository's wheel, built for this run."""
    uv = need("uv")

    def build(folder: Path) -> None:
        build_wheel(folder, uv)

    (wheel,) = once("wheel", build).glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def scaffold(once: Once, wheel: Path, need: tools.Needs) -> Scaffold:
    """Return the `scaffold` command as installed from the wheel in a fresh environment."""
    uv = need("uv")

    def put(folder: Path) -> None:
        install(wheel, folder, uv)

    folder = once("installed", put)
    scripts = "Scripts" if os.name == "nt" else "bin"
    return Scaffold(folder / "venv" / scripts / "scaffold", once, uv)


@pytest.fixture(scope="session")
def python(need: tools.Needs) -> str:
    """Return the interpreter that projects run on here: 3.13."""
    return need("python3.13")


@pytest.fixture(scope="session")
def project(
    scaffold: Scaffold, python: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Project]:
    """Return what generates a project of one's own, ready to run; answers by keyword."""

    def make(template: str = TEMPLATE, version: str = python, **given: str) -> Project:
        folder = tmp_path_factory.mktemp("project") / "my-blog"
        return scaffold.ready(scaffold.new(template, folder, given), version)

    return make


@pytest.fixture(scope="session")
def postgresql(need: tools.Needs) -> Iterator[servers.Database]:
    """Run a PostgreSQL server for this run."""
    with servers.postgresql(need("postgresql")) as database:
        yield database


@pytest.fixture(scope="session")
def mariadb(need: tools.Needs) -> Iterator[servers.Database]:
    """Run a MariaDB server for this run."""
    with servers.mariadb(need("mariadb")) as database:
        yield database


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line which tests were not run for want of a tool, and why; then what tests report."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = [
        (Path(report.nodeid.partition("::")[0]).name, report.longrepr[2])
        for report in reports
        if isinstance(report.longrepr, tuple)
    ]
    if line := tools.summary(reasons):
        terminalreporter.write_line(line, yellow=True)
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}", yellow="FAILS" in str(value))
