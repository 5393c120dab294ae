"""The production stack of a chat, used from outside: HTTPS, uploads and WebSockets."""

import base64
import json
import re
import secrets
import socket
import ssl
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from .compose import Stack
from .processes import Done, environment, run
from .waiting import until
from .web import Answer

CREATED, OK = 201, 200
PATIENCE = 60
ADDRESS = "http://127.0.0.1:8000"  # of an instance, inside its container
ASK = """
import sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Authorization": sys.argv[2]})
try:
    print(urllib.request.urlopen(request, timeout=10).read().decode("latin-1"))
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
"""
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)


def trusting() -> ssl.SSLContext:
    """Return an SSL context that accepts the stack's self-signed certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True, slots=True)
class Person:
    """A user with an account and an API token."""

    email: str
    password: str
    token: str


@dataclass(frozen=True, slots=True)
class Site:
    """A running stack."""

    stack: Stack

    @property
    def origin(self) -> str:
        """The origin that browsers send."""
        return f"https://localhost:{self.stack.https_port}"

    def admin(self, name: str) -> Person:
        """Create an admin as the README describes."""
        email = f"{name}@example.com"
        done = self.stack.compose("exec", "-T", "app", "python", "-m", "app", "admin", email).good()
        (password,) = re.findall(r"may log in with (\S+)", done.out)
        return self.logged_in(email, password)

    def logged_in(self, email: str, password: str) -> Person:
        """Sign in with the API."""
        form = {"grant_type": "password", "username": email, "password": password}
        answer = self.stack.browser().open("/api/v1/auth/token", urlencode(form).encode())
        return Person(email, password, read(answer, OK)["access_token"])

    def api(self, person: Person, method: str, path: str, value: object = None) -> Answer:
        """Call the API through nginx."""
        headers = {"Authorization": f"Bearer {person.token}", "Content-Type": "application/json"}
        data = None if value is None else json.dumps(value).encode()
        return self.stack.browser().open(f"/api/v1{path}", data, headers, method)

    def room(self, person: Person) -> str:
        """Create a public room and return its id."""
        given = {"name": f"Room {secrets.token_hex(4)}", "kind": "public"}
        return str(read(self.api(person, "POST", "/rooms", given), CREATED)["id"])

    def say(self, person: Person, room: str, text: str, **more: str) -> None:
        """Send a message with the API."""
        given = {"client_id": str(uuid.uuid4()), "text": text} | more
        read(self.api(person, "POST", f"/rooms/{room}/messages", given), CREATED)

    def texts(self, person: Person, room: str) -> list[str]:
        """Return the texts of the messages in a room."""
        found = read(self.api(person, "GET", f"/rooms/{room}/messages?limit=100"), OK)
        return [item["text"] for item in found["items"]]

    def picture(self, person: Person, room: str, content: bytes = PICTURE) -> Answer:
        """Upload a picture."""
        mark = secrets.token_hex(8)
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        headers = {
            "Authorization": f"Bearer {person.token}",
            "Content-Type": f"multipart/form-data; boundary={mark}",
        }
        return self.stack.browser().open(f"/api/v1/rooms/{room}/images", body, headers)

    def ticket(self, person: Person) -> str:
        """Return a ticket that opens one socket."""
        return str(read(self.api(person, "POST", "/tickets"), CREATED)["ticket"])

    def typed(self, command: str) -> Done:
        """Run a command line of the README against this stack."""
        ports = {"HTTP_PORT": str(self.stack.http_port), "HTTPS_PORT": str(self.stack.https_port)}
        env = environment(COMPOSE_PROJECT_NAME=self.stack.name, **ports)
        return run(["sh", "-c", command], self.stack.project.path, env, 300)

    def handshake(self, *headers: str, path: str = "/ws") -> int:
        """Request a socket and return the status: 101 if it opens."""
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {urlsplit(self.origin).netloc}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(secrets.token_bytes(16)).decode()}",
            *headers,
        ]
        with self.connected() as opened:
            opened.sendall("\r\n".join([*lines, "", ""]).encode())
            status = opened.recv(1000).split()[1]
        return int(status)

    def connected(self) -> ssl.SSLSocket:
        """Return a TLS connection to nginx."""
        plain = socket.create_connection(("localhost", self.stack.https_port), timeout=30)
        return trusting().wrap_socket(plain, server_hostname="localhost")

    def instances(self) -> list[str]:
        """Return the containers of the app."""
        return self.stack.compose("ps", "-q", "app").good().out.split()

    def inside(self, container: str, path: str, person: Person | None = None) -> str:
        """Send a request to one instance, bypassing nginx, and return its response."""
        words = ["exec", container, "python", "-c", ASK, ADDRESS + path]
        token = f"Bearer {person.token}" if person else ""
        return run([self.stack.docker, *words, token], self.stack.project.path).good().out

    def sockets(self, container: str) -> int:
        """Return the number of connections in the metrics of an instance."""
        metrics = self.inside(container, "/metrics")
        found = re.search(r"^chat_connections(?:\{.*\})? (\d+)", metrics, re.MULTILINE)
        assert found, metrics
        return int(found[1])

    def healthy(self, *services: str) -> None:
        """Wait until all containers of these services are healthy and nginx responds."""

        def good() -> bool:
            done = self.stack.compose("ps", "-a", "--format", "{{.Health}}", *services).good()
            return set(done.out.split()) == {"healthy"}

        logs = ("logs", "--no-color", "--tail", "12")
        until(good, within=PATIENCE, what=lambda: f"healthy {services}: {self.stack.compose(*logs).text}")
        until(lambda: self.stack.browser().open("/healthz").status == OK, within=PATIENCE, what="nginx")

    def lines(self) -> list[dict[str, Any]]:
        """Return the JSON log lines of the instances."""
        logs = [run([self.stack.docker, "logs", one], self.stack.project.path) for one in self.instances()]
        said = [line for done in logs for line in done.text.splitlines()]
        return [json.loads(line) for line in said if line.startswith("{")]


def read(answer: Answer, status: int) -> dict[str, Any]:
    """Return the JSON object of a response with the expected status."""
    assert answer.status == status, answer.text
    body = answer.json()
    assert isinstance(body, dict)
    return body
