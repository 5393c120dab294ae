"""Keys of machines: what they open, what they do not, how they are kept."""

from __future__ import annotations

import httpx2
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.accounts import keys
from app.accounts.models import ApiKey, User
from app.core.database import Database
from tests.conftest import AsRole, connected
from tests.factories import make_user

pytestmark = pytest.mark.milestone(2)
ME = "/api/v1/me"


@pytest.fixture
async def user(database: Database) -> User:
    """Return somebody."""
    return await make_user(database, "operator")


async def test_a_key_is_for_a_machine(
    app: FastAPI, database: Database, as_role: AsRole
) -> None:
    """It does what its scopes say, is no person, and shows when it was used."""
    admin = await as_role("admin")

    async with connected(app) as client:
        body = {"name": "Robot", "scopes": ["read", "command"]}
        made = await client.post("/api/v1/api-keys", json=body, headers=admin)
        assert made.status_code == 201
        robot = {"X-API-Key": made.json()["secret"]}
        assert (await client.get(ME, headers=robot)).status_code == 403
        for path in ("/api/v1/users", "/api/v1/api-keys"):
            assert (await client.get(path, headers=robot)).status_code == 403
        listed = (await client.get("/api/v1/api-keys", headers=admin)).json()["items"]
        assert listed[0]["last_used_at"]
        assert "secret" not in listed[0]
        key_id = made.json()["id"]
        path = f"/api/v1/api-keys/{key_id}"
        assert (await client.delete(path, headers=admin)).status_code == 204
        assert (await client.delete(path, headers=admin)).status_code == 404
        assert (await client.get(ME, headers=robot)).status_code == 401


async def test_scopes_are_what_a_machine_may_have(
    client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """Nothing with which it could make accounts or other keys."""
    admin = await as_role("admin")
    for scope in ("people", "keys", "all"):
        body = {"name": "Robot", "scopes": [scope]}
        answer = await client.post("/api/v1/api-keys", json=body, headers=admin)
        assert answer.status_code == 422


async def test_a_key_is_kept_as_a_hash(database: Database, user: User) -> None:
    """Its first characters find it, and alone they open nothing."""
    async with database.begin() as session:
        made, secret = await keys.make(
            session, name="Robot", scopes=["read"], by=user.id
        )
        assert secret not in (made.hash, made.prefix)
    assert await keys.find(database, secret)
    assert await keys.find(database, secret[:-1] + "?") is None
    assert await keys.find(database, made.prefix) is None
    async with database.session(write=False) as session:
        used = (await session.scalars(sa.select(ApiKey.last_used_at))).one()
    assert used
