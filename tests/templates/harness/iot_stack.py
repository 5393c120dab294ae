"""The production stack of an IoT project, used from outside: an admin over HTTPS, and Mosquitto's clients."""

import json
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from .compose import Stack
from .processes import Done, run
from .waiting import until
from .web import Answer

EMAIL = "admin@example.com"
CREATED, NO_CONTENT, OK = 201, 204, 200
PATIENCE = 60
SECONDS = "10"  # that a client of Mosquitto waits
# Ingest processes are reachable only on the internal network.
COUNTED = """
import re, urllib.request
text = urllib.request.urlopen("http://127.0.0.1:8000/metrics").read().decode()
print(re.search(r"^ingest_readings_total (\\S+)", text, re.M)[1])
"""


@dataclass(frozen=True, slots=True)
class Device:
    """A device and its secret."""

    name: str
    secret: str

    @property
    def topic(self) -> str:
        """The topic of its readings."""
        return f"devices/{self.name}/telemetry"


@dataclass(frozen=True, slots=True)
class Site:
    """A running stack, its admin, and Mosquitto's clients on this machine."""

    stack: Stack
    clients: Path
    ca: Path
    password: str
    token: str

    @classmethod
    def of(cls, stack: Stack, publisher: str, folder: Path) -> "Site":
        """Create the first admin as the README describes, sign in, and create a metric."""
        made = stack.compose("exec", "-T", "app", "python", "-m", "app", "admin", EMAIL).good()
        (password,) = re.findall(r"may log in with (\S+)", made.out)
        form = {"grant_type": "password", "username": EMAIL, "password": password}
        answer = stack.browser().open("/api/v1/auth/token", urlencode(form).encode())
        assert answer.status == OK, answer.text
        body = answer.json()
        assert isinstance(body, dict)
        ca = folder / "broker.crt"
        said = stack.compose("exec", "-T", "mosquitto", "cat", "/mosquitto/tls/tls.crt").good()
        ca.write_text(said.out, encoding="utf-8")
        site = cls(stack, Path(publisher).parent, ca, password, body["access_token"])
        assert site.api("PUT", "/metrics/temperature", {"unit": "°C"}).status == OK
        return site

    def api(self, method: str, path: str, value: object = None) -> Answer:
        """Call the API through nginx as the admin."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if value is None else json.dumps(value).encode()
        return self.stack.browser().open(f"/api/v1{path}", data, headers, method)

    def device(self, **given: str) -> Device:
        """Provision a new device."""
        name = f"device-{secrets.token_hex(4)}"
        answer = self.api("POST", "/devices", {"id": name, "name": name, **given})
        assert answer.status == CREATED, answer.text
        return self._told(name, answer, "credential")

    def rotated(self, device: Device) -> Device:
        """Rotate the secret of the device."""
        answer = self.api("POST", f"/devices/{device.name}/credential", {})
        assert answer.status == OK, answer.text
        return self._told(device.name, answer)

    def _told(self, name: str, answer: Answer, *within: str) -> Device:
        body = answer.json()
        for key in within:
            assert isinstance(body, dict)
            body = body[key]
        assert isinstance(body, dict)
        return Device(name, body["secret"])

    def client(self, tool: str, *words: str, ca: bool = True, given: Path | None = None) -> Done:
        """Run one of Mosquitto's clients against the published port, optionally with a file as its input."""
        base = [str(self.clients / tool), "-V", "5", "-q", "1", "-h", "localhost"]
        base += ["-p", str(self.stack.mqtts_port), *(["--cafile", str(self.ca)] if ca else [])]
        shell = ["sh", "-c", 'exec timeout "$@" < "$0"', str(given or "/dev/null"), SECONDS]
        return run([*shell, *base, *words], self.stack.project.path)

    def publish(self, device: Device, *messages: str, topic: str = "") -> Done:
        """Publish over TLS as the device; several messages are sent as lines of a file."""
        words = ["-i", device.name, "-u", device.name, "-P", device.secret, "-t", topic or device.topic]
        if len(messages) == 1:
            return self.client("mosquitto_pub", *words, "-m", messages[0])
        file = self.ca.with_name(f"{secrets.token_hex(4)}.txt")
        file.write_text("".join(f"{one}\n" for one in messages), encoding="utf-8")
        return self.client("mosquitto_pub", *words, "-l", given=file)

    def subscribe(self, device: Device, topic: str) -> Done:
        """Subscribe as the device; the client exits after the reply."""
        words = ("-i", device.name, "-u", device.name, "-P", device.secret, "-t", topic, "-E")
        return self.client("mosquitto_sub", *words)

    def refused(self, device: Device) -> bool:
        """Return whether the broker refuses the device."""
        done = self.publish(device, reading(0))
        return done.code != 0 and "Not authorized" in done.text

    def values(self, device: Device) -> list[float]:
        """Return the readings of the device by time, fetched through nginx."""
        answer = self.api("GET", f"/devices/{device.name}/readings.json")
        body = answer.json() if answer.status == OK else {"items": []}
        assert isinstance(body, dict)
        return [item["value"] for item in body["items"]]

    def stored(self, device: Device, count: int) -> list[float]:
        """Wait until this many readings of the device are stored, and return them."""

        def seen() -> list[float]:
            values = self.values(device)
            return values if len(values) >= count else []

        return until(seen, within=PATIENCE, what=lambda: f"{count} readings: {self.logs()}")

    def arrives(self, device: Device) -> None:
        """Send as the device until a reading is stored: then ingest has subscribed.

        Nobody keeps what devices send before ingest subscribes for the first time.
        """

        def seen() -> bool:
            self.publish(device, reading(0)).good()
            return bool(self.values(device))

        until(seen, within=PATIENCE, what=lambda: f"a reading: {self.logs()}")

    def logs(self) -> str:
        """Return the last log lines of the services involved."""
        return self.stack.compose("logs", "--no-color", "--tail", "12", "mosquitto", "ingest").text

    def ready(self) -> tuple[int, dict[str, str]]:
        """Ask the app whether it is ready; nginx does not expose that."""
        script = (
            "import http.client\n"
            "asked = http.client.HTTPConnection('127.0.0.1', 8000)\n"
            "asked.request('GET', '/readyz')\n"
            "answer = asked.getresponse()\n"
            "print(answer.status, answer.read().decode())"
        )
        done = self.stack.compose("exec", "-T", "app", "python", "-c", script).good()
        status, _, body = done.out.strip().partition(" ")
        return int(status), json.loads(body)

    def counted(self, index: int) -> float:
        """Return the number of readings that an ingest process stored; 0 while it starts."""
        done = self.stack.compose("exec", "-T", "--index", str(index), "ingest", "python", "-c", COUNTED)
        return float(done.out or 0)

    def start(self, service: str) -> None:
        """Start a stopped service, and wait until it is healthy."""
        self.stack.compose("start", service).good()
        self.heals(service)

    def scale(self, service: str, processes: int) -> None:
        """Scale a service to this many processes, and wait until all are healthy."""
        words = ("up", "--detach", "--no-deps", "--no-recreate", "--scale", f"{service}={processes}")
        self.stack.compose(*words, service).good()
        self.heals(service)

    def heals(self, service: str) -> None:
        """Wait until every container of a service is healthy."""

        def healthy() -> bool:
            done = self.stack.compose("ps", "--format", "{{.Health}}", service).good()
            return set(done.out.split()) == {"healthy"}

        until(healthy, within=PATIENCE, what=lambda: f"a healthy {service}: {self.logs()}")


START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


def reading(number: int) -> str:
    """Return the message of a reading; the same number gives the same value and time."""
    moment = (START + timedelta(seconds=number)).isoformat()
    return json.dumps({"metric": "temperature", "unit": "°C", "time": moment, "value": float(number)})
