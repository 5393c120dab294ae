"""What MySQL or MariaDB, the database of production, is told at each connection."""

from typing import Any
from urllib.parse import parse_qsl

import pymysql

from blog.settings.env import number, refuse

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

# What hosts call an option, and what PyMySQL calls it.
TEXTS = {
    "charset": "charset",
    "collation": "collation",
    "socket": "unix_socket",
    "unix_socket": "unix_socket",
}
SECONDS_OF = ("connect_timeout", "read_timeout", "write_timeout")
TLS_FILES = {
    "ssl_ca": "ca",
    "sslrootcert": "ca",
    "ssl_cert": "cert",
    "sslcert": "cert",
    "ssl_key": "key",
    "sslkey": "key",
}
# MySQL's modes and libpq's names for them: (verify certificate, verify host).
# Without a mode, PyMySQL uses TLS where the server offers it.
TLS_MODES = {
    "required": (False, False),
    "require": (False, False),
    "verify_ca": (True, False),
    "verify_identity": (True, True),
    "verify_full": (True, True),
}


def parse_options(variable: str, query: str) -> dict[str, Any]:
    """Return the options in a URL's query, for example `ssl-mode=VERIFY_IDENTITY`."""
    options: dict[str, Any] = {}
    tls: dict[str, Any] = {}
    mode = ""
    for given, value in parse_qsl(query, keep_blank_values=True):
        name = given.lower().replace("-", "_")
        if name in TEXTS and value:
            options[TEXTS[name]] = value
        elif name in SECONDS_OF and value.isascii() and value.isdigit():
            options[name] = int(value)
        elif name in TLS_FILES and value:
            tls[TLS_FILES[name]] = value
        elif name in {"ssl_mode", "sslmode"}:
            mode = value.lower().replace("-", "_")
        elif name in {"ssl", "tls"} and value.lower() in {"true", "1"}:
            mode = "required"
        else:
            refuse(f"{variable} has an option that is not supported: {given}.")
    if mode in {"disabled", "disable"}:
        return options | {"ssl_disabled": True}
    if mode in {"", "preferred", "prefer"} and tls:
        mode = "verify_ca" if "ca" in tls else "required"
    if mode in TLS_MODES:
        certificate, host = TLS_MODES[mode]
        if certificate and "ca" not in tls:
            refuse(f"{variable} must name a CA file, as ssl-ca, for this ssl-mode.")
        tls |= {"verify_mode": certificate, "check_hostname": host}
        options["ssl"] = tls
    elif mode not in {"", "preferred", "prefer"}:
        refuse(f"{variable} has an ssl-mode that is not supported: {mode}.")
    return options
