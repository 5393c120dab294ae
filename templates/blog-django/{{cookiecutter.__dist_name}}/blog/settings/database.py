"""Where data lives: SQLite with nothing set, a server where DATABASE_URL names one."""

from typing import Any
from urllib.parse import unquote, urlsplit

from blog.settings import database_server as server
from blog.settings.env import BASE_DIR, TESTING, refuse, required, text

DATA_DIR = BASE_DIR / "data"


def sqlite(variable: str, name: str) -> dict[str, Any]:
    """Return Django's settings for a SQLite file, relative to the project's folder.

    Without a name the database is in memory.
    """
    path = BASE_DIR / name
    if path.parent == DATA_DIR:
        DATA_DIR.mkdir(exist_ok=True)
    if not path.parent.is_dir():
        refuse(f"{variable} needs the folder {path.parent}, which does not exist.")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path) if name else ":memory:",
        # Writers wait for each other from their first statement on, so that
        # none finds the database locked halfway through.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,
            "init_command": "PRAGMA journal_mode=wal; PRAGMA synchronous=normal;",
        },
    }


def parse(variable: str, url: str) -> dict[str, Any]:
    """Return Django's settings for a database URL; percent-encoding is decoded."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        refuse(f"{variable} is not an address: percent-encode the password in it.")
    if "#" in url:
        refuse(f"{variable} has a # in it: write it as %23.")
    name = unquote(parts.path[1:])
    if parts.scheme == "sqlite":
        if parts.netloc:
            refuse(f"{variable} must start with sqlite:///, with three slashes.")
        if "?" in url:
            refuse(f"{variable} must not have options: write a ? in a name as %3F.")
        return sqlite(variable, name)
    if parts.scheme not in server.SCHEMES:
        refuse(f"{variable} must start with {server.SCHEMES[0]}:// or sqlite:///.")
    options = server.OPTIONS | server.parse_options(variable, parts.query)
    settings = {
        "ENGINE": server.ENGINE,
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(host),
        "PORT": port or "",
        "OPTIONS": options,
        "CONN_MAX_AGE": 0 if TESTING else 60,
        "CONN_HEALTH_CHECKS": True,
        "TEST": server.TEST,
    }
    # Some hosts give these as options, a socket's folder for example.
    for option in ("user", "password", "host", "port"):
        if option in options:
            settings[option.upper()] = options.pop(option)
    return settings


if TESTING:
    address = text("TEST_DATABASE_URL", "sqlite://")
    DATABASES = {"default": parse("TEST_DATABASE_URL", address)}
else:
    address = required("DATABASE_URL", "sqlite:///data/db.sqlite3")
    DATABASES = {"default": parse("DATABASE_URL", address)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Counters (throttles) must survive a restart and be the same in every worker.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}
