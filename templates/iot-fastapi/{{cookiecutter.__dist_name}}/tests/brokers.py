"""A broker of either kind with the platform beside it, for the tests that need one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from app.core.database import Database, utcnow
from app.devices.credentials import may_connect
from app.devices.services import provision
from app.ingest.consumer import Consumer
from app.mqtt.access import Access, DynamicSecurity
from app.mqtt.address import LOOPBACK, Address, address_of
from app.mqtt.connection import Connection, Delivery, MqttError
from app.mqtt.embedded import Embedded
from app.mqtt.link import Link
from app.mqtt.topics import TELEMETRY
from app.readings.services import add_metrics
from app.settings import Settings
from tests.mosquitto import free_port, mosquitto

SECONDS = 60.0  # until a test gives up


@dataclass
class World:
    """A broker, the database, and what tests do with both."""

    settings: Settings
    database: Database
    access: Access
    address: Address

    async def device(self, device_id: str, **more: Any) -> str:
        """Provision a device; return its secret."""
        async with self.database.begin() as session:
            _, secret = await provision(
                session, self.access, device_id=device_id, name=device_id, **more
            )
        return secret

    def link(self, device_id: str, secret: str, **more: Any) -> Link:
        """Return a link of a device, not connected yet."""
        address = self.address.as_user(device_id, secret)
        return Link(address, **({"identifier": device_id} | more))

    @contextlib.asynccontextmanager
    async def connected(
        self, device_id: str, secret: str, **more: Any
    ) -> AsyncIterator[Link]:
        """Have a device connected."""
        link = self.link(device_id, secret, **more)
        async with running(link.run()):
            await asyncio.wait_for(link.connected.wait(), SECONDS)
            yield link

    @contextlib.asynccontextmanager
    async def hearing(self, *topics: str) -> AsyncIterator[list[Delivery]]:
        """Have what the platform receives on topics."""
        heard: list[Delivery] = []

        def take(delivery: Delivery) -> None:
            heard.append(delivery)
            delivery.acknowledge()

        link = Link(self.address, topics=topics, on_delivery=take)
        async with running(link.run()):
            await asyncio.wait_for(link.connected.wait(), SECONDS)
            yield heard

    @contextlib.asynccontextmanager
    async def ingesting(self, slot: int = 1, **more: Any) -> AsyncIterator[Consumer]:
        """Have a worker of ingest at work."""
        changed = replace(self.settings, **more)
        consumer = Consumer(self.database, changed, slot=slot)
        async with running(consumer.run()):
            await asyncio.wait_for(consumer.link.connected.wait(), SECONDS)
            yield consumer

    @contextlib.asynccontextmanager
    async def connected_platform(self) -> AsyncIterator[Link]:
        """Have a link of the platform itself."""
        link = Link(self.address)
        async with running(link.run()):
            await asyncio.wait_for(link.connected.wait(), SECONDS)
            yield link

    async def gets_in(
        self, device_id: str, secret: str, *, identifier: str | None = None
    ) -> bool:
        """Whether the broker lets somebody in."""
        address = self.address.as_user(device_id, secret)
        try:
            async with Connection(address, identifier=identifier or device_id):
                return True
        except MqttError:
            return False


@contextlib.asynccontextmanager
async def world(
    kind: str, database: Database, settings: Settings
) -> AsyncIterator[World]:
    """Have a broker of a kind on a port of its own."""
    async with contextlib.AsyncExitStack() as stack:
        if kind == "embedded":
            settings = replace(settings, mqtt_url=f"mqtt://{LOOPBACK}:{free_port()}")

            async def check(device: str, secret: str) -> bool:
                return await may_connect(database, device, secret)

            address = address_of(settings)
            broker = Embedded(address, check)
            await stack.enter_async_context(broker.running())
            yield World(settings, database, broker, address)
        else:
            prefix = "app-mosquitto-"
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix))
            real = stack.enter_context(mosquitto(Path(folder)))
            user = f"{real.username}:{quote(real.password)}"
            url = f"mqtts://{user}@{real.host}:{real.port}"
            settings = replace(settings, mqtt_url=url, mqtt_tls_ca=real.ca)
            address = address_of(settings)
            plugin = DynamicSecurity(address)
            await stack.enter_async_context(running(plugin.run()))
            await asyncio.wait_for(plugin.prepared.wait(), SECONDS)
            yield World(settings, database, plugin, address)


@contextlib.asynccontextmanager
async def running(work: Awaitable[None]) -> AsyncIterator[None]:
    """Have work under way while the block lasts."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def cut(link: Link) -> None:
    """Break the connection as a power failure would: without a word."""
    assert link.connection
    sock = link.connection.socket
    assert isinstance(sock, socket.socket)
    sock.shutdown(socket.SHUT_RDWR)


async def until(condition: Callable[[], Awaitable[bool] | bool]) -> None:
    """Return as soon as a condition holds; fail when it takes too long."""
    deadline = time.monotonic() + SECONDS
    while True:
        found = condition()
        if found if isinstance(found, bool) else await found:
            return
        assert time.monotonic() < deadline, "it does not come to pass"
        await asyncio.sleep(0.01)


async def make_metrics(database: Database) -> None:
    """Have the metrics that tests measure."""
    async with database.begin() as session:
        await add_metrics(session, {"temperature": "°C", "humidity": "%"})


def reading(value: float = 21.5, **changes: Any) -> dict[str, Any]:
    """Return a reading as a device sends it."""
    given = {"metric": "temperature", "unit": "°C", "time": utcnow().isoformat()}
    return given | {"value": value} | changes


async def send(link: Link, *readings: Any) -> None:
    """Publish telemetry: one reading, or several as a list."""
    body = readings[0] if len(readings) == 1 else list(readings)
    assert link.identifier
    await link.publish(TELEMETRY.of(link.identifier), json.dumps(body).encode())
