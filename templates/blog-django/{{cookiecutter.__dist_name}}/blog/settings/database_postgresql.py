"""What PostgreSQL, the database of production, is told at each connection."""

from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from blog.settings.env import number, refuse

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


def parse_options(variable: str, query: str) -> dict[str, Any]:
    """Return the options in a URL's query, for example `sslmode=verify-full`."""
    try:
        # The driver's own parser: it translates ssl=true and rejects unknown names.
        given: dict[str, Any] = conninfo_to_dict(f"postgresql://?{query}")
    except ProgrammingError as error:
        reason = str(error).strip()
        refuse(f"{variable} has an option that PostgreSQL does not know: {reason}.")
    if "options" in given:
        given["options"] = f"{OPTIONS['options']} {given['options']}"
    return given
