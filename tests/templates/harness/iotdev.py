"""`uv run poe dev` of an IoT project, with a broker on a free port, and devices."""

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from .devserver import DevServer, dev
from .processes import run
from .projects import Project
from .waiting import free_port, until

API = "/api/v1"
BROKER = re.compile(r"mqtt://127\.0\.0\.1:(\d+)")
COMPLAINT = re.compile(r"\[(warning|error|critical)\b|Traceback|Warning:")


@dataclass(frozen=True, slots=True)
class Client:
    """An API client with the token of a demo account."""

    server: DevServer
    role: str
    token: str = field(repr=False)

    @classmethod
    def of(cls, server: DevServer, role: str) -> "Client":
        """Sign in with the OAuth password flow."""
        email, password = server.account(role)
        form = f"grant_type=password&username={email}&password={password}"
        answer = server.browser().open(f"{API}/auth/token", form.encode())
        assert answer.status == 200, answer.text
        return cls(server, role, json.loads(answer.body)["access_token"])

    def call(self, path: str, value: object = None) -> dict[str, object]:
        """Get a path, or post a value to it, and return the response."""
        headers = {"Authorization": f"Bearer {self.token}"}
        data = None
        if value is not None:
            headers["Content-Type"], data = "application/json", json.dumps(value).encode()
        answer = self.server.browser().open(f"{API}{path}", data, headers)
        assert answer.status < 300, answer.text
        found = answer.json()
        assert isinstance(found, dict)
        return found

    def items(self, path: str) -> list[dict[str, object]]:
        """Return the items of a page."""
        items = self.call(path)["items"]
        assert isinstance(items, list)
        return items

    def provision(self, name: str, folder: Path) -> "Device":
        """Provision a device and return it with its secret."""
        made = self.call("/devices", {"id": name, "name": name.title()})
        credential = made["credential"]
        assert isinstance(credential, dict)
        return Device(name, credential["secret"], broker_port(self.server), folder)


@dataclass(frozen=True, slots=True)
class Device:
    """A device that an external MQTT client publishes for."""

    name: str
    secret: str = field(repr=False)
    port: int
    folder: Path

    def publish(self, program: str, value: float) -> None:
        """Send a temperature with `mosquitto_pub`, at least once."""
        message = {"metric": "temperature", "unit": "°C", "value": value}
        message["time"] = datetime.now(UTC).isoformat()
        command = [program, "-p", str(self.port), "-q", "1", "-i", self.name, "-u", self.name]
        command += ["-P", self.secret, "-t", f"devices/{self.name}/telemetry", "-m", json.dumps(message)]
        run(command, self.folder, timeout=30).good()


def broker_port(server: DevServer) -> int:
    """Return the printed port of the development server's broker."""
    found = BROKER.search(server.program.text)
    assert found, server.program.text
    return int(found[1])


def complaints(server: DevServer) -> list[str]:
    """Return the lines of the log that a healthy server does not write."""
    return [line for line in server.program.lines if COMPLAINT.search(line)]


@contextlib.contextmanager
def iot_dev(project: Project) -> Iterator[DevServer]:
    """Run `poe dev` with a broker on a free port while the block lasts."""
    with dev(project, MQTT_PORT=str(free_port())) as server:
        yield server


def online(client: Client) -> list[object]:
    """Return the simulated devices that are online and have sent readings."""
    devices = client.items("/devices?status=online&limit=100")
    heard = [device["id"] for device in devices if device["last_seen_at"]]
    return [name for name in heard if str(name).startswith("demo-")]


def all_online(client: Client, count: int, within: float) -> None:
    """Wait until this many simulated devices are online."""
    until(lambda: len(online(client)) == count, within=within, what=lambda: f"more than {online(client)}")
