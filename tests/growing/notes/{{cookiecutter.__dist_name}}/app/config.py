"""Settings from the environment and from `.env`."""

import os
import secrets
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


def load_env(path: Path = ROOT / ".env") -> None:
    """Set what `.env` names, unless the environment has it already."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip())


def port() -> int:
    """Return the port to serve on."""
    return int(os.environ.get("PORT", "8000"))


def database_path() -> Path:
    """Return where the database file is."""
    return Path(os.environ.get("DATABASE", ROOT / "data/notes.sqlite3"))


@cache
def secret_key() -> bytes:
    """Return the key that signs forms: a fresh one if none is set."""
    return os.environ.get("SECRET_KEY", "").encode() or secrets.token_bytes(48)
