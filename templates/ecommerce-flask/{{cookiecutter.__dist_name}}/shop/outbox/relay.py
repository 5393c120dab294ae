"""The relay: a small service that sends what the shop has written down.

It takes messages from the outbox, cancels orders that nobody paid, and has the fake
provider tell again what it could not. The shop works while it is down; then mails wait.
"""

from __future__ import annotations

import signal
import smtplib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import structlog

from shop.database import DATABASE_UNAVAILABLE, connect
from shop.orders.services import MAILS, compose_mail, expire_due
from shop.outbox import mail
from shop.outbox.repository import claim, done, failed
from shop.payments.fake import redeliver
from shop.payments.refunds import refund
from shop.payments.services import provider_of

if TYPE_CHECKING:
    from pymongo.database import Database

    from shop.database import Document
    from shop.settings import Settings

PAUSE_SECONDS = 1.0
STUCK_SECONDS = 30
MAX_MESSAGES = 100
log = structlog.get_logger("relay")


def run_once(db: Database[Document], settings: Settings) -> int:
    """Do what is due now, and return how many messages were sent."""
    expire_due(db)
    if settings.payments == "fake":
        redeliver(settings, db)
    sent = 0
    for _ in range(MAX_MESSAGES):
        message = claim(db)
        if message is None:
            break
        sent += deliver(db, settings, message)
    return sent


def deliver(db: Database[Document], settings: Settings, message: Document) -> bool:
    """Send one message; one that fails waits for its next turn."""
    try:
        if message["kind"] == "mail":
            mail.send(settings, db, message)
        elif message["kind"] == "payment.refund":
            refund(db, provider_of(settings, db), message["payload"]["payment_id"])
        else:
            payload = {name: str(value) for name, value in message["payload"].items()}
            log.info("event", kind=message["kind"], **payload)
            if message["kind"] in MAILS:
                mail.send(settings, db, compose_mail(db, message))
    except DATABASE_UNAVAILABLE:
        raise  # without its database the relay can note nothing
    except (OSError, smtplib.SMTPException):
        log.warning("not sent", kind=message["kind"], exc_info=True)
        failed(db, message)
        return False
    except Exception:
        # A message that breaks the relay must not keep the others from going out.
        log.exception("not sent", kind=message["kind"])
        failed(db, message)
        return False
    done(db, message)
    return True


class Relay:
    """The loop, and whether it turns."""

    def __init__(self, settings: Settings) -> None:
        """Work for this shop."""
        self.settings = settings
        self.ended = threading.Event()
        self.turned = time.monotonic()

    @property
    def is_running(self) -> bool:
        """Whether it came round lately: a database that is away stops it."""
        return time.monotonic() - self.turned < STUCK_SECONDS

    def run(self) -> None:
        """Do what is due, again and again, until `ended` is set."""
        with connect(self.settings) as client:
            db = client[self.settings.mongodb_name]
            while not self.ended.is_set():
                try:
                    sent = run_once(db, self.settings)
                    self.turned = time.monotonic()
                except DATABASE_UNAVAILABLE as error:
                    log.warning("database away", error=type(error).__name__)
                    sent = 0
                except Exception:
                    log.exception("relay failed")  # its health tells, if it goes on
                    sent = 0
                if not sent:
                    self.ended.wait(PAUSE_SECONDS)


def probe(relay: Relay, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server that answers `/healthz` for the relay."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/healthz"
            status = (200 if relay.is_running else 503) if found else 404
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Leave probes out of the log."""

    return ThreadingHTTPServer((host, port), Health)


def serve(settings: Settings, host: str) -> None:
    """Run until SIGTERM, with `/healthz` on PORT."""
    relay = Relay(settings)
    server = probe(relay, host, settings.port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: relay.ended.set())
    try:
        relay.run()
    finally:
        server.shutdown()
        server.server_close()
