"""The services that a project's CI starts beside its tests, started as in the workflow."""

import contextlib
import secrets
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .processes import run
from .projects import Project
from .waiting import free_port, until

LOOPBACK = "127.0.0.1"


@contextlib.contextmanager
def services(docker: str, project: Project) -> Iterator[dict[str, str]]:
    """Start the services of the job `check` of GitHub's workflow, and yield the environment of that job.

    Ports are free ones of this machine instead of the usual ones.
    """
    text = (project.path / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    job = yaml.safe_load(text)["jobs"]["check"]
    environment = {name: str(value) for name, value in job["env"].items()}
    with contextlib.ExitStack() as stack:
        for service in job["services"].values():
            for inside, outside in stack.enter_context(_service(docker, service, project.path)).items():
                usual, ours = f"{LOOPBACK}:{inside}", f"{LOOPBACK}:{outside}"
                environment = {name: value.replace(usual, ours) for name, value in environment.items()}
        yield environment


@contextlib.contextmanager
def _service(docker: str, service: dict[str, Any], cwd: Path) -> Iterator[dict[str, int]]:
    """Run one service, wait until it is healthy, and yield the published port of each of its ports."""
    name = f"scf-ci-{secrets.token_hex(4)}"
    ports = {port.rpartition(":")[2]: free_port() for port in service["ports"]}
    words = ["run", "--detach", "--rm", "--name", name]
    for inside, outside in ports.items():
        words += ["--publish", f"{LOOPBACK}:{outside}:{inside}"]
    for key, value in service.get("env", {}).items():
        words += ["--env", f"{key}={value}"]
    words += shlex.split(service["options"])
    command = shlex.split(service.get("command", ""))
    run([docker, *words, service["image"], *command], cwd).good()

    def healthy() -> bool:
        asked = [docker, "inspect", "--format", "{{.State.Health.Status}}", name]
        return run(asked, cwd).out.strip() == "healthy"

    try:
        until(healthy, within=90, what=lambda: run([docker, "logs", "--tail", "30", name], cwd).text)
        yield ports
    finally:
        run([docker, "stop", "--time", "5", name], cwd)
