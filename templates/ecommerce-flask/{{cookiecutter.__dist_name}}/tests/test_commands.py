"""The command line: what it prepares, and what it says when it cannot."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from shop import __main__ as commands
from shop.database import local
from shop.database.collections import COLLECTIONS
from shop.env_file import read_file, write_missing
from shop.settings import BASE_DIR, SettingsError

if TYPE_CHECKING:
    from shop.settings import Settings

pytestmark = pytest.mark.milestone(1)
EXAMPLE = """\
APP_ENV=development
SECRET_KEY=
FAKE_WEBHOOK_SECRET=
# MONGODB_PASSWORD=
PORT=8000
"""


def refused(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """Return the sentence with which the command ends."""
    monkeypatch.setattr(sys, "argv", ["shop", *arguments])
    with pytest.raises(SystemExit) as end:
        commands.main()
    return str(end.value.code)


def test_setup_makes_every_collection(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the database that MONGODB_NAME names."""
    name = f"{settings.mongodb_name}_setup"
    monkeypatch.setenv("MONGODB_NAME", name)
    monkeypatch.setattr(sys, "argv", ["shop", "setup"])
    with MongoClient[dict[str, object]](settings.mongodb_uri) as client:
        commands.main()
        assert set(client[name].list_collection_names()) == set(COLLECTIONS)
        client.drop_database(name)


def test_setup_without_a_database_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It names the variable."""
    uri = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50"
    monkeypatch.setenv("MONGODB_URI", uri)
    sentence = refused(monkeypatch, "setup")
    assert sentence.startswith("MONGODB_URI leads to no database that works: ")
    assert "\n" not in sentence


def test_dev_is_for_development(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere it would seed and serve without protection."""
    monkeypatch.setattr(commands, "write_missing", bool)
    assert refused(monkeypatch, "dev") == "dev is for development, not for test."


def test_a_taken_port_is_refused() -> None:
    """With what to do instead."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingsError, match="set PORT to another"):
            commands.refuse_taken_port(taken.getsockname()[1])


def test_a_missing_env_file_is_written_once(tmp_path: Path) -> None:
    """With secrets of its own, for its owner's eyes."""
    (tmp_path / ".env.example").write_text(EXAMPLE)
    assert write_missing(tmp_path)
    lines = (tmp_path / ".env").read_text().splitlines()
    assert lines[0] == "APP_ENV=development"
    assert len(lines[1]) > len("SECRET_KEY=") + 48
    assert len(lines[2]) > len("FAKE_WEBHOOK_SECRET=") + 48
    assert lines[3:] == ["# MONGODB_PASSWORD=", "PORT=8000"]
    if os.name == "posix":
        assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert not write_missing(tmp_path)


def test_every_secret_of_the_example_is_made(tmp_path: Path) -> None:
    """None stays empty: production would not start with it."""
    example = (BASE_DIR / ".env.example").read_text(encoding="utf-8")
    (tmp_path / ".env.example").write_text(example, encoding="utf-8")
    write_missing(tmp_path)
    assert "" not in read_file(tmp_path / ".env").values()


def test_a_file_as_windows_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Notepad's mark is left out; another encoding is one sentence."""
    (tmp_path / ".env").write_bytes(b'\xef\xbb\xbfPORT="8001"\r\n')
    assert read_file(tmp_path / ".env") == {"PORT": "8001"}
    (tmp_path / ".env").write_text("PORT=8001", encoding="utf-16")
    monkeypatch.setenv("APP_ENV", "development")
    monkeypatch.setattr("shop.settings.BASE_DIR", tmp_path)
    assert refused(monkeypatch, "setup") == ".env cannot be read: save it as UTF-8."


def test_dev_uses_the_database_that_env_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And starts none of its own, which would stand before it."""
    (tmp_path / ".env").write_text("MONGODB_URI=mongodb://there/\n")
    monkeypatch.setenv("APP_ENV", "development")
    monkeypatch.delenv("MONGODB_URI", raising=False)
    monkeypatch.setattr("shop.settings.BASE_DIR", tmp_path)
    with commands.database():
        assert "MONGODB_URI" not in os.environ


def test_without_any_mongod_three_ways_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """None on PATH, and none that can be fetched."""

    def no_network(_context: object) -> str:
        raise ConnectionError

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("pymongo_inmemory.download", no_network)
    with pytest.raises(local.MissingMongod) as refusal:
        local.find_mongod()
    for way in ("MONGODB_URI", "`mongod` is on PATH", "pymongo-inmemory"):
        assert way in str(refusal.value)


def test_a_mongod_that_was_fetched_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the folder where pymongo-inmemory keeps it."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("pymongo_inmemory.download", lambda _: "fetched")
    assert Path(local.find_mongod()) == Path("fetched", "mongod")
