"""A command goes to its device and comes to an end: done, failed, or too late."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app import simulate, worker
from app.commands import services
from app.commands.models import Command
from app.core.database import Database, utcnow
from app.devices.models import Device
from app.devices.services import find
from app.ingest import service
from app.mqtt import messages, runtime
from app.mqtt.address import Address
from app.mqtt.link import Link
from app.mqtt.topics import COMMAND
from app.settings import Settings
from tests.brokers import SECONDS, World, make_metrics, running, until, world
from tests.conftest import AsRole
from tests.factories import make_device
from tests.mosquitto import each_broker, real_broker

pytestmark = pytest.mark.milestone(6)


async def ask(database: Database, device: str = "one", **changes: Any) -> Command:
    """Have a command that was asked for."""
    given: dict[str, Any] = {"name": "identify", "arguments": {}, "seconds": 60}
    async with database.begin() as session:
        found = await find(session, device)
        return await services.request(session, found, by=None, **(given | changes))


async def status(database: Database, command: Command) -> str:
    """Return how far a command is."""
    async with database.session(write=False) as session:
        found = await session.get(Command, command.id)
    assert found
    return found.status


async def answer(
    database: Database, command: Command, said: str, device: str = "one"
) -> None:
    """Have a device answer."""
    given = messages.Acknowledgement.model_validate(
        {"id": command.id, "status": said, "detail": "so it is"}
    )
    async with database.begin() as session:
        await services.acknowledge(session, device, given, utcnow())


@pytest.mark.parametrize("said", ["acknowledged", "failed"])
async def test_the_answer_of_the_device_counts_once(
    said: str, database: Database
) -> None:
    """And only its own."""
    await make_device(database, "one")
    command = await ask(database)
    await answer(database, command, said, device="two")
    assert await status(database, command) == "requested"
    await answer(database, command, said)
    assert await status(database, command) == said
    await answer(database, command, "failed" if said == "acknowledged" else said)
    assert await status(database, command) == said


async def test_what_nobody_answers_expires(database: Database) -> None:
    """An answer that comes later changes nothing."""
    await make_device(database, "one")
    late, open_, done = [await ask(database) for _ in range(3)]
    await answer(database, done, "acknowledged")
    async with database.begin() as session:
        past = utcnow() - timedelta(seconds=1)
        await session.execute(
            sa.update(Command)
            .where(Command.id.in_([late.id, done.id]))
            .values(expires_at=past)
        )
    assert await services.expire(database) == 1
    await answer(database, late, "acknowledged")
    found = [await status(database, each) for each in (late, open_, done)]
    assert found == ["expired", "requested", "acknowledged"]


async def test_without_the_broker_a_command_waits(
    database: Database, settings: Settings
) -> None:
    """It is sent when the broker is back, unless it is too late by then."""
    await make_device(database, "one")
    command = await ask(database)
    async with world("embedded", database, settings) as here:
        link = Link(here.address)
    assert await services.dispatch(database, link) == 0
    link.connected.set()  # as if it were just breaking
    assert await services.dispatch(database, link) == 0
    assert await status(database, command) == "requested"


@contextlib.asynccontextmanager
async def simulated(here: World, secret: str) -> AsyncIterator[simulate.Simulated]:
    """Have a simulated device at work."""
    device = simulate.Simulated(here.address, "one", secret, simulate.CLIMATE)
    async with running(device.run()):
        await asyncio.wait_for(device.link.connected.wait(), SECONDS)
        yield device


@each_broker
async def test_a_command_is_sent_done_and_answered(
    kind: str, database: Database, settings: Settings
) -> None:
    """From the worker to a simulated device and back; what it cannot do, it says."""
    await make_metrics(database)
    async with world(kind, database, settings) as here:
        secret = await here.device("one")
        async with (
            here.ingesting(),
            simulated(here, secret) as device,
            running(worker.command(here.settings, database, here.access)),
        ):
            good = await ask(database, name="set_interval", arguments={"seconds": 0.05})
            bad = await ask(database, name="set_interval", arguments={"seconds": "x"})
            odd = await ask(database, name="sing")
            await until(lambda: is_at(database, good, "acknowledged"))
            await until(lambda: is_at(database, bad, "failed"))
            await until(lambda: is_at(database, odd, "failed"))
            assert device.interval == 0.05


async def is_at(database: Database, command: Command, expected: str) -> bool:
    """Whether a command is that far."""
    return await status(database, command) == expected


@real_broker
async def test_the_broker_drops_a_command_that_is_too_late(
    kind: str, database: Database, settings: Settings
) -> None:
    """Message expiry: a device that comes back later does not see it any more."""
    async with world(kind, database, settings) as here:
        secret = await here.device("one")
        topic, heard = COMMAND.of("one"), list[bytes]()
        more: dict[str, Any] = {"topics": [topic], "keep": True}
        async with here.connected("one", secret, **more):
            pass
        async with here.connected_platform() as platform:
            await platform.publish(topic, b"soon over", expires_in=1)
            await platform.publish(topic, b"still good", expires_in=60)
        over = utcnow() + timedelta(seconds=2.1)
        await until(lambda: utcnow() > over)
        more["on_delivery"] = lambda one: heard.append(one.payload)
        async with here.connected("one", secret, **more):
            await until(lambda: bool(heard))
        assert heard == [b"still good"]


async def test_a_simulated_device_does_a_command_once() -> None:
    """However often it arrives, and not after its time."""
    address = Address(host="127.0.0.1", port=1, username="one", password="")
    device = simulate.Simulated(address, "one", "", simulate.POWER)
    later = utcnow() + timedelta(minutes=1)
    command = messages.Command(
        id=uuid4(), name="set_interval", arguments={"seconds": 5}, expires_at=later
    )
    assert device.do(command).status == "acknowledged"
    device.interval = 9
    assert device.do(command).status == "acknowledged"
    assert device.interval == 9
    late = command.model_copy(update={"id": uuid4(), "expires_at": utcnow()})
    assert device.do(late).detail == "too late"


async def test_a_simulated_device_reports_what_it_measured_while_away() -> None:
    """Of the last day at most, in one message; nothing where it was not away."""
    address = Address(host="127.0.0.1", port=1, username="one", password="")
    for away, count in ((timedelta(days=2), 152), (timedelta(minutes=30), 30)):
        since = utcnow().replace(second=0, microsecond=0) - away
        device = simulate.Simulated(address, "one", "", simulate.POWER, since)
        sent = messages.READINGS.validate_json(device.missed())
        assert count - 2 <= len(sent) / len(simulate.POWER) <= count
        assert all(since < reading.time < utcnow() for reading in sent)
        assert len(device.missed()) < messages.MAX_PAYLOAD_BYTES
    assert simulate.Simulated(address, "one", "", simulate.POWER).missed() == b""


async def test_twenty_devices_are_live_soon(
    app: FastAPI, database: Database, settings: Settings
) -> None:
    """As in development: broker, ingest and worker in one process, devices beside."""
    async with world("embedded", database, settings) as here:
        port = here.settings
    app.state.settings = port
    async with (
        runtime.embedded(app),
        running(runtime.connect(app)),
        running(service.beside(app)),
        running(worker.beside(app)),
        running(simulate.run(port, 20)),
    ):
        await until(lambda: are_online(database, 20))
        assert await app.state.ready_checks["broker"]()
        async with database.session(write=False) as session:
            names = await session.scalars(sa.text("SELECT name FROM metrics"))
        assert {metric[0] for metric in (*simulate.CLIMATE, *simulate.POWER)} <= set(
            names
        )
        # The charts begin with the day before.
        await until(lambda: has_readings(database, 20 * 2 * len(simulate.KEPT_MINUTES)))


async def has_readings(database: Database, number: int) -> bool:
    """Whether so many are stored."""
    async with database.session(write=False) as session:
        query = sa.text("SELECT count(*) FROM readings")
        return (await session.scalar(query) or 0) >= number


async def are_online(database: Database, number: int) -> bool:
    """Whether so many devices are."""
    query = sa.select(sa.func.count()).where(Device.status == "online")
    async with database.session(write=False) as session:
        return await session.scalar(query) == number


async def test_commands_over_the_api(
    client: httpx2.AsyncClient, as_role: AsRole, database: Database
) -> None:
    """An operator asks, everybody may look, a viewer may not ask."""
    await make_device(database, "one")
    await make_device(database, "two")
    url, viewer = "/api/v1/devices/one/commands", await as_role("viewer")
    operator = await as_role("operator")
    body = {"name": "set_interval", "arguments": {"seconds": 5}, "expires_in": 30}
    assert (await client.post(url, json=body, headers=viewer)).status_code == 403
    made = await client.post(url, json=body, headers=operator)
    assert made.status_code == 202
    command = made.json()
    assert (command["status"], command["arguments"]) == ("requested", {"seconds": 5})
    shown = await client.get(f"{url}/{command['id']}", headers=viewer)
    assert shown.json() == command
    listed = await client.get(url, headers=viewer)
    assert listed.json() == {"items": [command], "next": None}
    other = f"/api/v1/devices/two/commands/{command['id']}"
    assert (await client.get(other, headers=viewer)).status_code == 404
    gone = "/api/v1/devices/none/commands"
    assert (await client.post(gone, json=body, headers=operator)).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Not a name"},
        {"expires_in": 0},
        {"expires_in": 10**6},
        {"arguments": {"x": "y" * 5000}},
        {"arguments": {"x": "\0"}},
        {"arguments": []},
        {"more": 1},
    ],
)
async def test_what_is_no_command_is_refused(
    changes: dict[str, Any],
    client: httpx2.AsyncClient,
    as_role: AsRole,
    database: Database,
) -> None:
    """With 422; an inactive device takes none at all."""
    await make_device(database, "one", active=False)
    operator, body = await as_role("operator"), {"name": "identify"}
    url = "/api/v1/devices/one/commands"
    refused = await client.post(
        url, content=json.dumps(body | changes), headers=operator
    )
    assert refused.status_code == 422
    inactive = await client.post(url, json=body, headers=operator)
    assert inactive.status_code == 409
