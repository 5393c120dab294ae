"""OWASP A01:2025, broken access control: everybody gets what is theirs, no more.

Every route is played with every role: what is not for a role is 401, 403 or 404.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from app.accounts import keys
from app.core.database import Database
from app.settings import Settings
from tests.conftest import AsRole, connected
from tests.factories import browser, make_user
from tests.security.access import (
    OPEN,
    PEOPLE,
    PROVEN,
    ROLES,
    RULES,
    Rule,
    calls,
    make_things,
)

pytestmark = pytest.mark.milestone(8)
REFUSED = {401, 403, 404}
UNSAFE = [rule for rule in RULES if not rule.call.startswith("GET ")]

type Play = Callable[[Rule, str, dict[str, Any]], Awaitable[int]]


async def send(
    client: httpx2.AsyncClient,
    rule: Rule,
    things: dict[str, Any],
    headers: dict[str, str],
) -> httpx2.Response:
    """Make the call of a rule."""
    method, path = rule.call.split()
    ids = {parameter: things[name] for parameter, name in rule.on.items()}
    return await client.request(
        method,
        path.format(**ids),
        params=rule.query,
        json=rule.body,
        data=rule.form,
        headers=headers | rule.headers,
    )


@pytest.fixture
async def play(
    app: FastAPI, client: httpx2.AsyncClient, database: Database, as_role: AsRole
) -> Play:
    """Return what makes a call as somebody of a role, and gives the status."""
    app.state.stopping.set()  # a stream that is served ends at once

    async def make(rule: Rule, role: str, things: dict[str, Any]) -> int:
        headers: dict[str, str] = {}
        if role in PEOPLE:
            headers = await as_role(role)
        if role == "robot":
            by = await make_user(database, "admin")
            async with database.begin() as session:
                _, secret = await keys.make(
                    session, name="Robot", scopes=["read"], by=by.id
                )
            headers = {"X-API-Key": secret}
        answer = await send(client, rule, things, headers)
        # A page leads a stranger to the login, where the API answers 401.
        to_login = answer.headers.get("Location", "").startswith("/login?next=")
        return 401 if to_login else answer.status_code

    return make


@pytest.mark.parametrize("rule", RULES, ids=str)
async def test_every_route_with_every_role(
    play: Play, database: Database, rule: Rule
) -> None:
    """Who may is served, all others are refused; what is there is there for each."""
    things = await make_things(database)
    found = {
        role: await play(rule, role, things) for role in ROLES if role not in rule.may
    }
    for role in rule.may:
        found[role] = await play(rule, role, await make_things(database))
    served = {role for role, status in found.items() if status not in REFUSED}
    assert served == set(rule.may), found
    assert all(status < 500 for status in found.values()), found


async def test_no_route_is_forgotten(app: FastAPI) -> None:
    """A new route needs a row in access.py, or stands among those that are open."""
    answered, listed = set(calls(app)), {rule.call for rule in RULES} | OPEN | PROVEN
    for call in sorted(answered - listed):
        pytest.fail(
            f"{call} has no row in tests/security/access.py. Say there who may call it:"
            f' Rule("{call}", READERS) in PAGES, or "{call}" in OPEN if anyone may.',
            pytrace=False,
        )
    for call in sorted(listed - answered):
        pytest.fail(
            f"tests/security/access.py has a row for {call}, but there is no such route"
            " any more: delete the row.",
            pytrace=False,
        )


@pytest.mark.parametrize("rule", UNSAFE, ids=str)
async def test_no_other_site_acts_for_a_browser(
    client: httpx2.AsyncClient, database: Database, settings: Settings, rule: Rule
) -> None:
    """An admin's cookie alone changes nothing, on no route."""
    headers, _ = await browser(database, settings, await make_user(database, "admin"))
    answer = await send(client, rule, await make_things(database), headers)
    assert answer.status_code == 403


async def test_a_refusal_is_logged(
    client: httpx2.AsyncClient, as_role: AsRole, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever watches the log sees who tried what."""
    await client.get("/api/v1/users", headers=await as_role("operator"))
    assert "permission refused" in caplog.text


async def test_other_sites_read_nothing(
    make_app: Callable[..., FastAPI], client: httpx2.AsyncClient
) -> None:
    """CORS answers the origins of its list, and by default nobody."""
    name = "Access-Control-Allow-Origin"
    ours = {"Origin": "https://app.example"}
    assert name not in (await client.get("/healthz", headers=ours)).headers
    app = make_app(cors_allowed_origins=("https://app.example",))
    async with connected(app) as listed:
        assert name in (await listed.get("/healthz", headers=ours)).headers
        other = {"Origin": "https://evil.example"}
        assert name not in (await listed.get("/healthz", headers=other)).headers
