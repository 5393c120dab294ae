"""The generated chat's suite inside ours: by itself, and on PostgreSQL and Redis."""

from collections.abc import Callable

import pytest

from .harness import servers
from .harness.projects import Project
from .harness.servers import Database
from .harness.tools import Needs


@pytest.fixture(scope="module")
def chat(project: Callable[..., Project]) -> Project:
    """The chat with the defaults."""
    return project(template="chat-websockets")


def test_check_is_green(chat: Project) -> None:
    """`poe check` passes right after generation: format, lint, types, tests and security."""
    done = chat.run("poe", "check", timeout=900).good()
    assert " passed" in done.text


def test_suite_passes_on_postgresql_and_redis(chat: Project, postgresql: Database, need: Needs) -> None:
    """The same suite passes where events go through Redis and PostgreSQL locks and searches."""
    with servers.redis(need("redis")) as redis:
        env = {"DATABASE_URL": postgresql.url, "REDIS_URL": redis.url}
        done = chat.run("pytest", "-q", "-n", "2", timeout=900, **env).good()
    assert " passed" in done.text
    assert "skipped" not in done.text


def test_suite_passes_on_the_older_python(project: Callable[..., Project], need: Needs) -> None:
    """The suite passes on Python 3.12, which the project names as its oldest."""
    older = project(template="chat-websockets", version=need("python3.12"), python_version="3.12")
    assert "3.12" in older.run("python", "--version").good().out
    assert " passed" in older.run("pytest", "-q", "-n", "2", timeout=900).good().text


def test_milestones_select_the_first_ones(chat: Project) -> None:
    """`poe test --milestone 3` runs the first three steps' tests, and fewer than all."""
    counts = [len(collected(chat, "--milestone", str(number))) for number in range(1, 9)]
    assert counts == sorted(set(counts))
    assert counts[-1] == len(collected(chat))


def collected(project: Project, *options: str) -> list[str]:
    """Return the ids of the tests that would run."""
    done = project.run("pytest", "--collect-only", "-q", "-p", "no:randomly", *options)
    return [line for line in done.good().out.splitlines() if "::" in line]
