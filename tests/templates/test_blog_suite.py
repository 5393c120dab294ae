"""The generated suite inside ours: on SQLite, PostgreSQL and MariaDB."""

from collections.abc import Callable

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
    """`poe check` passes right after generation: format, lint, types, tests and security."""
    done = postgres_blog.run("poe", "check", timeout=900).good()
    assert " passed" in done.text


def test_check_is_green_with_mysql(mysql_blog: Project) -> None:
    """It passes in the other project too, whose search and driver differ."""
    done = mysql_blog.run("poe", "check", timeout=900).good()
    assert " passed" in done.text


def test_check_leaves_no_file_behind(postgres_blog: Project) -> None:
    """What the tasks write is ignored by git: the student's first `git status` is clean."""
    # Deliberately after a check of its own kind: a fast one that writes caches.
    postgres_blog.run("poe", "lint").good()
    git = ("git", "-c", "safe.directory=*")
    postgres_blog.run(*git, "init", "-q").good()
    postgres_blog.run(*git, "add", "-A").good()
    listed = postgres_blog.run(*git, "ls-files").good().out.splitlines()
    generated = set(postgres_blog.files()) | {"uv.lock"}
    assert set(listed) - generated == set()
    assert set(postgres_blog.files()) - set(listed) == set()


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
