"""A real Mosquitto for a test: TLS, dynamic security, a free port, a temporary folder.

Where Mosquitto is installed the tests of the broker run against it as well as against
the embedded one, and elsewhere they are skipped. With MOSQUITTO_REQUIRED=1, as in CI,
they fail where it is not.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.mqtt.address import LOOPBACK, Address
from app.mqtt.topics import PLATFORM

SBIN = os.pathsep + "/usr/sbin"  # where Debian has it, off the PATH of its users
BINARY = shutil.which("mosquitto", path=os.environ.get("PATH", "") + SBIN)
REQUIRED = os.environ.get("MOSQUITTO_REQUIRED") == "1"
MISSING = pytest.mark.skipif(
    not (BINARY or REQUIRED), reason="Mosquitto is not installed."
)
REAL = pytest.param("mosquitto", marks=MISSING)

each_broker = pytest.mark.parametrize("kind", ["embedded", REAL])
real_broker = pytest.mark.parametrize("kind", [REAL])  # Mosquitto alone

SHIPPED = Path(__file__).parents[1] / "mosquitto/mosquitto.conf"
PASSWORD = "the-platform-is-a-client-too"
START_SECONDS = 60.0


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def mosquitto(folder: Path) -> Iterator[Address]:
    """Run a broker with the configuration that production has, as far as it can be."""
    address = Address(
        host=LOOPBACK,
        port=free_port(),
        username=PLATFORM,
        password=PASSWORD,
        tls=True,
        ca=str(folder / "tls.crt"),
    )
    prepare(folder, address.port)
    with serving(folder, address.port):
        yield address


def prepare(folder: Path, port: int) -> None:
    """Write certificate, configuration and the plugin's state into the folder."""
    name = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    call(
        *("openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "1"),
        *("-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=localhost"),
        *("-addext", name, "-keyout", str(folder / "tls.key")),
        *("-out", str(folder / "tls.crt")),
    )
    state = str(folder / "dynamic-security.json")
    call("mosquitto_ctrl", "dynsec", "init", state, PLATFORM, PASSWORD)
    library = "**/mosquitto_dynamic_security.so"
    plugin = next(path for root in ("/usr/lib", "/usr/local/lib", "/opt/homebrew/lib")
                  for path in Path(root).glob(library))  # fmt: skip
    text = SHIPPED.read_text(encoding="utf-8")
    text = text.replace("listener 8883", f"listener {port} {LOOPBACK}")
    text = text.replace("@PLUGIN@", str(plugin))
    text = text.replace("/mosquitto/tls", str(folder))
    text = text.replace("/mosquitto/data", str(folder))
    if hasattr(os, "getuid") and os.getuid() == 0:
        text += "user root\n"  # it would become somebody who may not read the folder
    (folder / "mosquitto.conf").write_text(text, encoding="utf-8")


@contextlib.contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the broker of a folder; again brings back what it had acknowledged."""
    assert BINARY, "MOSQUITTO_REQUIRED=1, but there is no mosquitto on the PATH"
    command = [BINARY, "-c", str(folder / "mosquitto.conf")]
    with (folder / "mosquitto.log").open("ab") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        wait_for(port, process)
        yield process
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when somebody listens; fail where the broker ends instead."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port)):
            return
        time.sleep(0.01)
    raise AssertionError("mosquitto does not start")


def call(*command: str) -> None:
    """Run a command that has to succeed."""
    subprocess.run(command, check=True, capture_output=True)


def client(tool: str, address: Address, user: str, password: str) -> list[str]:
    """Return the beginning of a call of mosquitto_pub or mosquitto_sub over TLS."""
    return [
        *(tool, "-V", "5", "-h", address.host, "-p", str(address.port), "-q", "1"),
        *("--cafile", address.ca, "-i", user, "-u", user, "-P", password),
    ]
