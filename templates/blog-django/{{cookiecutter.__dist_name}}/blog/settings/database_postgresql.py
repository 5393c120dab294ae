"""What PostgreSQL, the database of production, is told at each connection."""

from typing import Any

SCHEMES = ("postgresql", "postgres")
ENGINE = "django.db.backends.postgresql"
# No page needs a query of more than 15 s; a runaway one must not hold the server.
OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,
    "options": "-c statement_timeout=15000 -c lock_timeout=5000"
    " -c idle_in_transaction_session_timeout=30000",
}
TEST: dict[str, Any] = {}
