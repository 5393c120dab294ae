"""Signing in to the IoT platform: right passwords are no guesses, and a class shares one address."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from .harness.devserver import DevServer, dev
from .harness.projects import Project
from .harness.waiting import free_port

OK, UNAUTHORIZED, TOO_MANY = 200, 401, 429
SCHOOL = "198.51.100.7"
# Guesses use up an account's attempts, and the tests come in any order.
CLASS, GUESSED = ("operator", "admin"), "viewer"


@pytest.fixture(scope="module")
def server(project: Callable[..., Project]) -> Iterator[DevServer]:
    """A development server behind a proxy, which says where people are."""
    platform = project(template="iot-fastapi")
    with dev(platform, NUM_PROXIES="1", MQTT_PORT=str(free_port())) as running:
        yield running


def sign_in(server: DevServer, who: str, address: str, password: str = "") -> int:
    """Sign in with a demo account from an address; return the status."""
    email, right = server.account(who)
    form = urlencode({"username": email, "password": password or right}).encode()
    browser = server.browser()
    return browser.open("/api/v1/auth/token", form, {"X-Forwarded-For": address}).status


def test_class_signs_in_from_one_address(server: DevServer) -> None:
    """Sixty right passwords from one address within a minute are no attack, whoever they are."""
    found = [sign_in(server, CLASS[turn % 2], SCHOOL) for turn in range(60)]
    assert found == [OK] * 60


def test_wrong_passwords_at_once_count(server: DevServer) -> None:
    """Of twenty guesses at one account sent at once five at most are looked at in a window."""
    with ThreadPoolExecutor(20) as pool:
        guesses = pool.map(lambda turn: sign_in(server, GUESSED, f"203.0.113.{turn}", "a guess"), range(20))
        found = list(guesses)
    assert set(found) == {UNAUTHORIZED, TOO_MANY}
    # They may fall into two windows of a minute.
    assert 5 <= found.count(UNAUTHORIZED) <= 10
