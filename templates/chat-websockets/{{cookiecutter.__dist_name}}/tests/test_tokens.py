"""Tokens that count, tokens that do not, cookies, passwords."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import jwt
import pytest
import sqlalchemy as sa

from app.accounts import sessions
from app.accounts.models import Login, User
from app.core import passwords
from app.core.database import Database, utcnow
from app.core.errors import Problem
from app.settings import Settings
from tests.factories import browser, make_user

pytestmark = pytest.mark.milestone(2)
ME = "/api/v1/me"


@pytest.fixture
async def user(database: Database) -> User:
    """Return somebody."""
    return await make_user(database)


@pytest.fixture
async def tokens(database: Database, settings: Settings, user: User) -> sessions.Tokens:
    """Return the tokens of somebody who just logged in."""
    async with database.begin() as session:
        return await sessions.open_tokens(session, settings, user.id, "a browser")


async def ask(client: httpx2.AsyncClient, token: str) -> int:
    """Return the status for the bearer of the token."""
    answer = await client.get(ME, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


async def refresh(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    """Use a refresh token."""
    return await client.post("/api/v1/auth/refresh", json={"refresh_token": token})


async def test_without_a_token_there_is_nobody(
    client: httpx2.AsyncClient, tokens: sessions.Tokens
) -> None:
    """401 says how to log in; a refresh token is none for reading."""
    answer = await client.get(ME)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert await ask(client, tokens.refresh_token) == 401
    assert (await refresh(client, tokens.access_token)).status_code == 401


async def test_a_login_counts_until_it_ends(
    client: httpx2.AsyncClient, tokens: sessions.Tokens
) -> None:
    """Logging out is not a wish: both tokens end with it."""
    assert await ask(client, tokens.access_token) == 200
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    assert (
        await client.post("/api/v1/auth/logout", headers=headers)
    ).status_code == 204
    assert await ask(client, tokens.access_token) == 401
    assert (await refresh(client, tokens.refresh_token)).status_code == 401


async def test_a_refresh_token_works_once(
    client: httpx2.AsyncClient, tokens: sessions.Tokens
) -> None:
    """The second use ends the whole family, the thief's tokens and the owner's."""
    newer = (await refresh(client, tokens.refresh_token)).json()
    assert await ask(client, newer["access_token"]) == 200
    again = await refresh(client, tokens.refresh_token)
    assert (again.status_code, "used before" in again.text) == (401, True)
    assert await ask(client, newer["access_token"]) == 401
    assert (await refresh(client, newer["refresh_token"])).status_code == 401


async def test_of_two_at_once_one_is_served(
    client: httpx2.AsyncClient, tokens: sessions.Tokens
) -> None:
    """However close they come."""
    both = await asyncio.gather(*(refresh(client, tokens.refresh_token) for _ in "ab"))
    assert sorted(answer.status_code for answer in both) == [200, 401]


async def test_one_login_ends_without_the_others(
    client: httpx2.AsyncClient,
    database: Database,
    settings: Settings,
    tokens: sessions.Tokens,
    user: User,
) -> None:
    """Logging out on the phone leaves the laptop alone; everywhere is everywhere."""
    async with database.begin() as session:
        other = await sessions.open_tokens(session, settings, user.id, "a phone")
    headers = {"Authorization": f"Bearer {other.access_token}"}
    await client.post("/api/v1/auth/logout", headers=headers)
    assert await ask(client, tokens.access_token) == 200
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    await client.post("/api/v1/auth/logout-all", headers=headers)
    assert await ask(client, tokens.access_token) == 401


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another"},
        {"iss": "another"},
        {"exp": 1},
        {"sid": "no such login"},
        {"sub": "00000000-0000-0000-0000-000000000000"},
        {"typ": "refresh"},
        {"jti": None},
    ],
)
async def test_a_token_with_other_claims_is_refused(
    client: httpx2.AsyncClient,
    settings: Settings,
    tokens: sessions.Tokens,
    change: dict[str, Any],
) -> None:
    """Though it is signed with our key."""
    claims = jwt.decode(tokens.access_token, options={"verify_signature": False})
    claims = {name: value for name, value in (claims | change).items() if value}
    forged = jwt.encode(claims, settings.jwt_signing_key, "HS256")
    assert await ask(client, forged) == 401


async def test_what_is_over_is_forgotten(
    database: Database, settings: Settings, user: User
) -> None:
    """The next login deletes rows that can do nothing any more."""
    async with database.begin() as session:
        await sessions.open_tokens(session, settings, user.id, "old")
        await session.execute(
            sa.update(Login).values(expires_at=utcnow() - timedelta(1))
        )
    async with database.begin() as session:
        await sessions.open_browser(session, user.id, "new")
        assert (await session.scalars(sa.select(Login.agent))).all() == ["new"]


async def test_what_is_taken_away_counts_at_once(
    client: httpx2.AsyncClient, database: Database, tokens: sessions.Tokens
) -> None:
    """An account that is closed, or gone, is nobody; whatever its token says."""
    async with database.begin() as session:
        await session.execute(sa.update(User).values(active=False))
    assert await ask(client, tokens.access_token) == 401
    assert (await refresh(client, tokens.refresh_token)).status_code == 401


async def test_a_browser_reads_by_its_cookie(
    client: httpx2.AsyncClient, database: Database, settings: Settings, user: User
) -> None:
    """The table has only the hash of what the cookie says; a forged one is nobody's."""
    headers, _ = await browser(database, settings, user)
    assert (await client.get(ME, headers=headers)).status_code == 200
    async with database.session(write=False) as session:
        kept = (await session.scalars(sa.select(Login.id))).one()
    assert kept not in headers["Cookie"]
    for forged in (kept, headers["Cookie"][:-1], "session="):
        answer = await client.get(ME, headers={"Cookie": f"session={forged}"})
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"X-CSRF-Token": "guessed"},
        {"X-CSRF-Token": "right", "Origin": "https://evil.example"},
        {"X-CSRF-Token": "right", "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_change_by_cookie_needs_a_page_of_ours(
    client: httpx2.AsyncClient,
    database: Database,
    settings: Settings,
    user: User,
    sent: dict[str, str],
) -> None:
    """Without the session's CSRF token, or from elsewhere, it is a 403."""
    headers, csrf = await browser(database, settings, user)
    headers |= {name: csrf if text == "right" else text for name, text in sent.items()}
    answer = await client.patch(ME, json={"name": "New"}, headers=headers)
    assert answer.status_code == 403


async def test_a_change_from_a_page_of_ours_is_served(
    client: httpx2.AsyncClient, database: Database, settings: Settings, user: User
) -> None:
    """The token comes in a header, or in a form."""
    headers, csrf = await browser(database, settings, user)
    ours = headers | {"X-CSRF-Token": csrf, "Origin": "http://test"}
    changed = await client.patch(ME, json={"name": "New"}, headers=ours)
    assert changed.json()["name"] == "New"
    form = {"csrf_token": csrf}
    out = await client.post("/api/v1/auth/logout", data=form, headers=headers)
    assert out.status_code == 204
    assert "Max-Age=0" in out.headers["Set-Cookie"]
    assert (await client.get(ME, headers=headers)).status_code == 401


@pytest.mark.parametrize(
    "password", ["short", "x" * 129, "QWERTYUIOP", "aaaaaaaaaaaa", "ann@example.com"]
)
def test_a_bad_password_is_refused(password: str) -> None:
    """With what is wrong about it."""
    with pytest.raises(Problem) as refused:
        passwords.require_good(password, "ann@example.com")
    assert refused.value.status == 422


async def test_a_password_is_kept_as_argon2id() -> None:
    """And nobody's password opens an account that is not there."""
    passwords.require_good("correct horse battery", "ann@example.com")
    hashed = await passwords.hashed("correct horse battery")
    assert hashed.startswith("$argon2id$")
    assert await passwords.matches("correct horse battery", hashed)
    assert not await passwords.matches("wrong", hashed)
    assert not await passwords.matches("nobody has this password", None)
