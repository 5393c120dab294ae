"""Sites, groups and devices over the API; a secret is shown once and kept by nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.core.database import Database, utcnow
from app.devices.credentials import hash_of, may_connect, withdraw
from app.devices.models import Device, DeviceCredential
from app.mqtt.access import BrokerAwayError, BrokerRefusalError
from app.mqtt.address import address_of, embedded_password, is_embedded
from app.mqtt.runtime import DatabaseOnly
from app.settings import Settings
from tests.conftest import AsRole
from tests.factories import make_device

pytestmark = pytest.mark.milestone(3)
DEVICES = "/api/v1/devices"


@pytest.fixture
async def admin(client: httpx2.AsyncClient, as_role: AsRole) -> httpx2.AsyncClient:
    """Return a client of somebody who may do everything."""
    client.headers.update(await as_role("admin"))
    return client


async def provisioned(admin: httpx2.AsyncClient, **changes: Any) -> dict[str, Any]:
    """Return the answer to the provisioning of a device."""
    answer = await admin.post(DEVICES, json={"id": "one", "name": "One"} | changes)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_secret_is_shown_once(
    admin: httpx2.AsyncClient, database: Database
) -> None:
    """It is in the answer; the database has a hash, and nothing shows it again."""
    made = await provisioned(admin)
    secret = made["credential"]["secret"]
    assert len(secret) >= 43
    assert made["credential"]["username"] == made["credential"]["client_id"] == "one"
    async with database.session(write=False) as session:
        kept = (await session.scalars(sa.select(DeviceCredential))).one()
    assert kept.hash == hash_of(secret) != secret
    for url in (DEVICES, f"{DEVICES}/one"):
        assert secret not in (await admin.get(url)).text
    assert await may_connect(database, "one", secret)
    assert not await may_connect(database, "one", secret + "x")
    assert not await may_connect(database, "two", secret)


async def test_a_rotation_ends_the_secret_before(
    admin: httpx2.AsyncClient, database: Database
) -> None:
    """There is one good secret at a time."""
    old = (await provisioned(admin))["credential"]["secret"]
    answer = await admin.post(f"{DEVICES}/one/credential", json={})
    new = answer.json()["secret"]
    assert not await may_connect(database, "one", old)
    assert await may_connect(database, "one", new)


async def test_a_revoked_or_expired_secret_is_none(
    admin: httpx2.AsyncClient, database: Database
) -> None:
    """Nor is that of a device that was made inactive."""
    soon = (utcnow() + timedelta(hours=1)).isoformat()
    secret = (await provisioned(admin, expires_at=soon))["credential"]["secret"]
    assert await may_connect(database, "one", secret)
    async with database.begin() as session:
        past = utcnow() - timedelta(seconds=1)
        await session.execute(sa.update(DeviceCredential).values(expires_at=past))
    assert not await may_connect(database, "one", secret)
    secret = (await admin.post(f"{DEVICES}/one/credential", json={})).json()["secret"]
    assert (await admin.delete(f"{DEVICES}/one/credential")).status_code == 204
    assert not await may_connect(database, "one", secret)
    secret = (await admin.post(f"{DEVICES}/one/credential", json={})).json()["secret"]
    await admin.patch(f"{DEVICES}/one", json={"active": False})
    assert not await may_connect(database, "one", secret)
    answer = await admin.post(f"{DEVICES}/one/credential", json={})
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "The device is not active.",
    )


class Away(DatabaseOnly):
    """A broker that cannot be reached."""

    async def grant(self, device: str, secret: str) -> None:
        """Fail."""
        raise BrokerAwayError

    async def withdraw(self, device: str) -> None:
        """Fail."""
        raise BrokerAwayError


async def test_without_the_broker_nothing_is_provisioned(
    app: FastAPI, admin: httpx2.AsyncClient, database: Database
) -> None:
    """The answer is 503, and there is no half of a device."""
    app.state.access = Away()
    answer = await admin.post(DEVICES, json={"id": "one", "name": "One"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    async with database.session(write=False) as session:
        assert await session.get(Device, "one") is None


async def test_without_the_broker_a_revocation_still_counts(
    app: FastAPI, admin: httpx2.AsyncClient, database: Database
) -> None:
    """It is written down, and the worker tells the broker when it is back."""
    secret = (await provisioned(admin))["credential"]["secret"]
    app.state.access = Away()
    assert (await admin.delete(f"{DEVICES}/one/credential")).status_code == 204
    assert not await may_connect(database, "one", secret)
    async with database.session(write=False) as session:
        kept = (await session.scalars(sa.select(DeviceCredential))).one()
    assert kept.revoked_at
    assert kept.withdrawn_at is None


class Choosy(DatabaseOnly):
    """A broker that refuses to hear of one device, and notes the others."""

    def __init__(self) -> None:
        """Have heard nothing."""
        self.heard: list[str] = []

    async def withdraw(self, device: str) -> None:
        """Fail for one of them."""
        if device == "one":
            raise BrokerRefusalError("The broker refuses disableClient: Internal error")
        self.heard.append(device)


async def test_a_credential_that_the_broker_refuses_stops_no_other(
    admin: httpx2.AsyncClient, database: Database
) -> None:
    """The others are withdrawn now, and that one is tried again the next time."""
    for name in ("one", "two", "three"):
        await provisioned(admin, id=name)
    async with database.begin() as session:
        await session.execute(sa.update(DeviceCredential).values(revoked_at=utcnow()))
    broker = Choosy()
    assert await withdraw(database, broker) == 2
    assert sorted(broker.heard) == ["three", "two"]
    async with database.session(write=False) as session:
        waiting = sa.select(DeviceCredential.device_id).where(
            DeviceCredential.withdrawn_at.is_(None)
        )
        assert (await session.scalars(waiting)).all() == ["one"]


async def test_devices_are_listed_by_site_group_and_status(
    admin: httpx2.AsyncClient, database: Database
) -> None:
    """A page at a time, in the order of their ids."""
    site = (await admin.post("/api/v1/sites", json={"name": "North"})).json()["id"]
    group = (await admin.post("/api/v1/groups", json={"name": "Pumps"})).json()["id"]
    await provisioned(admin, id="pump-1", site_id=site, group_ids=[group])
    await provisioned(admin, id="pump-2", group_ids=[group])
    await make_device(database, "lamp-1", status="online")

    async def ids(query: str) -> list[str]:
        found = (await admin.get(f"{DEVICES}?{query}")).json()
        return [device["id"] for device in found["items"]]

    assert await ids("") == ["lamp-1", "pump-1", "pump-2"]
    assert await ids(f"site={site}") == ["pump-1"]
    assert await ids(f"group={group}") == ["pump-1", "pump-2"]
    assert await ids("status=online") == ["lamp-1"]
    first = (await admin.get(f"{DEVICES}?limit=2")).json()
    assert await ids(f"limit=2&after={first['next']}") == ["pump-2"]


async def test_a_change_is_made_by_one_at_a_time(admin: httpx2.AsyncClient) -> None:
    """Who looked at an older version is told so."""
    version = (await provisioned(admin))["device"]["version"]
    change = {"name": "Uno", "version": version}
    changed = (await admin.patch(f"{DEVICES}/one", json=change)).json()
    assert changed["name"] == "Uno"
    assert changed["version"] == version + 1
    again = await admin.patch(f"{DEVICES}/one", json=change)
    assert again.status_code == 409
    site = (await admin.post("/api/v1/sites", json={"name": "North"})).json()["id"]
    moved = await admin.patch(f"{DEVICES}/one", json={"site_id": site})
    assert moved.json()["site_id"] == site
    await admin.delete(f"/api/v1/sites/{site}")
    assert (await admin.get(f"{DEVICES}/one")).json()["site_id"] is None


async def test_a_device_without_readings_can_be_deleted(
    admin: httpx2.AsyncClient,
) -> None:
    """Afterwards there is none."""
    await provisioned(admin)
    assert (await admin.delete(f"{DEVICES}/one")).status_code == 204
    assert (await admin.get(f"{DEVICES}/one")).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "platform"},
        {"id": "Upper"},
        {"id": "a/b"},
        {"id": "+"},
        {"id": "x"},
        {"id": "x" * 64},
        {"name": ""},
        {"site_id": "00000000-0000-0000-0000-000000000000"},
        {"group_ids": ["00000000-0000-0000-0000-000000000000"]},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2099-01-01T00:00:00"},
        {"status": "online"},
    ],
)
async def test_what_makes_no_device_is_refused(
    changes: dict[str, Any], admin: httpx2.AsyncClient
) -> None:
    """With 422, and the field is named."""
    given = {"id": "one", "name": "One"} | changes
    answer = await admin.post(DEVICES, json=given)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith(next(iter(changes)))


@pytest.mark.parametrize("kind", ["sites", "groups"])
async def test_a_name_is_taken_once(kind: str, admin: httpx2.AsyncClient) -> None:
    """Of a device's id too."""
    url = f"/api/v1/{kind}"
    made = (await admin.post(url, json={"name": "North"})).json()
    assert (await admin.post(url, json={"name": "North"})).status_code == 409
    other = (await admin.post(url, json={"name": "South"})).json()
    taken = await admin.patch(f"{url}/{other['id']}", json={"name": "North"})
    assert taken.status_code == 409
    assert (await admin.delete(f"{url}/{made['id']}")).status_code == 204
    assert (await admin.delete(f"{url}/{made['id']}")).status_code == 404
    names = [item["name"] for item in (await admin.get(url)).json()["items"]]
    assert names == ["South"]
    await provisioned(admin)
    again = await admin.post(DEVICES, json={"id": "one", "name": "One"})
    assert again.status_code == 409


async def test_an_operator_looks_and_does_not_provision(
    client: httpx2.AsyncClient, as_role: AsRole, database: Database
) -> None:
    """Devices are for admins to make."""
    await make_device(database, "one")
    operator = await as_role("operator")
    assert (await client.get(f"{DEVICES}/one", headers=operator)).status_code == 200
    answer = await client.post(
        DEVICES, headers=operator, json={"id": "two", "name": "Two"}
    )
    assert answer.status_code == 403


def test_the_address_of_a_broker_is_one_url(settings: Settings) -> None:
    """One with a user is a broker of its own; one without is the embedded one."""
    assert is_embedded(settings)
    own = address_of(settings)
    assert (own.host, own.modern, own.tls) == ("127.0.0.1", False, False)
    assert own.password == embedded_password(settings)
    assert own.tls_context() is None
    url = "mqtts://platform:p%40ss@broker.example"
    other = address_of(replace(settings, mqtt_url=url))
    assert (other.host, other.port, other.password) == ("broker.example", 8883, "p@ss")
    assert other.tls
    assert other.modern
