"""The SQLite database and its migrations."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app import config

FOLDER = Path(__file__).parent


@contextmanager
def connect() -> Iterator[sqlite3.Connection]:
    """Yield a connection that commits at the end and rolls back after an error."""
    path = config.database_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def migrate() -> list[str]:
    """Apply the migrations that this database has not seen and return their names."""
    with connect() as db:
        db.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)")
        seen = {row["name"] for row in db.execute("SELECT name FROM migrations")}
        new = [path for path in _migrations() if _name(path) not in seen]
        for path in new:
            db.executescript(path.read_text(encoding="utf-8"))
            db.execute("INSERT INTO migrations VALUES (?)", (_name(path),))
    return [_name(path) for path in new]


def run_script(name: str) -> None:
    """Run an SQL file of the app."""
    with connect() as db:
        db.executescript((FOLDER / name).read_text(encoding="utf-8"))


def _migrations() -> list[Path]:
    return sorted(FOLDER.glob("*/migrations/*.sql"))


def _name(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()
