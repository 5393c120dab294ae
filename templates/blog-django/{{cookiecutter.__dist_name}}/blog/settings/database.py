"""Where data lives: SQLite with nothing set, a server where DATABASE_URL names one."""

from typing import Any
from urllib.parse import unquote, urlsplit

from blog.settings import database_server as server
from blog.settings.env import BASE_DIR, TESTING, refuse, required, text

DATA_DIR = BASE_DIR / "data"


def parse(variable: str, url: str) -> dict[str, Any]:
    """Return Django's settings for a database address; percent-encoding is undone."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        refuse(f"{variable} is not an address: percent-encode the password in it.")
    name = unquote(parts.path[1:])
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name or ":memory:",
            # Writers wait for each other from their first statement on, so that
            # none finds the database locked halfway through.
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 10,
                "init_command": "PRAGMA journal_mode=wal; PRAGMA synchronous=normal;",
            },
        }
    if parts.scheme not in server.SCHEMES:
        refuse(f"{variable} must start with {server.SCHEMES[0]}:// or sqlite:///.")
    return {
        "ENGINE": server.ENGINE,
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(host),
        "PORT": port or "",
        "OPTIONS": server.OPTIONS,
        "CONN_MAX_AGE": 0 if TESTING else 60,
        "CONN_HEALTH_CHECKS": True,
        "TEST": server.TEST,
    }


if TESTING:
    address = text("TEST_DATABASE_URL", "sqlite://")
    DATABASES = {"default": parse("TEST_DATABASE_URL", address)}
else:
    address = required("DATABASE_URL", f"sqlite:///{DATA_DIR.as_posix()}/db.sqlite3")
    DATABASES = {"default": parse("DATABASE_URL", address)}
    if DATA_DIR.as_posix() in address:
        DATA_DIR.mkdir(exist_ok=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Counters (throttles) must survive a restart and be the same in every worker.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}
