"""Where data lives: SQLite with nothing set, a server where DATABASE_URL names one."""

from typing import Any

from blog.settings.env import BASE_DIR, TESTING, env

DATA_DIR = BASE_DIR / "data"
if not env.str("DATABASE_URL", ""):
    DATA_DIR.mkdir(exist_ok=True)
url_variable = "TEST_DATABASE_URL" if TESTING else "DATABASE_URL"
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url(url_variable, f"sqlite:///{DATA_DIR}/db.sqlite3")
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Counters (throttles) must survive a restart and be the same in every worker.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
    }
}
