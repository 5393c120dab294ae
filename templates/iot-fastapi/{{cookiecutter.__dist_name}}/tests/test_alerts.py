"""Rules watch, alerts open once, and people look after them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.alerts import services
from app.alerts.judge import Verdict, judge
from app.alerts.models import Alert, AlertEvent, Rule
from app.core.database import Database
from app.devices.models import Device, Group
from app.readings.services import find_metric
from tests.conftest import AsRole
from tests.measuring import START, make_device, reading, store

pytestmark = pytest.mark.milestone(6)
V1 = "/api/v1"


@dataclass
class Limits:
    """A rule without a database."""

    kind: str = "above"
    threshold: float | None = 30.0
    clear: float | None = 28.0
    window_seconds: int = 60


async def make_rule(database: Database, **changes: Any) -> UUID:
    """Have a rule: the temperature is above 30 °C, and below 28 °C again."""
    async with database.begin() as session:
        metric = await find_metric(session, "temperature")
        fields = {
            "name": "Hot",
            "kind": "above",
            "metric_id": metric.id,
            "threshold": 30.0,
            "clear": 28.0,
            "window_seconds": 60,
        }
        session.add(made := Rule(**(fields | changes), channels=[]))
    return made.id


async def alerts(database: Database) -> list[Alert]:
    """Return every alert, the oldest first."""
    async with database.session(write=False) as session:
        return list(await session.scalars(sa.select(Alert).order_by(Alert.id)))


def at(seconds: float) -> datetime:
    """Return a time so long after START."""
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("limits", "value", "is_open", "verdict"),
    [
        (Limits(), 30.1, False, Verdict.OPEN),
        (Limits(), 30.0, False, Verdict.NOTHING),
        (Limits(), 29.0, True, Verdict.NOTHING),
        (Limits(), 28.0, True, Verdict.RESOLVE),
        (Limits(), None, True, Verdict.NOTHING),
        (Limits("below", 5.0, 6.0), 4.9, False, Verdict.OPEN),
        (Limits("below", 5.0, 6.0), 5.5, True, Verdict.NOTHING),
        (Limits("below", 5.0, 6.0), 6.0, True, Verdict.RESOLVE),
        (Limits("silence", None, None), 61.0, False, Verdict.OPEN),
        (Limits("silence", None, None), 60.0, True, Verdict.RESOLVE),
    ],
)
def test_what_a_value_means(
    limits: Limits,
    value: float | None,
    is_open: bool,
    verdict: Verdict,
) -> None:
    """It opens beyond the threshold, and resolves beyond the other limit."""
    assert judge(limits, value, is_open=is_open) is verdict


@given(st.lists(st.floats(28.01, 30.0), max_size=50))
def test_trembling_raises_nothing(values: list[float]) -> None:
    """Between the two limits nothing ever changes."""
    for is_open in (True, False):
        found = {judge(Limits(), value, is_open=is_open) for value in values}
        assert found <= {Verdict.NOTHING}


def test_a_rule_without_limits_is_a_mistake() -> None:
    """The database refuses one, and so does the judge."""
    with pytest.raises(ValueError, match="both limits"):
        judge(Limits(threshold=None), 1.0, is_open=False)


async def test_the_life_of_an_alert(database: Database) -> None:
    """It opens by the mean of the window, once, and resolves beyond `clear`."""
    device_id = await make_device(database)
    await make_rule(database, device_id=device_id)
    steps = [
        (0, [20.0], []),
        (100, [40.0, 15.0], []),  # one spike is not the mean
        (200, [31.0, 33.0], ["open"]),
        (300, [31.0], ["open"]),
        (400, [29.0], ["open"]),  # not below `clear` yet
        (500, [], ["open"]),  # nothing known, nothing changes
        (600, [27.0], ["resolved"]),
        (700, [35.0], ["resolved", "open"]),
    ]
    for seconds, values, expected in steps:
        rows = [reading(device_id, seconds + n, one) for n, one in enumerate(values)]
        await store(database, rows)
        await services.evaluate(database, at(seconds + 5))
        assert [one.status for one in await alerts(database)] == expected
    first = (await alerts(database))[0]
    assert first.value == 32.0
    async with database.session(write=False) as session:
        query = sa.select(AlertEvent.status).where(AlertEvent.alert_id == first.id)
        found = list(await session.scalars(query.order_by(AlertEvent.id)))
    assert found == ["open", "resolved"]


async def test_a_long_window_is_read_from_roll_ups(database: Database) -> None:
    """The mean weighs readings, not minutes."""
    device_id = await make_device(database)
    await make_rule(database, window_seconds=3600)
    rows = [reading(device_id, 600 + n, 20.0) for n in range(9)]
    await store(database, [*rows, reading(device_id, 1200, 70.0)])
    await services.evaluate(database, at(1300))
    assert await alerts(database) == []  # 25 in the mean, and not 45
    await store(database, [reading(device_id, 1201 + n, 70.0) for n in range(9)])
    assert await services.evaluate(database, at(1300)) == 1


async def test_a_device_that_is_silent(database: Database) -> None:
    """Without a metric any message counts, with one only its readings."""
    device_id = await make_device(database, created_at=START)
    silent = {"kind": "silence", "threshold": None, "clear": None}
    await make_rule(database, **silent, metric_id=None)
    await make_rule(database, **silent)
    assert await services.evaluate(database, at(60)) == 0
    assert await services.evaluate(database, at(61)) == 2
    async with database.begin() as session:
        await session.execute(sa.update(Device).values(last_seen_at=at(70)))
    assert await services.evaluate(database, at(80)) == 1
    await store(database, [reading(device_id, 85)])
    assert await services.evaluate(database, at(90)) == 1
    assert {one.status for one in await alerts(database)} == {"resolved"}


async def test_whom_a_rule_is_about(database: Database) -> None:
    """All devices, those of a group or one; never those that are not active."""
    devices = [await make_device(database) for _ in range(3)]
    await make_device(database, active=False)
    async with database.begin() as session:
        session.add(group := Group(name="Cellar"))
        one = await session.get_one(Device, devices[1])
        one.groups.append(group)
    everyone, grouped, single = [
        await make_rule(database, **changes)
        for changes in ({}, {"group_id": group.id}, {"device_id": devices[0]})
    ]
    async with database.session(write=False) as session:
        found = [
            set(
                await services.observed(
                    session, await session.get_one(Rule, one), START
                )
            )
            for one in (everyone, grouped, single)
        ]
    assert found == [set(devices), {devices[1]}, {devices[0]}]


async def test_two_workers_raise_one_alert(database: Database) -> None:
    """However many look at once, one opens it, and one resolves it."""
    device_id = await make_device(database)
    await make_rule(database)
    for seconds, value in ((0, 40.0), (100, 10.0)):
        await store(database, [reading(device_id, seconds, value)])
        looks = (services.evaluate(database, at(seconds + 1)) for _ in range(4))
        assert sum(await asyncio.gather(*looks)) == 1
    assert len(await alerts(database)) == 1


async def test_a_rule_that_is_switched_off(database: Database) -> None:
    """Its alerts are over: nothing would ever resolve them."""
    device_id = await make_device(database)
    rule_id = await make_rule(database)
    await store(database, [reading(device_id, 0, 40.0)])
    await services.evaluate(database, at(1))
    async with database.begin() as session:
        (await session.get_one(Rule, rule_id)).active = False
    assert await services.evaluate(database, at(2)) == 1
    assert [one.status for one in await alerts(database)] == ["resolved"]


async def test_somebody_looks_after_an_alert(
    database: Database, client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """Acknowledged and resolved by an operator; the history names them."""
    device_id = await make_device(database)
    await make_rule(database)
    await store(database, [reading(device_id, 0, 40.0)])
    await services.evaluate(database, at(1))
    headers = await as_role("operator")
    listed = await client.get(f"{V1}/alerts?status=open", headers=headers)
    (found,) = listed.json()["items"]
    assert (found["device_id"], found["rule"]["name"]) == (device_id, "Hot")
    path = f"{V1}/alerts/{found['id']}"
    statuses = [
        (await client.post(f"{path}/{step}", headers=headers)).status_code
        for step in ("acknowledge", "acknowledge", "resolve", "resolve", "acknowledge")
    ]
    assert statuses == [200, 409, 200, 409, 409]
    history = (await client.get(path, headers=headers)).json()["history"]
    assert [(step["status"], step["by_name"]) for step in history] == [
        ("open", ""),
        ("acknowledged", "A User"),
        ("resolved", "A User"),
    ]
    for query, count in ((f"device={device_id}", 1), ("device=other-one", 0)):
        listed = await client.get(f"{V1}/alerts?{query}", headers=headers)
        assert len(listed.json()["items"]) == count
    for missing in (f"{V1}/alerts/{UUID(int=1)}", f"{V1}/alert-rules/{UUID(int=1)}"):
        assert (await client.get(missing, headers=headers)).status_code == 404
    missing = f"{V1}/alerts/{UUID(int=1)}/resolve"
    assert (await client.post(missing, headers=headers)).status_code == 404


async def test_rules_over_the_api(
    database: Database, client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """A rule is made, shown, changed as a whole and removed."""
    device_id = await make_device(database)
    headers = await as_role("operator")
    body = {"name": "Hot", "kind": "above", "metric": "temperature", "threshold": 30}
    made = await client.post(f"{V1}/alert-rules", json=body, headers=headers)
    assert made.status_code == 201
    assert made.json()["clear"] == 30
    path = f"{V1}/alert-rules/{made.json()['id']}"
    changed = body | {"device_id": device_id, "clear": 25, "active": False}
    assert (await client.put(path, json=changed, headers=headers)).status_code == 200
    shown = (await client.get(path, headers=headers)).json()
    assert {**shown, **changed} == shown
    listed = await client.get(f"{V1}/alert-rules", headers=headers)
    assert listed.json()["items"] == [shown]
    assert (await client.delete(path, headers=headers)).status_code == 204
    assert (await client.delete(path, headers=headers)).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"metric": None},
        {"threshold": None},
        {"clear": 31},
        {"kind": "below", "clear": 29},
        {"kind": "silence"},
        {"device_id": "no-such", "group_id": str(UUID(int=1))},
        {"device_id": "no-such"},
        {"group_id": str(UUID(int=1))},
        {"metric": "nothing"},
        {"channel_ids": [str(UUID(int=1))]},
        {"window_seconds": 0},
        {"window_seconds": 86401},
        {"more": 1},
    ],
)
async def test_a_rule_that_is_refused(
    database: Database,
    client: httpx2.AsyncClient,
    as_role: AsRole,
    changes: dict[str, Any],
) -> None:
    """What makes no sense, or names what there is not, is refused."""
    await make_device(database)
    body = {"name": "Hot", "kind": "above", "metric": "temperature", "threshold": 30}
    answer = await client.post(
        f"{V1}/alert-rules", json=body | changes, headers=await as_role("operator")
    )
    assert answer.status_code == 422
