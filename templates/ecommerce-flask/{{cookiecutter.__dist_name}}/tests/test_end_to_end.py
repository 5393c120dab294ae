"""The real server on a socket, started as a developer does."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.milestone(8)
ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 120


def free_port() -> str:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def start(port: str) -> subprocess.Popen[str]:
    """Run `python -m shop dev` on that port."""
    env = os.environ | {"APP_ENV": "development", "PORT": port}
    env |= {"MONGODB_NAME": f"shop_test_dev_{port}"}
    command = [sys.executable, "-m", "shop", "dev", "--no-reload"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    deadline = threading.Timer(PATIENCE_SECONDS, process.kill)
    deadline.daemon = True
    deadline.start()
    return process


def status(address: str) -> int:
    """Return the status with which the address answers."""
    with urllib.request.urlopen(address, timeout=60) as answer:
        return int(answer.status)


def test_dev_serves_what_it_prints() -> None:
    """The address that it prints answers, until it is told to end."""
    with start(free_port()) as process:
        assert process.stdout
        lines = iter(process.stdout.readline, "")
        found = (re.search(r"is at (http\S+)", line) for line in lines)
        address = next(match[1] for match in found if match)
        # It prints before it listens: asking again ends with an answer or its end.
        while process.poll() is None:
            with contextlib.suppress(urllib.error.URLError):
                assert status(address + "healthz") == 200
                break
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_a_taken_port_is_one_sentence() -> None:
    """It says what to do instead."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with start(str(taken.getsockname()[1])) as process:
            said, _ = process.communicate(timeout=60)
    assert re.search(r"^Port \d+ is taken: .* set PORT to another\.\n\Z", said, re.M)
    assert "Traceback" not in said
    assert process.returncode == 1
