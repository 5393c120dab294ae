"""What PostgreSQL, the database of production, is told at each connection."""

from typing import Any

from blog.settings.env import number

SCHEMES = ("postgresql", "postgres")
ENGINE = "django.db.backends.postgresql"
# No page needs a query of more than 15 s; a runaway one must not hold the server. A
# migration of much data may need more: 0 sets no limit.
SECONDS = number("DATABASE_TIMEOUT", 15)
OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,
    "options": f"-c statement_timeout={SECONDS}s -c lock_timeout=5s"
    " -c idle_in_transaction_session_timeout=30s",
}
TEST: dict[str, Any] = {}
