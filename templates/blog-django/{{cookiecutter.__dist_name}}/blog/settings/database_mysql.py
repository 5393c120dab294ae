"""What MySQL or MariaDB, the database of production, is told at each connection."""

from typing import Any

import pymysql

from blog.settings.env import number

# Django knows mysqlclient, which needs a compiler. PyMySQL is pure Python and takes
# its place; Django asks for the version of mysqlclient that it stands in for.
pymysql.version_info = (2, 2, 7, "final", 0)
pymysql.install_as_MySQLdb()

SCHEMES = ("mysql", "mariadb")
ENGINE = "django.db.backends.mysql"
# No page needs a query of more than 15 s; a runaway one must not hold the server. A
# migration of much data may need more: 0 sets no limit.
SECONDS = number("DATABASE_TIMEOUT", 15)
OPTIONS: dict[str, Any] = {
    "charset": "utf8mb4",
    "connect_timeout": 5,
    # MariaDB reads the first comment, MySQL the second.
    "init_command": f"SET /*M! max_statement_time={SECONDS}, */"
    f" /*!80000 max_execution_time={SECONDS * 1000}, */ innodb_lock_wait_timeout=5",
    "isolation_level": "read committed",
    "sql_mode": "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION",
}
TEST: dict[str, Any] = {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_unicode_ci"}
