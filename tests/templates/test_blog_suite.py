"""The generated suite inside ours: on SQLite, PostgreSQL and MariaDB."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .harness.projects import Project
from .harness.servers import Database
from .harness.tools import Needs


@pytest.fixture(scope="module")
def postgres_blog(project: Callable[..., Project]) -> Project:
    """The blog with the defaults."""
    return project()


@pytest.fixture(scope="module")
def mysql_blog(project: Callable[..., Project]) -> Project:
    """The blog made for MySQL and MariaDB."""
    return project(database="mysql", ci="gitlab", license="none")


def test_check_is_green(postgres_blog: Project) -> None:
    """`poe check` passes right after generation: format, lint, types, tests and static security.

    Its tests leave no trace where development keeps its database and its uploads.
    """
    done = postgres_blog.run("poe", "check", timeout=900).good()
    assert " passed" in done.text
    assert list((postgres_blog.path / "data").rglob("*")) == []


def test_check_is_green_with_mysql(mysql_blog: Project) -> None:
    """It passes in the other project too, whose search and driver differ."""
    done = mysql_blog.run("poe", "check", timeout=900).good()
    assert " passed" in done.text


def test_stock_output_passes(project: Callable[..., Project]) -> None:
    """What `makemigrations` and `startapp` write passes format, lint and types untouched."""
    own = project()
    field = '    subtitle = models.CharField(max_length=100, default="")\n'
    insert(own.path / "blog/posts/models.py", field, "    summary = models")
    own.run("python", "manage.py", "makemigrations").good()
    own.run("python", "manage.py", "startapp", "polls").good()
    (own.path / "blog/votes").mkdir()
    own.run("python", "manage.py", "startapp", "votes", "blog/votes").good()
    for task in ("format-check", "lint", "types"):
        own.run("poe", task).good()


def insert(file: Path, text: str, before: str = "") -> None:
    """Put text into a file: before the first `before`, or at the end."""
    content = file.read_text(encoding="utf-8")
    place = content.index(before) if before else len(content)
    file.write_text(content[:place] + text + content[place:], encoding="utf-8")


def test_suite_passes_on_postgresql(postgres_blog: Project, postgresql: Database) -> None:
    """The same suite passes on a PostgreSQL server, full-text search included."""
    url = postgresql.url
    done = postgres_blog.run("pytest", "-q", "-n", "2", timeout=900, TEST_DATABASE_URL=url).good()
    assert " passed" in done.text


def test_suite_passes_on_mariadb(mysql_blog: Project, mariadb: Database) -> None:
    """The other project's suite passes on a MariaDB server."""
    done = mysql_blog.run("pytest", "-q", "-n", "2", timeout=900, TEST_DATABASE_URL=mariadb.url).good()
    assert " passed" in done.text


def test_suite_passes_on_the_older_python(project: Callable[..., Project], need: Needs) -> None:
    """The suite passes on Python 3.12, which the project names as its oldest."""
    older = project(version=need("python3.12"), python_version="3.12")
    assert "3.12" in older.run("python", "--version").good().out
    done = older.run("pytest", "-q", "-n", "2", timeout=900).good()
    assert " passed" in done.text


def test_milestones_select_the_first_ones(postgres_blog: Project) -> None:
    """`poe test --milestone 3` runs the first three steps' tests, and fewer than all."""
    counts = [len(collected(postgres_blog, "--milestone", str(number))) for number in (1, 3, 8)]
    assert 0 < counts[0] < counts[1] < counts[2]
    assert counts[2] == len(collected(postgres_blog))


def collected(project: Project, *options: str) -> list[str]:
    """Return the ids of the tests that would run."""
    done = project.run("pytest", "--collect-only", "-q", "-p", "no:randomly", *options)
    return [line for line in done.good().out.splitlines() if "::" in line]
