"""Looks at what this machine has and what each thing is needed for; a missing one is a hint, no failure."""

import errno
import platform
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from scaffold.catalog.model import Template
from scaffold.system import process, repository

PATIENCE = 5.0  # seconds, for each program; they run side by side
PROJECT_PYTHON = (3, 12)
OLDEST_UV = (0, 4, 27)  # the first that knows dependency groups: older ones do not install poe
_STACK_PORTS = {8080: "HTTP_PORT", 8443: "HTTPS_PORT"}
_CONNECT_PATIENCE = 0.5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked for: what was found of it, and what to do if that is nothing or too old."""

    name: str
    found: str | None
    needed_for: str
    required: bool
    hint: str


@dataclass(frozen=True, slots=True)
class Port:
    """A port of 127.0.0.1 that a generated project listens on, and the variable that moves it elsewhere."""

    port: int
    free: bool
    needed_for: str
    hint: str


def checks() -> tuple[Check, ...]:
    """Return what this machine has; takes PATIENCE at most."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - `new` knows Check but does not look

    looks: tuple[Callable[[], Check], ...] = (_python, _uv, _git, _identity, _docker, _compose)
    with ThreadPoolExecutor(len(looks)) as pool:
        return tuple(pool.map(lambda look: look(), looks))


def ports(templates: Iterable[Template]) -> tuple[Port, ...]:
    """Return the ports that the templates' projects listen on, each once, and whether it is free now."""
    users: dict[int, list[str]] = {}
    for template in templates:
        for service in template.services:
            if service.port and template.name not in users.setdefault(service.port, []):
                users[service.port].append(template.name)
    return tuple(_port(port, ", ".join(names)) for port, names in sorted(users.items()))


def _version(args: list[str]) -> str | None:
    """Return the version that a program prints, or None if it cannot be run."""
    result = process.run(args, Path.cwd(), patience=PATIENCE)
    number = re.search(r"\d+(\.\d+)+\S*", result.stdout)
    return number[0] if result.ok and number else None


def _python() -> Check:
    found = platform.python_version()
    new = sys.version_info >= PROJECT_PYTHON
    wanted = ".".join(map(str, PROJECT_PYTHON))
    hint = "" if new else f"Projects need Python {wanted} or newer; uv fetches one by itself."
    return Check("Python", found, "running scaffold, and the projects it makes", required=True, hint=hint)


def _uv() -> Check:
    found = uv_version()
    hint = (
        "Install it with: pip install uv. Without it use python -m venv --upgrade-deps and pip 25.1 or "
        "newer, as each README shows."
    )
    if found:
        hint = uv_problem(found)
    return Check("uv", found, "installing and running a project in one command", required=False, hint=hint)


def uv_version() -> str | None:
    """Return the version of uv, or None if it cannot be run."""
    return _version(["uv", "--version"])


def uv_problem(version: str) -> str:
    """Return why that version of uv cannot run a project, and what to do, or nothing if it can."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[: len(OLDEST_UV)])
    if numbers >= OLDEST_UV:
        return ""
    oldest = ".".join(map(str, OLDEST_UV))
    return (
        f"uv {version} cannot run a project; {oldest} is the oldest that can. "
        "Upgrade it with: uv self update, or pip install --upgrade uv"
    )


def _git() -> Check:
    found = _version(["git", "--version"])
    hint = "Install it from https://git-scm.com. Without it a project starts with no repository."
    return Check("git", found, "the project's first commit", required=False, hint="" if found else hint)


def _identity() -> Check:
    author = repository.author()
    name, email = author.get("author_name"), author.get("author_email")
    found = f"{name} <{email}>" if name and email and repository.can_commit() else None
    hint = 'git config --global user.name "Your Name" && git config --global user.email you@example.com'
    return Check(
        "git identity",
        found,
        "signing that commit",
        required=False,
        hint="" if found else f"Set it with: {hint}",
    )


def _docker() -> Check:
    purpose = "running the production stack (docker compose up --wait)"
    found = _version(["docker", "version", "--format", "{{.Server.Version}}"])
    if found:
        hint = ""
    elif process.run(["docker", "--version"], Path.cwd(), patience=PATIENCE).ok:
        hint = (
            "Docker is installed, but its engine does not answer: start Docker Desktop or the docker service."
        )
    else:
        hint = "Install it from https://docs.docker.com/get-docker. Development and tests do without."
    return Check("Docker engine", found, purpose, required=False, hint=hint)


def _compose() -> Check:
    found = _version(["docker", "compose", "version", "--short"])
    hint = "Install the Compose plugin, version 2 or newer; it comes with Docker Desktop."
    return Check(
        "Docker Compose", found, "starting that stack's services", required=False, hint="" if found else hint
    )


def _port(port: int, templates: str) -> Port:
    if _is_free(port):
        return Port(port, free=True, needed_for=templates, hint="")
    variable = _STACK_PORTS.get(port, "PORT")
    hint = f"Another program listens on 127.0.0.1:{port}. Stop it, or set {variable} in the project's .env."
    return Port(port, free=False, needed_for=templates, hint=hint)


def _is_free(port: int) -> bool:
    """Whether nobody answers on the port and it can be bound; a reservation shows only in the second."""
    import socket  # noqa: PLC0415 - as above

    with socket.socket() as caller:
        caller.settimeout(_CONNECT_PATIENCE)
        if caller.connect_ex(("127.0.0.1", port)) == 0:
            return False
    with socket.socket() as server:
        if sys.platform != "win32":  # there the option means sharing the port with whoever has it
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno not in {errno.EADDRINUSE, errno.EACCES}
    return True
