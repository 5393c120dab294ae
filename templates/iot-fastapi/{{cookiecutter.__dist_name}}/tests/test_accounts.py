"""Accounts: logging in, one's own, and those of others."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from app.core import passwords
from app.core.database import Database
from tests.conftest import AsRole
from tests.factories import make_user

pytestmark = pytest.mark.milestone(2)
API, PASSWORD = "/api/v1", "correct horse battery"


async def member(database: Database, **changes: Any) -> str:
    """Have somebody who knows the password; return the address."""
    hashed = await passwords.hashed(PASSWORD)
    return (await make_user(database, password=hashed, **changes)).email


async def log_in(
    client: httpx2.AsyncClient, email: str, password: str = PASSWORD
) -> httpx2.Response:
    """Log in as OAuth 2.0's password grant does."""
    form = {"grant_type": "password", "username": email, "password": password}
    return await client.post(f"{API}/auth/token", data=form)


async def test_a_login_gives_tokens(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """However the address is written; the answer is as RFC 6749 has it."""
    email = await member(database)
    answer = await log_in(client, f" {email.upper()} ")
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == 900
    assert "no-store" in answer.headers["Cache-Control"]
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    me = await client.get(f"{API}/me", headers=headers)
    assert me.json()["email"] == email
    assert "password" not in me.json()


async def test_a_login_tells_nothing(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """Unknown, closed and wrong are the same answer."""
    known, closed = await member(database), await member(database, active=False)
    answers = [
        await log_in(client, known, "wrong"),
        await log_in(client, closed),
        await log_in(client, "nobody@example.com"),
    ]
    told = {(one.status_code, one.json()["detail"]) for one in answers}
    assert told == {(401, "The e-mail address or the password is wrong.")}


async def test_people_change_their_name(
    client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """And not their role."""
    headers = await as_role("viewer")
    answer = await client.patch(f"{API}/me", json={"name": "Ann"}, headers=headers)
    assert answer.json()["name"] == "Ann"
    more = {"name": "Ann", "role": "admin"}
    answer = await client.patch(f"{API}/me", json=more, headers=headers)
    assert answer.status_code == 422


async def test_a_new_password_ends_every_login(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """The old one is asked for, and opens nothing any more."""
    email = await member(database)
    token = (await log_in(client, email)).json()["access_token"]
    headers, path = {"Authorization": f"Bearer {token}"}, f"{API}/me/password"
    wrong = {"current": "wrong", "new": "another long one"}
    poor = {"current": PASSWORD, "new": "short"}
    good = {"current": PASSWORD, "new": "another long one"}
    for body, status in ((wrong, 403), (poor, 422), (good, 204), (good, 401)):
        answer = await client.post(path, json=body, headers=headers)
        assert answer.status_code == status
    assert (await log_in(client, email)).status_code == 401
    assert (await log_in(client, email, "another long one")).status_code == 200


async def test_an_admin_makes_accounts(
    client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """Whoever gets one may log in; an address has one account, in whatever case."""
    admin = await as_role("admin")
    body = {"email": "Eve@Example.com", "name": "Eve", "password": PASSWORD}
    made = await client.post(f"{API}/users", json=body, headers=admin)
    assert made.status_code == 201
    assert (made.json()["email"], made.json()["role"]) == ("eve@example.com", "viewer")
    shown = await client.get(made.headers["Location"], headers=admin)
    assert shown.json() == made.json()
    assert (await log_in(client, "eve@example.com")).status_code == 200
    again = await client.post(f"{API}/users", json=body, headers=admin)
    assert again.status_code == 409
    poor = body | {"email": "mallory@example.com", "password": "password123"}
    assert (
        await client.post(f"{API}/users", json=poor, headers=admin)
    ).status_code == 422


async def test_an_admin_closes_an_account(
    client: httpx2.AsyncClient, database: Database, as_role: AsRole
) -> None:
    """Its logins end at once, and do not come back when it is opened again."""
    email = await member(database)
    token = (await log_in(client, email)).json()["access_token"]
    theirs, admin = {"Authorization": f"Bearer {token}"}, await as_role("admin")
    me = (await client.get(f"{API}/me", headers=theirs)).json()
    path = f"{API}/users/{me['id']}"
    closed = await client.patch(path, json={"active": False}, headers=admin)
    assert closed.json()["active"] is False
    await client.patch(path, json={"active": True, "role": "operator"}, headers=admin)
    assert (await client.get(f"{API}/me", headers=theirs)).status_code == 401
    assert (await log_in(client, email)).status_code == 200
    assert (await client.delete(path, headers=admin)).status_code == 204
    assert (await client.get(path, headers=admin)).status_code == 404


async def test_an_admin_does_not_lock_themselves_out(
    client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """So there is always one."""
    admin = await as_role("admin")
    me = (await client.get(f"{API}/me", headers=admin)).json()
    path = f"{API}/users/{me['id']}"
    for change in ({"role": "viewer"}, {"active": False}):
        answer = await client.patch(path, json=change, headers=admin)
        assert answer.status_code == 409
    assert (await client.delete(path, headers=admin)).status_code == 409
    named = await client.patch(path, json={"name": "Root"}, headers=admin)
    assert named.json()["role"] == "admin"


async def test_accounts_are_listed_page_by_page(
    client: httpx2.AsyncClient, database: Database, as_role: AsRole
) -> None:
    """The newest first; a page has a hundred at most."""
    admin, path = await as_role("admin"), f"{API}/users"
    for _ in range(3):
        await make_user(database)
    first = (await client.get(f"{path}?limit=3", headers=admin)).json()
    rest = await client.get(path, params={"after": first["next"]}, headers=admin)
    ids = [user["id"] for user in first["items"] + rest.json()["items"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), rest.json()["next"]) == (4, None)
    for query in ("limit=101", "limit=0", "after=x", "unknown=1"):
        answer = await client.get(f"{path}?{query}", headers=admin)
        assert answer.status_code == 422
