"""What MySQL or MariaDB, the database of production, is told at each connection."""

from typing import Any

import pymysql

# Django knows mysqlclient, which needs a compiler. PyMySQL is pure Python and takes
# its place; Django asks for the version of mysqlclient that it stands in for.
pymysql.version_info = (2, 2, 7, "final", 0)
pymysql.install_as_MySQLdb()

SCHEMES = ("mysql", "mariadb")
ENGINE = "django.db.backends.mysql"
OPTIONS: dict[str, Any] = {
    "charset": "utf8mb4",
    "connect_timeout": 5,
    # No page waits longer than this for an answer from the server.
    "read_timeout": 15,
    "isolation_level": "read committed",
    "sql_mode": "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION",
}
TEST: dict[str, Any] = {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_unicode_ci"}
