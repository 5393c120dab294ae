"""Who may do what: a row for each route and method of the application.

`test_a01_broken_access_control.py` plays every row with every role, and fails as long
as a route of the application is missing here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from app.accounts import keys
from app.alerts import models
from app.commands.models import Command
from app.core.database import Database, new_id, utcnow
from app.devices.models import Device, Group, Site
from app.readings.models import Day, Metric
from tests.factories import make_user, numbers

# "robot" has an API key that may read, and nothing else.
ROLES = ("anonymous", "robot", "viewer", "operator", "admin")
ANYONE = frozenset(ROLES)
READERS = ANYONE - {"anonymous"}
PEOPLE = READERS - {"robot"}
OPERATORS = frozenset({"operator", "admin"})
ADMINS = frozenset({"admin"})


@dataclass(frozen=True)
class Rule:
    """`call` ("METHOD /path") is for those in `may` and for nobody else.

    `on` says which of the things below stand in the path.
    """

    call: str
    may: frozenset[str]
    on: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    form: dict[str, Any] | None = None
    query: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.call


V1 = "/api/v1"
USER, KEY = {"user_id": "user"}, {"key_id": "key"}
NEW_USER = {
    "email": "new@example.com",
    "name": "New",
    "password": "correct horse battery",
}

ACCOUNTS = [
    Rule(f"POST {V1}/auth/logout", PEOPLE),
    Rule(f"POST {V1}/auth/logout-all", PEOPLE),
    Rule(f"GET {V1}/me", PEOPLE),
    Rule(f"PATCH {V1}/me", PEOPLE, body={"name": "N"}),
    Rule(f"GET {V1}/users", ADMINS),
    Rule(f"POST {V1}/users", ADMINS, body=NEW_USER),
    Rule(f"GET {V1}/users/{{user_id}}", ADMINS, USER),
    Rule(f"PATCH {V1}/users/{{user_id}}", ADMINS, USER, {"name": "N"}),
    Rule(f"DELETE {V1}/users/{{user_id}}", ADMINS, USER),
    Rule(f"GET {V1}/api-keys", ADMINS),
    Rule(f"POST {V1}/api-keys", ADMINS, body={"name": "K", "scopes": ["read"]}),
    Rule(f"DELETE {V1}/api-keys/{{key_id}}", ADMINS, KEY),
]
PLACE = {"name": "North"}
DEVICE = {"device_id": "device"}
COMMAND = DEVICE | {"command_id": "command"}
ONE = f"{V1}/devices/{{device_id}}"
DEVICES = [
    *(Rule(f"GET {V1}/{kind}", READERS) for kind in ("sites", "groups", "devices")),
    *(Rule(f"POST {V1}/{kind}", ADMINS, body=PLACE) for kind in ("sites", "groups")),
    *(
        Rule(f"{method} {V1}/{kind}s/{{place_id}}", ADMINS, {"place_id": kind}, body)
        for kind in ("site", "group")
        for method, body in (("PATCH", PLACE), ("DELETE", None))
    ),
    Rule(f"POST {V1}/devices", ADMINS, body={"id": "new-one", "name": "New"}),
    Rule(f"GET {ONE}", READERS, DEVICE),
    Rule(f"PATCH {ONE}", ADMINS, DEVICE, {"name": "N"}),
    Rule(f"DELETE {ONE}", ADMINS, DEVICE),
    Rule(f"POST {ONE}/credential", ADMINS, DEVICE, {}),
    Rule(f"DELETE {ONE}/credential", ADMINS, DEVICE),
    Rule(f"GET {ONE}/commands", READERS, DEVICE),
    Rule(f"POST {ONE}/commands", OPERATORS, DEVICE, {"name": "restart"}),
    Rule(f"GET {ONE}/commands/{{command_id}}", READERS, COMMAND),
    Rule(f"GET {V1}/dead-letters", ADMINS),
]
METRIC, DAY = {"name": "metric"}, {"day": "day"}
TEMPERATURE = {"metric": "temperature"}
READINGS = [
    Rule(f"GET {V1}/metrics", READERS),
    Rule(f"PUT {V1}/metrics/{{name}}", ADMINS, METRIC, {"unit": "K"}),
    Rule(f"GET {ONE}/latest", READERS, DEVICE),
    Rule(f"GET {ONE}/readings", READERS, DEVICE, query=TEMPERATURE),
    Rule(f"GET {ONE}/readings.csv", PEOPLE, DEVICE),
    Rule(f"GET {ONE}/readings.json", PEOPLE, DEVICE),
    Rule(f"GET {V1}/archive", PEOPLE),
    Rule(f"GET {V1}/archive/{{day}}/link", PEOPLE, DAY),
]
ALERT, RULE = {"alert_id": "alert"}, {"rule_id": "rule"}
CHANNEL, SILENCE = {"channel_id": "channel"}, {"name": "Quiet", "kind": "silence"}
MAIL = {"name": "Mail", "kind": "email", "target": "ann@example.com"}
ALERTS = [
    Rule(f"GET {V1}/alerts", READERS),
    Rule(f"GET {V1}/alerts/{{alert_id}}", READERS, ALERT),
    Rule(f"POST {V1}/alerts/{{alert_id}}/acknowledge", OPERATORS, ALERT),
    Rule(f"POST {V1}/alerts/{{alert_id}}/resolve", OPERATORS, ALERT),
    Rule(f"GET {V1}/alert-rules", READERS),
    Rule(f"POST {V1}/alert-rules", OPERATORS, body=SILENCE),
    Rule(f"GET {V1}/alert-rules/{{rule_id}}", READERS, RULE),
    Rule(f"PUT {V1}/alert-rules/{{rule_id}}", OPERATORS, RULE, SILENCE),
    Rule(f"DELETE {V1}/alert-rules/{{rule_id}}", OPERATORS, RULE),
    Rule(f"GET {V1}/channels", OPERATORS),
    Rule(f"POST {V1}/channels", OPERATORS, body=MAIL),
    Rule(f"POST {V1}/channels/{{channel_id}}/secret", OPERATORS, CHANNEL),
    Rule(f"DELETE {V1}/channels/{{channel_id}}", OPERATORS, CHANNEL),
    Rule("GET /alerts", READERS),
    Rule("POST /alerts/{alert_id}/acknowledge", OPERATORS, ALERT, form={}),
    Rule("POST /alerts/{alert_id}/resolve", OPERATORS, ALERT, form={}),
    Rule("POST /alerts/rules", OPERATORS, form=SILENCE),
    Rule("POST /alerts/rules/{rule_id}/delete", OPERATORS, RULE, form={}),
]
SITE, NORTH = {"site_id": "site"}, {"name": "South"}
PAGES = [
    Rule("GET /", READERS),
    Rule("GET /live", PEOPLE),
    Rule("GET /devices/{device_id}", READERS, DEVICE),
    Rule("POST /devices", ADMINS, form={"id": "new-one", "name": "New"}),
    Rule("POST /devices/{device_id}/commands", OPERATORS, DEVICE, form={"name": "go"}),
    Rule("POST /devices/{device_id}/credential", ADMINS, DEVICE, form={}),
    Rule("GET /sites", READERS),
    Rule("POST /sites", ADMINS, form=NORTH),
    Rule("POST /sites/{site_id}/rename", ADMINS, SITE, form=NORTH),
    Rule("POST /sites/{site_id}/delete", ADMINS, SITE, form={}),
    Rule("GET /account", PEOPLE),
    Rule("POST /account/keys", ADMINS, form={"name": "K", "scopes": "read"}),
    Rule("POST /account/keys/{key_id}/revoke", ADMINS, KEY, form={}),
    Rule("POST /account/sessions/all", PEOPLE, form={}),
    Rule("POST /logout", PEOPLE, form={}),
]
RULES = [*ACCOUNTS, *DEVICES, *READINGS, *ALERTS, *PAGES]
# The same for everyone, or proven by something else than a login.
OPEN = {
    f"POST {V1}/auth/token",  # a password
    f"POST {V1}/auth/refresh",  # a refresh token
    f"GET {V1}/archive/files/{{token}}",  # a signed link
    *("GET /login", "POST /login", "GET /static/{version}/{name}"),
    *("GET /healthz", "GET /readyz", "GET /metrics"),
    *("GET /api/openapi.json", "GET /api/docs", "GET /api/docs/start.js"),
    "GET /api/docs/files",
    "GET /dev/mail",
}
# Needs the account's own password, or names a login of one's own, as well: see
# tests/test_accounts.py and tests/test_dashboard.py.
PROVEN = {
    *(f"POST {V1}/me/password", "POST /account/password"),
    "POST /account/sessions",
}


async def make_things(database: Database) -> dict[str, Any]:
    """Have one of everything that stands in a path, and return the ids."""
    user = await make_user(database)
    async with database.begin() as session:
        key, _ = await keys.make(session, name="K", scopes=["read"], by=user.id)
        name = new_id().hex
        site, group = Site(name=name), Group(name=name)
        device = Device(id=f"d-{name}", name="D")
        session.add_all([site, group, device])
        await session.flush()
        later = utcnow() + timedelta(minutes=1)
        command = Command(device_id=device.id, name="c", arguments={}, expires_at=later)
        quiet = models.Rule(name="Quiet", kind="silence", window_seconds=60)
        channel = models.Channel(name="Hook", kind="webhook", target="https://a.test/")
        session.add_all([command, quiet, channel])
        await session.flush()
        if await session.scalar(sa.select(Metric.id)) is None:
            session.add(Metric(name="temperature", unit="°C"))
        day = date(2000, 1, 1) + timedelta(days=next(numbers))
        kept = {"key": f"readings/date={day}/readings.csv.gz", "archived_at": utcnow()}
        kept |= {"archived": 1, "rows": 1, "size": 1, "sha256": "0" * 64}
        session.add(Day(day=day, touched=1, **kept))
        alert = models.Alert(rule_id=quiet.id, device_id=device.id, value=0.0)
        session.add(alert)
        await session.flush()
        made: dict[str, Any] = {
            "site": site,
            "group": group,
            "device": device,
            "command": command,
        }
        made |= {"rule": quiet, "alert": alert, "channel": channel}
    ids = {what: one.id for what, one in made.items()}
    more = {"user": user.id, "key": key.id, "day": day, "metric": f"m{name}"}
    return ids | more


def calls(app: FastAPI) -> Iterator[str]:
    """Return each "METHOD /path" that the application answers."""
    for found in iter_route_contexts(app.routes):
        route = found.original_route
        path = found.path if isinstance(route, APIRoute) else getattr(route, "path", "")
        for method in (getattr(route, "methods", None) or {"GET"}) - {"HEAD"}:
            yield f"{method} {path}"
