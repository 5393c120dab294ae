"""The generated IoT platform's suite inside ours: on SQLite, and on PostgreSQL beside a Mosquitto."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .harness.projects import Project
from .harness.servers import Database
from .harness.tools import Needs

MODEL = """

class Note(Base):
    __tablename__ = "notes"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    text: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utcnow)
"""


@pytest.fixture(scope="module")
def platform(project: Callable[..., Project]) -> Project:
    """The platform with the defaults."""
    return project(template="iot-fastapi")


def test_check_is_green(platform: Project) -> None:
    """`poe check` passes right after generation: format, lint, types, tests and security."""
    done = platform.run("poe", "check", timeout=900).good()
    assert " passed" in done.text


def test_suite_passes_on_postgresql(
    platform: Project, postgresql: Database, need: Needs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same suite passes on a PostgreSQL server, with its broker tests on a Mosquitto too."""
    folders = [str(Path(need(name)).parent) for name in ("mosquitto", "mosquitto_pub", "openssl")]
    monkeypatch.setenv("PATH", os.pathsep.join([os.environ["PATH"], *folders]))
    env = {"DATABASE_URL": postgresql.url, "MOSQUITTO_REQUIRED": "1"}
    done = platform.run("pytest", "-q", "-n", "2", timeout=900, **env).good()
    assert " passed" in done.text
    assert "skipped" not in done.text


def test_suite_passes_on_the_older_python(project: Callable[..., Project], need: Needs) -> None:
    """The suite passes on Python 3.12, which the project names as its oldest."""
    older = project(template="iot-fastapi", version=need("python3.12"), python_version="3.12")
    assert "3.12" in older.run("python", "--version").good().out
    assert " passed" in older.run("pytest", "-q", "-n", "2", timeout=900).good().text


def test_milestones_select_the_first_ones(platform: Project) -> None:
    """`poe test --milestone 3` runs the first three steps' tests, and fewer than all."""
    counts = [len(collected(platform, "--milestone", str(number))) for number in (1, 3, 8)]
    assert 0 < counts[0] < counts[1] < counts[2]
    assert counts[2] == len(collected(platform))


def test_stock_migrations_need_no_mending(project: Callable[..., Project]) -> None:
    """What `alembic revision` writes, empty or for a new model, passes format and lint as it is."""
    platform = project(template="iot-fastapi")
    platform.run("alembic", "revision", "-m", "stock").good()
    with (platform.path / "app/devices/models.py").open("a", encoding="utf-8") as models:
        models.write(MODEL)
    platform.run("poe", "setup").good()
    platform.run("alembic", "revision", "--autogenerate", "-m", "notes").good()
    (made,) = (platform.path / "migrations/versions").glob("*_notes.py")
    assert "notes" in made.read_text(encoding="utf-8")
    for task in ("format-check", "lint", "types", "setup"):
        platform.run("poe", task).good()


def collected(project: Project, *options: str) -> list[str]:
    """Return the ids of the tests that would run."""
    done = project.run("pytest", "--collect-only", "-q", "-p", "no:randomly", *options)
    return [line for line in done.good().out.splitlines() if "::" in line]
