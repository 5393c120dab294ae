"""The running core: health, metrics, request ids, first start, tasks of a developer.

The first half is written with `unittest`, Python's own: the same ideas, other words.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from unittest import TestCase, mock
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client, SimpleTestCase, override_settings

from blog.accounts import demo
from blog.accounts.models import User
from blog.comments.models import Comment
from blog.core import health
from blog.core.env_file import write_missing
from blog.posts.models import Post

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_django import Settings

pytestmark = pytest.mark.milestone(1)

ROOT = Path(__file__).parents[1]


class DotenvTest(TestCase):
    """A fresh copy gets an `.env` with secrets of its own."""

    def setUp(self) -> None:
        """Make a folder with an example."""
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        example = "# A comment\nDJANGO_SECRET_KEY=\nPORT=8000\n# OLD_PASSWORD=\n"
        (self.folder / ".env.example").write_text(example, encoding="utf-8")

    def test_secrets_are_filled_in(self) -> None:
        """Empty secrets get a random value; other lines stay."""
        self.assertTrue(write_missing(self.folder))
        lines = (self.folder / ".env").read_text(encoding="utf-8").splitlines()
        self.assertRegex(lines[1], r"^DJANGO_SECRET_KEY=[\w-]{64}$")
        self.assertEqual(
            lines[0:1] + lines[2:], ["# A comment", "PORT=8000", "# OLD_PASSWORD="]
        )

    def test_only_the_owner_may_read_it(self) -> None:
        """Mode 0600, where the system has modes."""
        write_missing(self.folder)
        mode = stat.S_IMODE((self.folder / ".env").stat().st_mode)
        self.assertIn(mode, {0o600, 0o666} if sys.platform == "win32" else {0o600})

    def test_an_existing_file_is_left_alone(self) -> None:
        """What someone has written is never overwritten."""
        (self.folder / ".env").write_text("MINE=1", encoding="utf-8")
        self.assertFalse(write_missing(self.folder))
        self.assertEqual((self.folder / ".env").read_text(encoding="utf-8"), "MINE=1")


class RequestIdTest(SimpleTestCase):
    """Every answer carries an id, and only our proxy may choose it."""

    def ask(self, given: str) -> str:
        """Return the id of the answer to a request that came with one."""
        answer = Client().get("/healthz", headers={"X-Request-ID": given})
        return answer.headers["X-Request-ID"]

    def test_a_client_cannot_choose_it(self) -> None:
        """Without a proxy in front the header is nobody's word."""
        self.assertRegex(self.ask("chosen-by-client"), "^[0-9a-f]{32}$")

    @override_settings(NUM_PROXIES=1)
    def test_the_proxy_can(self) -> None:
        """Then one number leads through the logs of both."""
        self.assertEqual(self.ask("chosen-by-nginx"), "chosen-by-nginx")

    @override_settings(NUM_PROXIES=1)
    def test_but_not_with_odd_characters(self) -> None:
        """Nothing that could forge a log line gets in."""
        for odd in ("a b c d e f g", "short", "x" * 65, "semi;colon;semi"):
            with self.subTest(odd):
                self.assertRegex(self.ask(odd), "^[0-9a-f]{32}$")


def test_the_process_says_that_it_is_alive(client: Client) -> None:
    """Without a look at the database, whatever the name it is called by."""
    answer = client.get("/healthz", headers={"Host": "10.1.2.3"})
    assert answer.json() == {"status": "ok"}


@pytest.mark.django_db(transaction=True)
def test_it_is_ready_with_database_and_migrations(client: Client) -> None:
    """Then a load balancer may send people."""
    assert client.get("/readyz").json()["status"] == "ok"


@pytest.mark.django_db(transaction=True)
def test_it_is_not_ready_with_a_migration_missing(client: Client) -> None:
    """New code in front of an old database waits."""
    call_command("migrate", "accounts", "0001", verbosity=0)
    try:
        answer = client.get("/readyz")
    finally:
        call_command("migrate", verbosity=0)
    assert answer.status_code == 503
    assert answer.json()["migrations"] == "pending"


def test_it_is_not_ready_without_a_database(client: Client) -> None:
    """And says nothing about why; the log does."""
    with mock.patch.object(
        health, "pending_migrations", side_effect=OSError("10.9.8.7")
    ):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "10.9.8.7" not in answer.content.decode()


def test_it_is_not_ready_when_the_database_hangs(
    client: Client, settings: Settings
) -> None:
    """The answer comes in time, whatever the database does."""
    settings.READY_SECONDS = 0
    hanging = threading.Event()
    with mock.patch.object(health, "pending_migrations", side_effect=hanging.wait):
        answer = client.get("/readyz")
    hanging.set()
    assert answer.status_code == 503


@pytest.mark.django_db
def test_requests_are_counted_by_view_and_status(client: Client) -> None:
    """By the name of the view, so that odd addresses make no new series."""
    client.get("/")
    client.get("/no/such/address")
    text = client.get("/metrics").content.decode()
    line = r'^http_requests_total\{method="GET",status="200",view="home"\} '
    assert re.search(line, text, re.MULTILINE)
    assert 'status="404",view="none"' in text
    assert "http_request_seconds_bucket" in text
    assert "no/such" not in text


@pytest.mark.django_db
def test_demo_data_is_written_once() -> None:
    """Seeding again doubles nothing."""
    counts = []
    for _ in range(2):
        call_command("seed", verbosity=0)
        models = (User, Post, Comment)
        counts.append([model.objects.count() for model in models])
    assert counts[0] == counts[1]
    assert counts[0][0] >= Group.objects.count()


@pytest.mark.django_db
def test_seeding_says_that_it_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence."""
    call_command("seed")
    assert capsys.readouterr().out == "The demo data is there.\n"


def test_seeding_is_refused_in_production(settings: Settings) -> None:
    """The passwords of the demo people are public."""
    settings.ENVIRONMENT = "production"
    with pytest.raises(CommandError, match="not for production"):
        call_command("seed")


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def dev(folder: Path, port: int) -> subprocess.Popen[str]:
    """Start `manage.py dev` with a database of its own."""
    environment = {
        **os.environ,
        "APP_ENV": "development",
        "DJANGO_SETTINGS_MODULE": "blog.settings",
        "DATABASE_URL": f"sqlite:///{(folder / 'dev.sqlite3').as_posix()}",
        "MEDIA_ROOT": str(folder / "media"),
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "dev", "--noreload"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_dev_serves_from_nothing(tmp_path: Path) -> None:
    """One command migrates, seeds, tells the logins, and answers on its port."""
    port = free_port()
    with dev(tmp_path, port) as server:
        try:
            assert server.stdout
            said = "".join(until(server.stdout, demo.logins()[-1][0]))
            url = f"http://127.0.0.1:{port}"
            assert f"is at {url}/" in said
            assert f"{url}/api/docs" in said
            assert "admin@example.com" in said
            assert b'"ok"' in answer(server, f"{url}/readyz")
            assert b"<html" in answer(server, f"{url}/")
        finally:
            server.terminate()
    assert server.returncode in {0, 1, -signal.SIGTERM}


def until(lines: Iterable[str], word: str) -> Iterator[str]:
    """Return the lines up to the first with `word` in it."""
    for line in lines:
        yield line
        if word in line:
            return


def answer(server: subprocess.Popen[str], url: str) -> bytes:
    """Return what the server answers, as soon as it does."""
    for _ in range(1200):
        try:
            with urlopen(url, timeout=10) as page:
                content: bytes = page.read()
                return content
        except URLError:
            with suppress(subprocess.TimeoutExpired):
                pytest.fail(f"The server ended with {server.wait(timeout=0.05)}")
    pytest.fail("The server does not answer")


def test_dev_names_a_port_that_is_taken(tmp_path: Path) -> None:
    """One sentence and exit code 1, before anything is prepared."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with dev(tmp_path, port) as server:
            _, said = server.communicate(timeout=60)
    assert server.returncode == 1
    assert f"Port {port} is taken: " in said
    assert said.count("\n") == 1
    assert not (tmp_path / "dev.sqlite3").exists()


@pytest.mark.django_db
def test_pages_of_a_session_are_kept_nowhere(reader_client: Client) -> None:
    """After logging out, the back button of a shared computer shows nothing."""
    answer = reader_client.get("/accounts/profile/")
    assert answer["Cache-Control"] == "private, no-store"
    assert "no-store" not in Client().get("/")["Cache-Control"]
    assert "Cache-Control" not in Client().get("/robots.txt")
