"""OWASP A01:2025, broken access control: everybody gets what is theirs, no more.

Every route is played with every role: what is not for a role is 401, 403 or 404.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from app.core.database import Database
from app.settings import Settings
from tests.conftest import AsRole, connected
from tests.factories import browser, log_in
from tests.security.access import (
    OPEN,
    PROVEN,
    ROLES,
    RULES,
    Rule,
    calls,
    make_things,
    picture,
)

pytestmark = pytest.mark.milestone(8)
REFUSED = {401, 403, 404}
UNSAFE = [rule for rule in RULES if not rule.call.startswith("GET ")]


def filled(
    given: dict[str, Any] | None, things: dict[str, Any]
) -> dict[str, Any] | None:
    """Return what is sent, with the things that it names."""
    if given is None:
        return None
    return {
        name: things[text[1:]] if str(text).startswith("@") else text
        for name, text in given.items()
    }


async def send(
    client: httpx2.AsyncClient,
    rule: Rule,
    things: dict[str, Any],
    headers: dict[str, str],
) -> int:
    """Make the call of a rule and return the status."""
    method, path = rule.call.split()
    answer = await client.request(
        method,
        path.format(**things),
        params=rule.query,
        json=filled(rule.body, things),
        data=filled(rule.form, things),
        files={rule.upload: picture()} if rule.upload else None,
        headers=headers,
    )
    # A page sends a stranger to the login, where the API says 401.
    if answer.headers.get("Location", "").startswith("/login?next="):
        return 401
    return answer.status_code


@pytest.mark.parametrize("rule", RULES, ids=str)
async def test_every_route_with_every_role(
    client: httpx2.AsyncClient, database: Database, settings: Settings, rule: Rule
) -> None:
    """Who may is served, all others are refused."""
    found: dict[str, int] = {}
    things = await make_things(database, settings)
    # Those who are refused first: they change nothing for the others.
    for role in sorted(ROLES, key=lambda role: role in rule.may):
        if rule in UNSAFE and found.keys() & rule.may:
            things = await make_things(database, settings)
        headers = {}
        if role != "anonymous":
            headers = await log_in(database, settings, things[role])
        found[role] = await send(client, rule, things, headers)
    served = {role for role, status in found.items() if status not in REFUSED}
    assert served == set(rule.may), found
    assert all(status < 500 and status != 422 for status in found.values()), found


async def test_no_route_is_forgotten(app: FastAPI) -> None:
    """Every route has its row in access.py, and every row its route."""
    found, known = set(calls(app)), {rule.call for rule in RULES} | OPEN | PROVEN
    missing, gone = sorted(found - known), sorted(known - found)
    rows = "".join(f'\n    Rule("{call}", PEOPLE),' for call in missing)
    assert not missing, (
        "Add a row to RULES in tests/security/access.py with those who may use the "
        f"route, or its name to OPEN if everybody may:{rows}"
    )
    assert not gone, f"Remove from tests/security/access.py, no route has it: {gone}"


async def test_no_other_site_acts_for_a_browser(
    client: httpx2.AsyncClient, database: Database, settings: Settings
) -> None:
    """A cookie alone changes nothing, on no route, whoever's it is."""
    things = await make_things(database, settings)
    for role in ("owner", "admin"):
        headers, _ = await browser(database, settings, things[role])
        found = {
            str(rule): await send(client, rule, things, headers) for rule in UNSAFE
        }
        assert set(found.values()) == {403}, found


async def test_a_refusal_is_logged(
    client: httpx2.AsyncClient,
    database: Database,
    settings: Settings,
    as_role: AsRole,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever watches the log sees who tried what, in the chat and in a room."""
    await client.get("/api/v1/reports", headers=await as_role("person"))
    assert "permission refused" in caplog.text
    caplog.clear()
    things = await make_things(database, settings)
    headers = await log_in(database, settings, things["member"])
    path = f"/api/v1/rooms/{things['room_id']}"
    await client.patch(path, json={"name": "N"}, headers=headers)
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
