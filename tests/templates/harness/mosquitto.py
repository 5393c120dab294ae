"""A real Mosquitto with the settings that an IoT project ships: TLS, dynamic security, persistence."""

import contextlib
import secrets
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .servers import Server, account_of, folder_of, run_as, serving
from .tools import first
from .waiting import free_port

LOOPBACK = "127.0.0.1"
PLATFORM = "platform"  # its user there, as start.sh of the project names it
PLUGINS = ("/usr/lib/*/mosquitto_dynamic_security.so", "/usr/lib/mosquitto_dynamic_security.so")
STATE = "dynamic-security.json"


@dataclass(frozen=True, slots=True)
class Broker:
    """A running broker: its address, and the credentials of the platform."""

    server: Server
    ca: Path
    password: str
    user: str = PLATFORM

    @property
    def url(self) -> str:
        """The URL for the platform, with its credentials."""
        return f"mqtts://{self.user}:{self.password}@{LOOPBACK}:{self.server.port}"


@contextlib.contextmanager
def mosquitto(
    program: str, settings: Path, like: Broker | None = None, user: str = PLATFORM
) -> Iterator[Broker]:
    """Run a broker with the project's `mosquitto.conf`, prepared as in its `start.sh`.

    Only places differ, and the listener's address: loopback. A broker `like` another knows whom that
    one knew when this one was made.
    """
    account = account_of("mosquitto")
    with folder_of(account) as folder:
        if like:
            password = like.password
            for name in ("tls.crt", "tls.key", STATE):
                shutil.copy(like.server.folder / name, folder)
                if account:
                    shutil.chown(folder / name, account)
        else:
            password = secrets.token_urlsafe(24)
            _prepare(folder, account, user, password)
        port = free_port()
        (folder / "mosquitto.conf").write_text(_placed(settings, folder, port), encoding="utf-8")
        command = [program, "-c", str(folder / "mosquitto.conf")]
        with serving(Server(command, account, folder, port, signal.SIGTERM)) as server:
            yield Broker(server, folder / "tls.crt", password, user)


def _prepare(folder: Path, account: str | None, user: str, password: str) -> None:
    """Create a certificate for loopback, and the broker's user for the platform."""
    certificate = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    certificate += ["-nodes", "-days", "1", "-subj", "/CN=localhost"]
    certificate += ["-addext", f"subjectAltName=DNS:localhost,IP:{LOOPBACK}"]
    run_as([*certificate, "-keyout", "tls.key", "-out", "tls.crt"], account, folder)
    run_as(["mosquitto_ctrl", "dynsec", "init", STATE, user, password], account, folder)


def _placed(settings: Path, folder: Path, port: int) -> str:
    """Return the project's settings with the paths and the port of this broker."""
    plugin = first(*PLUGINS)
    assert plugin, "Mosquitto has no plugin for dynamic security"
    text = settings.read_text(encoding="utf-8")
    changes = {
        "listener 8883": f"listener {port} {LOOPBACK}",
        "@PLUGIN@": plugin,
        "/mosquitto/tls": str(folder),
        "/mosquitto/data": str(folder),
    }
    for shipped, ours in changes.items():
        assert shipped in text, f"mosquitto.conf has no {shipped!r}"
        text = text.replace(shipped, ours)
    return text
