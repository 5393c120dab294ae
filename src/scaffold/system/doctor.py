"""Check for the programs and ports that scaffold and its projects use. A missing one is not an error."""

import errno
import platform
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from scaffold.catalog.model import Template
from scaffold.system import process, repository

TIMEOUT = 5.0  # seconds for each program; they run concurrently
MIN_PYTHON = (3, 12)
MIN_UV = (0, 4, 27)  # the first version with dependency groups, which install poe
_STACK_PORTS = {8080: "HTTP_PORT", 8443: "HTTPS_PORT"}
_CONNECT_TIMEOUT = 0.5


@dataclass(frozen=True, slots=True)
class Check:
    """A program or setting: what was found, and a hint if that is missing or too old."""

    name: str
    found: str | None
    needed_for: str
    required: bool
    hint: str


@dataclass(frozen=True, slots=True)
class Port:
    """A port of 127.0.0.1 that generated projects listen on, and a hint if it is in use."""

    port: int
    free: bool
    needed_for: str
    hint: str


def run_checks() -> tuple[Check, ...]:
    """Return the result of each check, after TIMEOUT seconds at most."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - `new` imports Check but runs no check

    checks: tuple[Callable[[], Check], ...] = (
        _check_python,
        _check_uv,
        _check_git,
        _check_identity,
        _check_docker,
        _check_compose,
    )
    with ThreadPoolExecutor(len(checks)) as pool:
        return tuple(pool.map(lambda check: check(), checks))


def check_ports(templates: Iterable[Template]) -> tuple[Port, ...]:
    """Return each port that the projects of these templates listen on, and whether it is free now."""
    users: dict[int, list[str]] = {}
    for template in templates:
        for service in template.services:
            if service.port and template.name not in users.setdefault(service.port, []):
                users[service.port].append(template.name)
    return tuple(_check_port(port, ", ".join(names)) for port, names in sorted(users.items()))


def _get_version(args: list[str], folder: Path | None = None) -> str | None:
    """Return the version that a program prints, or None if it cannot be run."""
    result = process.run(args, folder or Path.cwd(), patience=TIMEOUT)
    number = re.search(r"\d+(\.\d+)+\S*", result.stdout)
    return number[0] if result.ok and number else None


def _check_python() -> Check:
    found = platform.python_version()
    minimum = ".".join(map(str, MIN_PYTHON))
    hint = f"Projects need Python {minimum} or newer; uv downloads it automatically."
    if sys.version_info >= MIN_PYTHON:
        hint = ""
    return Check("Python", found, "running scaffold and its projects", required=True, hint=hint)


def _check_uv() -> Check:
    found = get_uv_version()
    hint = (
        "Install it with: pip install uv. Without it, use python -m venv --upgrade-deps and pip 25.1 or "
        "newer, as each README shows."
    )
    if found:
        hint = find_uv_problem(found)
    return Check("uv", found, "installing and running a project in one command", required=False, hint=hint)


def get_uv_version(folder: Path | None = None) -> str | None:
    """Return the version of uv in a folder, by default the current one, or None if it cannot be run."""
    return _get_version(["uv", "--version"], folder)


def find_uv_problem(version: str) -> str:
    """Return why this version of uv cannot run a project and what to do, or "" if it can."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[: len(MIN_UV)])
    if numbers >= MIN_UV:
        return ""
    minimum = ".".join(map(str, MIN_UV))
    return (
        f"uv {version} is too old to run a project; {minimum} or newer is required. "
        "Upgrade it with: uv self update, or pip install --upgrade uv"
    )


def _check_git() -> Check:
    found = _get_version(["git", "--version"])
    hint = "Install it from https://git-scm.com. Without it, projects are created without a repository."
    return Check("git", found, "the project's first commit", required=False, hint="" if found else hint)


def _check_identity() -> Check:
    author = repository.get_author()
    name, email = author.get("author_name"), author.get("author_email")
    found = f"{name} <{email}>" if name and email and repository.can_commit() else None
    hint = 'git config --global user.name "Your Name" && git config --global user.email you@example.com'
    return Check(
        "git identity",
        found,
        "the author of that commit",
        required=False,
        hint="" if found else f"Set it with: {hint}",
    )


def _check_docker() -> Check:
    purpose = "running the production stack (docker compose up --wait)"
    found = _get_version(["docker", "version", "--format", "{{.Server.Version}}"])
    if found:
        hint = ""
    elif process.run(["docker", "--version"], Path.cwd(), patience=TIMEOUT).ok:
        hint = (
            "Docker is installed, but its engine is not running: start Docker Desktop or the docker service."
        )
    else:
        hint = "Install it from https://docs.docker.com/get-docker. Development and tests do not need it."
    return Check("Docker engine", found, purpose, required=False, hint=hint)


def _check_compose() -> Check:
    found = _get_version(["docker", "compose", "version", "--short"])
    hint = "Install the Compose plugin, version 2 or newer; it comes with Docker Desktop."
    return Check(
        "Docker Compose", found, "starting that stack's services", required=False, hint="" if found else hint
    )


def _check_port(port: int, templates: str) -> Port:
    if _is_free(port):
        return Port(port, free=True, needed_for=templates, hint="")
    variable = _STACK_PORTS.get(port, "PORT")
    hint = f"Another program listens on 127.0.0.1:{port}. Stop it, or set {variable} in the project's .env."
    return Port(port, free=False, needed_for=templates, hint=hint)


def _is_free(port: int) -> bool:
    """Return whether nothing answers on the port and it can be bound; binding also detects reserved ports."""
    import socket  # noqa: PLC0415 - as above

    with socket.socket() as caller:
        caller.settimeout(_CONNECT_TIMEOUT)
        if caller.connect_ex(("127.0.0.1", port)) == 0:
            return False
    with socket.socket() as server:
        if sys.platform != "win32":  # on Windows, the option would share a port that is in use
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno not in {errno.EADDRINUSE, errno.EACCES}
    return True
