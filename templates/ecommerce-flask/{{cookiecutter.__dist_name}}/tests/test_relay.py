"""What was written down is sent at least once, whatever stands in its way."""

from __future__ import annotations

import socket
import threading
import time
import urllib.error
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pymongo.errors import ConnectionFailure

from shop.outbox.mail import build_message
from shop.outbox.relay import Relay, probe, run_once
from shop.outbox.repository import enqueue, enqueue_mail

if TYPE_CHECKING:
    from pymongo.database import Database

    from shop.database import Document
    from shop.settings import Settings

pytestmark = pytest.mark.milestone(6)


def mail(db: Database[Document]) -> None:
    """Write down a mail."""
    enqueue_mail(db, to="ann@example.com", subject="Hello", text="It works.")


def test_a_mail_is_sent_once(db: Database[Document], settings: Settings) -> None:
    """What was sent is not sent again."""
    mail(db)
    assert [run_once(db, settings) for _ in range(2)] == [1, 0]
    assert [row["to"] for row in db.mails.find()] == ["ann@example.com"]


def test_a_mail_to_the_console(
    db: Database[Document], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is printed."""
    mail(db)
    assert run_once(db, replace(settings, email_url="console:")) == 1
    assert "To: ann@example.com" in capsys.readouterr().out


def test_a_mail_over_smtp(db: Database[Document], settings: Settings) -> None:
    """A server takes it, with an id by which a second one is known as the same."""
    mail(db)
    lines: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=take_mail, args=(server, lines), daemon=True)
        thread.start()
        url = f"smtp://127.0.0.1:{server.getsockname()[1]}"
        assert run_once(db, replace(settings, email_url=url)) == 1
        thread.join(60)
    message = db.outbox.find_one({})
    assert message
    assert f"Message-ID: {build_message(settings, message)['Message-ID']}" in lines
    assert "It works." in lines


def take_mail(server: socket.socket, lines: list[str]) -> None:
    """Speak just enough SMTP for one mail. Source: RFC 5321, appendix D.1."""
    connection, _ = server.accept()
    with connection, connection.makefile("rwb") as stream:

        def say(text: str) -> None:
            stream.write(f"{text}\r\n".encode())
            stream.flush()

        say("220 tests")
        data = False
        for raw in stream:
            line = raw.decode().rstrip("\r\n")
            lines.append(line)
            if data and line != ".":
                continue
            command = line.upper()
            say({"DATA": "354 go on", "QUIT": "221 bye"}.get(command, "250 ok"))
            data = command == "DATA"
            if command == "QUIT":
                return


def test_a_mail_that_fails_waits(db: Database[Document], settings: Settings) -> None:
    """A server that is away costs nothing but time; others are sent meanwhile."""
    mail(db)
    enqueue(db, "order.packed", {"order_id": "1"})
    nowhere = replace(settings, email_url="smtp://127.0.0.1:1")
    assert run_once(db, nowhere) == 1
    waiting = db.outbox.find_one({"sent_at": None})
    assert waiting
    assert (waiting["kind"], waiting["attempts"]) == ("mail", 1)
    assert waiting["available_at"] > waiting["created_at"]


def test_a_message_that_nobody_understands(
    db: Database[Document], settings: Settings
) -> None:
    """It waits, and keeps no other from going out."""
    enqueue(db, "mail", {"to": "ann@example.com"})
    mail(db)
    assert run_once(db, settings) == 1


def test_it_says_whether_it_turns(settings: Settings) -> None:
    """Its health is that of its loop, not of its process."""
    relay = Relay(settings)
    server = probe(relay, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        with urllib.request.urlopen(f"{address}/healthz") as answer:
            assert answer.status == 200
        relay.turned -= 60
        for path, status in (("/healthz", 503), ("/other", 404)):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(address + path)
            assert caught.value.code == status
            caught.value.close()
    finally:
        server.shutdown()
        server.server_close()


def test_it_ends_when_it_is_told(db: Database[Document], settings: Settings) -> None:
    """The loop sends what waits, and stops."""
    mail(db)
    relay = Relay(settings)
    thread = threading.Thread(target=relay.run)
    with db.mails.watch(max_await_time_ms=10_000) as changes:
        thread.start()
        deadline, change = time.monotonic() + 60, None
        while change is None and time.monotonic() < deadline:
            change = changes.try_next()
        assert change
        assert change["operationType"] == "insert"
    relay.ended.set()
    thread.join(60)
    assert not thread.is_alive()
    assert db.mails.count_documents({}) == 1


def test_a_database_that_is_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay does not end; its health tells, and the next turn may work."""
    relay = Relay(settings)

    def away(*_: object) -> int:
        relay.ended.set()
        raise ConnectionFailure

    monkeypatch.setattr("shop.outbox.relay.run_once", away)
    turned = relay.turned
    relay.run()
    assert relay.turned == turned
