"""A device gets to its own topics, as long as its credential is good, and no further.

Each of these runs against the embedded broker and, where it is installed, against a
real Mosquitto over TLS.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core.database import Database, utcnow
from app.devices import credentials, services
from app.devices.models import Device, DeviceCredential
from app.mqtt.connection import MqttError
from app.mqtt.topics import (
    ACKNOWLEDGEMENT,
    COMMAND,
    PLATFORM,
    STATUS,
    TELEMETRY,
    may_publish,
    may_receive,
    may_subscribe,
    parse,
)
from app.settings import Settings
from tests.brokers import SECONDS, running, send, until, world
from tests.mosquitto import each_broker

pytestmark = pytest.mark.milestone(3)

FOREIGN = [
    "devices/two/telemetry",
    "devices/two/status",
    "devices/two/command/ack",
    "devices/one/command",
    "devices/one/other",
    "elsewhere",
]
WIDE = [
    "devices/two/command",
    "devices/+/command",
    "devices/#",
    "#",
    "$share/ingest/devices/+/telemetry",
    "devices/one/telemetry",
    "$CONTROL/dynamic-security/v1/response",
]


def test_the_table_says_who_may_do_what() -> None:
    """Devices send what is theirs to send, the platform reads it, and the reverse."""
    for topic in (TELEMETRY, STATUS, ACKNOWLEDGEMENT):
        assert may_publish("one", topic.of("one"))
        assert not may_publish("one", topic.of("two"))
        assert not may_publish(PLATFORM, topic.of("one"))
        assert may_subscribe(PLATFORM, topic.shared)
        assert may_receive(PLATFORM, topic.of("one"))
        assert not may_receive("one", topic.of("one"))
    assert may_publish(PLATFORM, COMMAND.of("one"))
    assert may_subscribe("one", COMMAND.of("one"))
    assert not may_subscribe("one", COMMAND.of("two"))


@pytest.mark.parametrize(
    "topic",
    ["devices/UPPER/status", "devices//status", "devices/one", "x/one/status", ""],
)
def test_other_topics_are_none_of_ours(topic: str) -> None:
    """They name no device, or nothing that a device says."""
    assert parse(topic) is None


@each_broker
async def test_a_device_is_heard_on_its_own_topics_only(
    kind: str, database: Database, settings: Settings
) -> None:
    """What it sends elsewhere arrives nowhere."""
    async with world(kind, database, settings) as here:
        secret = await here.device("one")
        await here.device("two")
        topics = [topic.pattern for topic in (TELEMETRY, STATUS, ACKNOWLEDGEMENT)]
        async with here.hearing(*topics) as heard, here.connected("one", secret) as one:
            for foreign in FOREIGN:
                with suppress(MqttError):  # Mosquitto says that it refuses
                    await one.publish(foreign, b"not mine")
            for topic in (TELEMETRY, STATUS, ACKNOWLEDGEMENT):
                await one.publish(topic.of("one"), b"mine")
            await until(lambda: len(heard) >= 3)
            assert {delivery.payload for delivery in heard} == {b"mine"}
            assert len(heard) == 3


@each_broker
@pytest.mark.parametrize("topic", WIDE)
async def test_a_device_subscribes_to_its_own_commands_only(
    kind: str, topic: str, database: Database, settings: Settings
) -> None:
    """Anything else is refused, and not only left unanswered."""
    async with world(kind, database, settings) as here:
        secret = await here.device("one")
        link = here.link("one", secret, topics=[topic])
        refusals: list[str] = []
        link.on_trouble = lambda error: refusals.append(str(error))
        async with running(link.run()):
            await until(lambda: bool(refusals))
        assert refusals[0] == f"The broker refuses {topic}."


@each_broker
async def test_a_command_reaches_its_device_alone(
    kind: str, database: Database, settings: Settings
) -> None:
    """The other one hears nothing of it."""
    async with world(kind, database, settings) as here:
        heard: dict[str, list[bytes]] = {"one": [], "two": []}
        links = [
            here.connected(
                name,
                await here.device(name),
                topics=[COMMAND.of(name)],
                on_delivery=lambda one, name=name: heard[name].append(one.payload),
            )
            for name in heard
        ]
        async with links[0], links[1], here.connected_platform() as platform:
            await platform.publish(COMMAND.of("one"), b"first")
            await platform.publish(COMMAND.of("two"), b"second")
            await until(lambda: all(heard.values()))
        assert heard == {"one": [b"first"], "two": [b"second"]}


@each_broker
async def test_only_a_good_credential_opens_the_door(
    kind: str, database: Database, settings: Settings
) -> None:
    """Not another device's, a wrong one, an old one, nor an identifier of another."""
    async with world(kind, database, settings) as here:
        one, two = await here.device("one"), await here.device("two")
        assert await here.gets_in("one", one)
        assert not await here.gets_in("one", two)
        assert not await here.gets_in("one", "")
        assert not await here.gets_in("nobody", one)
        assert not await here.gets_in("one", one, identifier="two")
        async with database.begin() as session:
            device = await session.get(Device, "one")
            assert device
            new = await credentials.rotate(session, here.access, device)
        assert not await here.gets_in("one", one)
        assert await here.gets_in("one", new)


@each_broker
async def test_a_revoked_credential_ends_at_once(
    kind: str, database: Database, settings: Settings
) -> None:
    """The open connection is closed, and no new one is made. Nothing restarts."""
    async with world(kind, database, settings) as here:
        secret = await here.device("one")
        async with here.connected("one", secret) as one:
            async with database.begin() as session:
                await credentials.revoke(session, "one")
            await credentials.withdraw(database, here.access)
            await asyncio.wait_for(one.lost.wait(), SECONDS)
            assert not await here.gets_in("one", secret)
        assert await credentials.withdraw(database, here.access) == 0
        async with database.session(write=False) as session:
            assert (await services.find(session, "one")).status == "offline"


@each_broker
async def test_an_expired_credential_ends(
    kind: str, database: Database, settings: Settings
) -> None:
    """When its time has come the worker tells the broker."""
    async with world(kind, database, settings) as here:
        secret = await here.device("one", expires_at=utcnow() + timedelta(hours=1))
        assert await here.gets_in("one", secret)
        async with database.begin() as session:
            await session.execute(
                sa.update(DeviceCredential).values(expires_at=utcnow())
            )
        assert await credentials.withdraw(database, here.access) == 1
        assert not await here.gets_in("one", secret)


@each_broker
async def test_a_new_secret_makes_a_revoked_device_good_again(
    kind: str, database: Database, settings: Settings
) -> None:
    """Revocation ends a credential, not the device."""
    async with world(kind, database, settings) as here:
        await here.device("one")
        async with database.begin() as session:
            await credentials.revoke(session, "one")
        await credentials.withdraw(database, here.access)
        async with database.begin() as session:
            device = await services.find(session, "one")
            secret = await credentials.rotate(session, here.access, device)
        assert await here.gets_in("one", secret)


@each_broker
async def test_a_link_comes_back(
    kind: str, database: Database, settings: Settings
) -> None:
    """Who is thrown out for a moment connects again."""
    async with world(kind, database, settings) as here:
        secret = await here.device("one")
        async with here.connected("one", secret) as one:
            await here.access.grant("one", secret)  # closes what is open
            await asyncio.wait_for(one.lost.wait(), SECONDS)
            await asyncio.wait_for(one.connected.wait(), SECONDS)
            await send(one, {"hello": "again"})


async def test_a_link_says_that_the_broker_is_away(
    database: Database, settings: Settings
) -> None:
    """Publishing without a connection fails at once and waits for nothing."""
    async with world("embedded", database, settings) as here:
        link = here.link("one", "secret")
    with pytest.raises(MqttError, match="not reachable"):
        await link.publish("devices/one/status", json.dumps({}).encode())
