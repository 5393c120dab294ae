"""The real server on a socket, started as a developer does, and as production does."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess  # nosec B404
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from app.__main__ import main
from app.demo import LOGINS
from tests.test_settings import PRODUCTION

pytestmark = pytest.mark.milestone(8)
ROOT = Path(__file__).resolve().parents[1]
SECONDS = 60


def free_port() -> str:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@contextlib.contextmanager
def started(*arguments: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """Have `python -m app` run with these arguments, and end it in time."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env=os.environ | env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    # Who waits for what it does not say reads the end of its output then.
    deadline = threading.Timer(SECONDS, end, [process])
    deadline.start()
    with process:
        try:
            yield process
        finally:
            deadline.cancel()
            end(process)


def end(process: subprocess.Popen[str]) -> None:
    """End it, and its workers with it, which outlive a server that is killed."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    process.kill()


def answer(process: subprocess.Popen[str], address: str) -> httpx2.Response:
    """Return what the address answers, as soon as the server listens."""
    deadline = time.monotonic() + SECONDS
    with httpx2.Client(verify=False) as client:
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(httpx2.TransportError):
                return client.get(address)
            time.sleep(0.02)
    end(process)  # what it said is there to be read then
    raise AssertionError(process.stdout and process.stdout.read())


@pytest.fixture
def database(tmp_path: Path) -> str:
    """Return the address of a database that is not there yet."""
    return f"sqlite:///{(tmp_path / 'app.sqlite3').as_posix()}"


def test_dev_serves_what_it_prints(database: str) -> None:
    """Its address answers, and its logins log in, until it is told to end."""
    env = {"APP_ENV": "development", "PORT": free_port(), "REDIS_URL": ""}
    with started("dev", "--no-reload", DATABASE_URL=database, **env) as process:
        assert process.stdout
        lines = iter(process.stdout.readline, "")
        found = (re.search(r"is at (http\S+)/", line) for line in lines)
        address = next(match[1] for match in found if match)
        assert answer(process, f"{address}/healthz").status_code == 200
        for email, (_, password) in LOGINS.items():
            form = {"username": email, "password": password}
            made = httpx2.post(f"{address}/api/v1/auth/token", data=form)
            assert made.status_code == 200
        assert httpx2.get(f"{address}/api/docs").status_code == 200
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        assert process.wait(10) == 0


def test_a_taken_port_is_one_sentence(database: str) -> None:
    """It says what to do instead."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        env = {"APP_ENV": "development", "PORT": str(taken.getsockname()[1])}
        with started("dev", DATABASE_URL=database, **env) as process:
            said, _ = process.communicate(timeout=SECONDS)
    assert re.fullmatch(r"Port \d+ is taken: .* set PORT to another\.\n", said)
    assert process.returncode == 1


def test_dev_ends_where_its_server_cannot_start(tmp_path: Path) -> None:
    """The server's process says why in one sentence, and the one that watches ends."""
    (tmp_path / "file").touch()
    database = f"sqlite:///{(tmp_path / 'file/app.sqlite3').as_posix()}"
    env = {"APP_ENV": "development", "PORT": free_port()}
    with started("dev", DATABASE_URL=database, **env) as process:
        said, _ = process.communicate(timeout=SECONDS)
    assert re.fullmatch(r"DATABASE_URL leads to no database that works: .*\n", said)
    assert process.returncode == 1


def test_production_serves_without_redis(database: str) -> None:
    """Two processes, one count; `/readyz` says what is missing; SIGTERM ends both."""
    port = free_port()
    env = PRODUCTION | {
        "DATABASE_URL": database,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "PORT": port,
        "WEB_CONCURRENCY": "2",
    }
    with started("setup", **env) as process:
        assert process.wait(SECONDS) == 0
    with started("serve", **env) as process:
        address = f"http://127.0.0.1:{port}"
        assert answer(process, f"{address}/healthz").status_code == 200
        ready = httpx2.get(f"{address}/readyz")
        assert ready.status_code == 503
        assert (ready.json()["database"], ready.json()["hub"]) == ("ok", "error")
        for _ in range(6):
            assert httpx2.get(f"{address}/api/v1/me").status_code == 401
        counted = httpx2.get(f"{address}/metrics").text
        line = r'http_requests_total\{method="GET",route="/api/v1/me",status="401"\}'
        assert re.search(rf"^{line} 6\.0$", counted, re.MULTILINE)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
        assert process.returncode in {0, -signal.SIGTERM}


type Run = Callable[..., None]


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs a command in this process: another one takes its time."""

    def make(*arguments: str, **env: str) -> None:
        for name, text in ({"DATABASE_URL": database} | env).items():
            monkeypatch.setenv(name, text)
        monkeypatch.setattr(sys, "argv", ["app", *arguments])
        main()

    return make


def test_the_first_admin_is_made(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """With a password that is printed this once; an address has one account."""
    run("setup")
    run("admin", "boss@example.com")
    said = capsys.readouterr().out
    assert re.search(r"boss@example\.com may log in with \S{20,} and", said)
    with pytest.raises(SystemExit, match="The address or the handle is taken"):
        run("admin", "boss@example.com")


def test_the_demo_is_written_twice_and_there_once(run: Run) -> None:
    """`seed` may be repeated, after `setup`, which may be too."""
    for command in ("setup", "setup", "seed", "seed"):
        run(command)


def test_without_tables_the_sentence_names_the_setting(run: Run) -> None:
    """And there is no traceback."""
    with pytest.raises(SystemExit, match=r"^DATABASE_URL leads to no database"):
        run("seed")


@pytest.mark.parametrize("command", ["seed", "dev"])
def test_production_has_no_demo(run: Run, command: str) -> None:
    """Everybody knows its passwords."""
    production = {
        name: PRODUCTION[name] for name in PRODUCTION.keys() - {"DATABASE_URL"}
    }
    with pytest.raises(SystemExit, match=f"^{command} is for development"):
        run(command, **production)
