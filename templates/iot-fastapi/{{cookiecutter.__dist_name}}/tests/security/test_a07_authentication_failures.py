"""A07 Authentication Failures: guessing is slow, and nothing tells who is known."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest
from fastapi import FastAPI

from app.accounts import services
from app.core import passwords
from app.core.database import Database
from app.core.throttle import Throttle
from tests.conftest import AsRole, connected
from tests.factories import make_user

pytestmark = [pytest.mark.milestone(8), pytest.mark.usefixtures("one_window")]
PASSWORD = "correct horse battery"


async def member(database: Database) -> str:
    """Have somebody who knows the password; return the address."""
    hashed = await passwords.hashed(PASSWORD)
    return (await make_user(database, password=hashed)).email


async def log_in(
    app: FastAPI, email: str, password: str, address: str = "192.0.2.1"
) -> httpx2.Response:
    """Log in from an address."""
    async with connected(app, address) as client:
        form = {"username": email, "password": password}
        return await client.post("/api/v1/auth/token", data=form)


async def test_an_account_is_locked_after_five_failures(
    app: FastAPI, make_app: Callable[..., FastAPI], database: Database
) -> None:
    """429 with Retry-After, for the right password too, and after a restart as well."""
    email = await member(database)
    found = [(await log_in(app, email, "wrong")).status_code for _ in range(5)]
    assert found == [401] * 5
    for server in (app, make_app()):
        locked = await log_in(server, email, PASSWORD)
        assert locked.status_code == 429
        assert 0 < int(locked.headers["Retry-After"]) <= 3600


async def test_failures_count_from_every_address_together(
    app: FastAPI, database: Database
) -> None:
    """Guessing from many addresses is guessing at one account."""
    email = await member(database)
    for number in range(5):
        await log_in(app, email, "wrong", f"192.0.2.{number}")
    locked = await log_in(app, email.upper(), PASSWORD, "192.0.2.99")
    assert locked.status_code == 429


@pytest.mark.parametrize(
    ("address", "same"), [("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::2")]
)
async def test_an_address_that_guesses_at_many_accounts_is_locked(
    app: FastAPI,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    same: str,
) -> None:
    """Whoever they are about; IPv6 counts by network."""

    async def wrong(*_: object) -> bool:
        return False  # twenty times Argon2 is a second of nothing

    limits = (Throttle("login-from", "20/minute"),)
    monkeypatch.setattr(services, "BY_ADDRESS", limits)
    email = await member(database)
    monkeypatch.setattr(passwords, "matches", wrong)
    for number in range(20):
        guess = await log_in(app, f"g{number}@example.com", "x", address)
        assert guess.status_code == 401
    assert (await log_in(app, email, PASSWORD, same)).status_code == 429


async def test_right_passwords_do_not_count(app: FastAPI, database: Database) -> None:
    """Whoever signs in six times within a minute guesses nothing; failures do count."""
    email = await member(database)
    right = [(await log_in(app, email, PASSWORD)).status_code for _ in range(6)]
    assert right == [200] * 6
    wrong = [(await log_in(app, email, "wrong")).status_code for _ in range(6)]
    assert wrong == [401] * 5 + [429]


async def test_an_unknown_account_is_locked_too(app: FastAPI) -> None:
    """So that a lock tells nobody that there is an account."""
    found = [
        (await log_in(app, "nobody@example.com", "wrong")).status_code for _ in range(6)
    ]
    assert found == [401] * 5 + [429]


async def test_unknown_accounts_cost_as_much_time(
    app: FastAPI, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hash is compared in every case, so the time tells nothing either."""
    compared: list[str | None] = []
    verify = passwords.hasher.verify

    def counted(password: str, kept: str) -> bool:
        compared.append(kept)
        return verify(password, kept)

    monkeypatch.setattr(passwords.hasher, "verify", counted)
    await log_in(app, await member(database), "wrong")
    await log_in(app, "nobody@example.com", "wrong")
    assert len(compared) == 2
    assert all(kept and kept.startswith("$argon2id$") for kept in compared)


async def test_weak_passwords_are_refused(
    client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """Short ones, common ones, and those that repeat the address."""
    admin, email = await as_role("admin"), "eve-the-first@example.com"
    for password in ("short", "password123", "a" * 12, email, "x" * 129):
        body = {"email": email, "name": "Eve", "password": password}
        answer = await client.post("/api/v1/users", json=body, headers=admin)
        assert answer.status_code == 422


async def test_guessing_at_the_own_password_is_slow_too(
    client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """Whoever finds a session open cannot try for ever."""
    headers = await as_role("viewer")
    body = {"current": "wrong", "new": PASSWORD}
    found = [
        (await client.post("/api/v1/me/password", json=body, headers=headers))
        for _ in range(6)
    ]
    assert [answer.status_code for answer in found] == [403] * 5 + [429]
