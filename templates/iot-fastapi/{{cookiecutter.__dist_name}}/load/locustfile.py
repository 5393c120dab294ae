"""People at dashboards, and programs that read, under load.

Start the platform (`uv run poe dev`), then `uv run --group load locust -f load`, and
give its page the address http://127.0.0.1:8000. A limit that answers 429 does its job:
it is no failure. Numbers of a development server say little; use the stack. How much
the ingest takes is another question: devices speak MQTT, not HTTP.
"""

import random
import re
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import ClassVar

from locust import HttpUser, between, task
from locust.clients import ResponseContextManager

API = "/api/v1"
METRICS = {"climate": ("temperature", "humidity"), "power": ("power", "voltage")}
SPANS = (1, 24, 30 * 24)  # hours
TOO_MANY = 429
# All users of a kind share one login: an account has few attempts at the same moment.
LOGIN = Lock()
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
DEVICE = re.compile(r'href="(/devices/[^"/?]+)"')


class Watcher(HttpUser):
    """Somebody at the dashboard."""

    weight = 1
    wait_time = between(2, 10)

    cookies: ClassVar[dict[str, str]] = {}

    def on_start(self) -> None:
        """Log in as people do, with the form and its token."""
        self.devices: list[str] = []
        with LOGIN:
            if not self.cookies:
                self.log_in()
        self.client.cookies.update(self.cookies)

    def log_in(self) -> None:
        """Fill the form in, and keep the cookie for all."""
        form = TOKEN.search(self.client.get("/login").text or "")
        data = {
            "csrf_token": form[1] if form else "",
            "next": "/",
            "email": "viewer@example.com",
            "password": "watch-the-dials",
        }
        with self.client.post("/login", data=data, catch_response=True) as answer:
            if accepted(answer):
                self.cookies.update(self.client.cookies.get_dict())

    @task(4)
    def overview(self) -> None:
        """Look at all devices."""
        with self.client.get("/", catch_response=True) as page:
            if accepted(page):
                self.devices = sorted(set(DEVICE.findall(page.text or "")))

    @task(4)
    def device(self) -> None:
        """Look at one of them."""
        if self.devices:
            self.client.get(random.choice(self.devices), name="/devices/[id]")  # noqa: S311

    @task(1)
    def alerts(self) -> None:
        """Look at what is wrong."""
        self.client.get("/alerts")


class Program(HttpUser):
    """A program that reads, and tells a device something now and then."""

    weight = 3
    wait_time = between(1, 3)

    headers: ClassVar[dict[str, str]] = {}

    def on_start(self) -> None:
        """Have a token; it lasts a quarter of an hour."""
        # Of the simulated devices those with odd numbers measure the climate.
        self.devices = [f"demo-{number:02}" for number in range(1, 21)]
        with LOGIN:
            if not self.headers:
                self.log_in()
        self.client.headers.update(self.headers)

    def log_in(self) -> None:
        """Get a token, and keep it for all."""
        login = {"username": "operator@example.com", "password": "turn-the-knobs"}
        with self.client.post(
            f"{API}/auth/token", data=login, name="/auth/token", catch_response=True
        ) as answer:
            if accepted(answer):
                self.headers["Authorization"] = (
                    f"Bearer {answer.json()['access_token']}"
                )

    @task(2)
    def list_devices(self) -> None:
        """Ask for a page of devices."""
        self.client.get(f"{API}/devices", params={"limit": 100}, name="/devices")

    @task(6)
    def latest(self) -> None:
        """Ask for a device's newest values."""
        self.client.get(f"{self.path()}/latest", name="/devices/[id]/latest")

    @task(4)
    def readings(self) -> None:
        """Ask for a range, long or short, in as many points as a chart takes."""
        path, hours = self.path(), random.choice(SPANS)  # noqa: S311
        kind = "climate" if int(path[-2:]) % 2 else "power"
        end = datetime.now(UTC)
        params = {
            "metric": random.choice(METRICS[kind]),  # noqa: S311
            "start": (end - timedelta(hours=hours)).isoformat(),
            "end": end.isoformat(),
        }
        name = f"/devices/[id]/readings of {hours} h"
        self.client.get(f"{path}/readings", params=params, name=name)

    @task(1)
    def export(self) -> None:
        """Take the last hour home."""
        params = {"start": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}
        name = "/devices/[id]/readings.csv"
        self.client.get(f"{self.path()}/readings.csv", params=params, name=name)

    @task(1)
    def command(self) -> None:
        """Have a device show which one it is."""
        with self.client.post(
            f"{self.path()}/commands",
            json={"name": "identify"},
            name="/devices/[id]/commands",
            catch_response=True,
        ) as answer:
            accepted(answer)

    def path(self) -> str:
        """Return the address of one of the devices."""
        return f"{API}/devices/{random.choice(self.devices)}"  # noqa: S311


def accepted(answer: ResponseContextManager) -> bool:
    """Whether there is something to read; 429 counts as a success without it."""
    if answer.status_code == TOO_MANY:
        answer.success()
    return answer.ok
