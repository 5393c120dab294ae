"""The command line: what it prepares, and what it says when it cannot."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import __main__ as commands
from app.accounts.demo import LOGINS
from app.core import serving
from app.core.config import SettingsError
from app.core.database import load_models
from tests.test_core import NOWHERE

pytestmark = pytest.mark.milestone(1)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """Run the command."""
    monkeypatch.setattr(sys, "argv", ["app", *arguments])
    commands.main()


def refused(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """Return the sentence with which the command ends."""
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, *arguments)
    return str(end.value.code)


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[sa.Engine]:
    """Have a database that is set up, and return how to look into it."""
    path = (tmp_path / "data/app.sqlite3").as_posix()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    run(monkeypatch, "setup")
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    yield engine
    engine.dispose()


def emails(engine: sa.Engine) -> list[str]:
    """Return whose accounts there are."""
    with engine.connect() as connection:
        query = sa.text("SELECT email FROM users ORDER BY id")
        return list(connection.execute(query).scalars())


def test_setup_makes_every_table(
    tables: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By migrations; again is harmless."""
    run(monkeypatch, "setup")
    with tables.connect() as connection:
        names = set(sa.inspect(connection).get_table_names())
    assert names == {*load_models().tables, "alembic_version"}


def test_seed_makes_nobody_twice(
    tables: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is one of each role."""
    for _ in range(2):
        run(monkeypatch, "seed")
    assert emails(tables) == list(LOGINS)


def test_seed_is_for_development(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everybody knows the passwords of the demo."""

    class Production:
        production = True

    monkeypatch.setattr(commands, "load", Production)
    assert refused(monkeypatch, "seed").startswith("seed is for development")


def test_an_admin_is_made_with_a_password(
    tables: sa.Engine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is printed once; an address has one account."""
    run(monkeypatch, "admin", "Root@example.com")
    assert "may log in with" in capsys.readouterr().out
    assert emails(tables) == ["root@example.com"]
    again = refused(monkeypatch, "admin", "root@example.com")
    assert again == "There is an account with this address."


@pytest.mark.parametrize("command", ["setup", "seed"])
def test_without_a_database_it_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """It names the variable, and no password."""
    monkeypatch.setenv("DATABASE_URL", NOWHERE)
    said = refused(monkeypatch, command)
    assert said.startswith("DATABASE_URL leads to no database that works: ")
    assert "nothing" not in said


def test_dev_is_for_development(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere it would seed and serve without protection."""
    monkeypatch.setattr(commands, "write_missing", bool)
    assert refused(monkeypatch, "dev") == "dev is for development, not for test."


def test_a_bad_setting_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a traceback."""
    monkeypatch.setenv("PORT", "eighty")
    said = refused(monkeypatch, "serve")
    assert said == "PORT must be a whole number, not 'eighty'."


def test_a_taken_port_is_refused() -> None:
    """With what to do instead."""
    with socket.socket() as taken:
        taken.bind((serving.LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match="set MQTT_PORT to another"):
            serving.refuse_taken_port(port, "MQTT_PORT")
