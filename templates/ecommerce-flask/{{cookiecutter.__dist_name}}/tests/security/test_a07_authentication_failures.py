"""A07 Authentication Failures: guessing is slow, and nothing tells who is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.buying import API

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.test import TestResponse

pytestmark = pytest.mark.milestone(8)
type Login = dict[str, str]


def log_in(app: Flask, login: Login, address: str = "192.0.2.1") -> TestResponse:
    """Log in from an address."""
    return app.test_client().post(
        f"{API}/auth/login", json=login, environ_base={"REMOTE_ADDR": address}
    )


def test_an_account_is_locked_after_five_failures(
    app: Flask, make_app: Callable[..., Flask], member: Callable[[], Login]
) -> None:
    """429 with Retry-After, for the right password too, and after a restart as well."""
    login = member()
    wrong = login | {"password": "wrong"}
    assert [log_in(app, wrong).status_code for _ in range(5)] == [401] * 5
    for server in (app, make_app()):
        locked = log_in(server, login)
        assert locked.status_code == 429
        assert 0 < int(locked.headers["Retry-After"]) <= 3600


def test_failures_count_from_every_address_together(
    app: Flask, member: Callable[[], Login]
) -> None:
    """Guessing from many addresses is guessing at one account."""
    login = member()
    wrong = login | {"password": "wrong"}
    for number in range(5):
        log_in(app, wrong, f"192.0.2.{number}")
    assert log_in(app, login, "192.0.2.99").status_code == 429


def test_an_account_written_differently_is_the_same_account(
    app: Flask, member: Callable[[], Login]
) -> None:
    """Neither a name before the address nor other letters for it are a new chance."""
    login = member()
    user, _, host = login["email"].partition("@")
    for number, email in enumerate(
        (
            f"One <{user}@{host}>",
            f"Two <{user}@{host}>",
            f"{user}@{host.upper()}",
            f" {user.upper()}@\N{FULLWIDTH LATIN SMALL LETTER E}{host[1:]}",
            f"{user}@{host.replace('.', chr(0x3002))}",
        )
    ):
        wrong = {"email": email, "password": "wrong"}
        assert log_in(app, wrong, f"192.0.2.{number}").status_code == 401
    assert log_in(app, login, "192.0.2.99").status_code == 429


def test_an_address_that_guesses_at_many_accounts_is_locked(
    app: Flask, member: Callable[[], Login]
) -> None:
    """Ten a minute, whoever they are about; IPv6 counts by network."""
    for address, same in (("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::2")):
        for number in range(10):
            guess = {"email": f"g{number}-{address[0]}@example.com", "password": "x"}
            assert log_in(app, guess, address).status_code == 401
        assert log_in(app, member(), same).status_code == 429


def test_weak_passwords_are_refused(app: Flask) -> None:
    """Short ones, common ones, and those that repeat the address."""
    app.config["RATELIMIT_ENABLED"] = False
    for number, password in enumerate(
        ("short", "password123", "a" * 12, "eve-the-first@example.com", "x" * 129)
    ):
        body = {
            "email": "eve-the-first@example.com",
            "name": "Eve",
            "password": password,
        }
        answer = app.test_client().post(f"{API}/auth/register", json=body)
        assert answer.status_code == 422, number


def test_answers_to_a_login_are_kept_by_no_cache(
    app: Flask, member: Callable[[], Login]
) -> None:
    """Tokens are for whoever asked, not for a proxy on the way."""
    assert "no-store" in log_in(app, member()).headers["Cache-Control"]
