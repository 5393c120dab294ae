"""Signing in to the chat: strangers cannot use up somebody's attempts, and a class shares one address."""

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest

from .harness.devserver import DevServer, dev
from .harness.projects import Project
from .harness.web import Answer

OK, ACCEPTED, UNAUTHORIZED, TOO_MANY = 200, 202, 401, 429
SCHOOL = "198.51.100.7"


@pytest.fixture(scope="module")
def server(project: Callable[..., Project]) -> Iterator[DevServer]:
    """A development server behind a proxy, which says where people are."""
    with dev(project(template="chat-websockets"), NUM_PROXIES="1") as running:
        yield running


def sign_in(server: DevServer, who: str, address: str, password: str = "") -> Answer:
    """Sign in with a demo account from an address."""
    email, right = server.account(who)
    form = urlencode({"username": email, "password": password or right}).encode()
    return server.browser().open("/api/v1/auth/token", form, {"X-Forwarded-For": address})


def test_strangers_cannot_use_up_the_attempts_of_an_account(server: DevServer) -> None:
    """Where somebody has signed in before they still can, whatever others try from elsewhere."""
    home = "192.0.2.1"
    assert sign_in(server, "ben", home).status == OK
    guesses = [sign_in(server, "ben", f"203.0.113.{number}", "a guess").status for number in range(8)]
    assert set(guesses[:3]) == {UNAUTHORIZED}
    assert TOO_MANY in guesses
    assert sign_in(server, "ben", "203.0.113.99").status == TOO_MANY
    assert sign_in(server, "ben", home).status == OK


def test_class_signs_in_from_one_address(server: DevServer) -> None:
    """Sixty correct logins from one address within a minute are no attack, whoever they are."""
    found = [sign_in(server, ("ada", "cleo", "admin")[turn % 3], SCHOOL).status for turn in range(60)]
    assert found == [OK] * 60


def test_class_of_200_gets_its_mails(server: DevServer) -> None:
    """Two hundred people behind one address ask for a mail, and each gets one."""

    def ask(number: int) -> int:
        value = {"email": f"pupil{number}@example.com"}
        forwarded = {"X-Forwarded-For": SCHOOL}
        return server.browser().post_json("/api/v1/auth/reset", value, **forwarded).status

    assert [ask(number) for number in range(200)] == [ACCEPTED] * 200
