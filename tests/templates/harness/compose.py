"""The production stack of a generated project, with its own name and ports."""

import contextlib
import json
import secrets
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .processes import Done, environment, run
from .projects import Project
from .waiting import free_port
from .web import Browser

IMAGES = Path(__file__).parents[1] / "images"
PATIENCE = 900


@dataclass(frozen=True, slots=True)
class Stack:
    """A project's Compose stack."""

    docker: str
    project: Project
    name: str
    http_port: int
    https_port: int
    mqtts_port: int  # of a stack with a broker
    more: tuple[str, ...] = ()  # words for `up`, such as how many of which service

    def compose(self, *words: str, timeout: float = PATIENCE, **extra: str) -> Done:
        """Run `docker compose WORDS`; `extra` overrides .env."""
        ports = {"HTTP_PORT": str(self.http_port), "HTTPS_PORT": str(self.https_port)}
        ports["MQTTS_PORT"] = str(self.mqtts_port)
        env = environment(**ports, **extra)
        command = [self.docker, "compose", "-p", self.name, *words]
        return run(command, self.project.path, env, timeout)

    def up(self) -> None:
        """Start all services and wait until they are healthy, or fail with their logs."""
        done = self.compose("up", "--build", "--wait", *self.more)
        if done.code:
            logs = self.compose("logs", "--no-color", "--tail", "80")
            message = f"compose up failed:\n{done.text[-4000:]}\n{logs.text[-6000:]}"
            raise AssertionError(message)

    def inspect(self, service: str) -> dict[str, object]:
        """Return the output of `docker inspect` for the service's container."""
        (ident, *_) = self.compose("ps", "-aq", service).good().out.split()
        done = run([self.docker, "inspect", ident], self.project.path).good()
        described: dict[str, object] = json.loads(done.out)[0]
        return described

    def services(self) -> dict[str, dict[str, object]]:
        """Return the services as Compose resolves them."""
        done = self.compose("config", "--format", "json").good()
        found: dict[str, dict[str, object]] = json.loads(done.out)["services"]
        return found

    def browser(self) -> Browser:
        """Return a browser for nginx's TLS port that accepts its self-signed certificate."""
        trust = ssl.create_default_context()
        trust.check_hostname = False
        trust.verify_mode = ssl.CERT_NONE
        return Browser(f"https://localhost:{self.https_port}/", trust=trust)


@contextlib.contextmanager
def stack(docker: str, project: Project, *more: str) -> Iterator[Stack]:
    """Yield a stack of the project; remove its containers, networks and volumes afterwards."""
    name = f"scf-{secrets.token_hex(4)}"
    made = Stack(docker, project, name, free_port(), free_port(), free_port(), more)
    try:
        yield made
    finally:
        made.compose("down", "--volumes", "--remove-orphans", "--timeout", "5")


def stand_in(docker: str, image: str, name: str) -> None:
    """Build the image from Debian packages if the public one is not available."""
    here = [docker, "image", "inspect", image]
    if run(here, IMAGES).code == 0 or run([docker, "pull", "-q", image], IMAGES).code == 0:
        return
    words = ["build", "-q", "-f", f"{name}.Dockerfile", "-t", image, "."]
    run([docker, *words], IMAGES, timeout=PATIENCE).good()
