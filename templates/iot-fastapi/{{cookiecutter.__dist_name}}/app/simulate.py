"""Twenty devices that behave: they report, do what they are told, and have a last will.

`python -m app simulate` provisions those that are not there yet, gives each a fresh
secret, and runs until it is stopped. As real ones do, they first report what they have
measured while they had no connection: of the last day, so that the charts show one.
"""

from __future__ import annotations

import asyncio
import math
import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.alerts.models import Alert, AlertEvent, Rule
from app.core.database import Database, utcnow
from app.devices.credentials import rotate
from app.devices.models import Device, Group, Site
from app.devices.services import provision
from app.mqtt.address import address_of
from app.mqtt.connection import Delivery, MqttError
from app.mqtt.link import Link
from app.mqtt.messages import READINGS, Acknowledgement, Command, Status, Telemetry
from app.mqtt.runtime import administered
from app.mqtt.topics import ACKNOWLEDGEMENT, COMMAND, STATUS, TELEMETRY
from app.readings.services import add_metrics, find_metric

if TYPE_CHECKING:
    from app.mqtt.access import Access
    from app.mqtt.address import Address
    from app.settings import Settings

log = structlog.get_logger(__name__)

COUNT = 20
SITES = ("Greenhouse", "Warehouse")
GROUPS = ("Climate", "Power")
ALERT = "Power above 150 W"  # the simulated power never falls as low as that
INTERVAL_SECONDS, LONGEST_INTERVAL = 2.0, 60.0
# Minutes ago: each of the last hour, and each quarter of an hour of the day before.
KEPT_MINUTES = (*range(24 * 60, 60, -15), *range(60, 0, -1))
DAY_SECONDS = 24 * 3600
# Metric, unit, mean, swing over a day, noise.
CLIMATE = (
    ("temperature", "°C", 21.0, 4.0, 0.2),
    ("humidity", "%", 48.0, 12.0, 0.8),
)
POWER = (("power", "W", 420.0, 180.0, 15.0), ("voltage", "V", 230.0, 2.0, 0.6))

type Metric = tuple[str, str, float, float, float]


class Simulated:
    """A device: sends a reading of each metric now and then, answers commands."""

    def __init__(
        self,
        address: Address,
        device: str,
        secret: str,
        metrics: tuple[Metric, ...],
        away_since: datetime | None = None,
    ) -> None:
        """Get in with a secret; report what was measured since then, if ever."""
        self.device, self.metrics = device, metrics
        self.away_since = away_since
        self.interval = INTERVAL_SECONDS
        self._commands: asyncio.Queue[Delivery] = asyncio.Queue()
        self._done: set[object] = set()
        self.link = Link(
            address.as_user(device, secret),
            identifier=device,
            topics=[COMMAND.of(device)],
            on_delivery=self._commands.put_nowait,
            will=(STATUS.of(device), said("offline")),
        )

    async def run(self) -> None:
        """Report until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.link.run())
            group.create_task(self.obey())
            while True:
                await self.link.connected.wait()
                try:
                    await self.link.publish(STATUS.of(self.device), said("online"))
                    await self.report()
                except MqttError:
                    await asyncio.sleep(self.interval)

    async def report(self) -> None:
        """Send readings as long as the connection lasts."""
        if missed := self.missed():
            await self.link.publish(TELEMETRY.of(self.device), missed)
            self.away_since = None
        while True:
            await self.link.publish(TELEMETRY.of(self.device), as_sent(self.measured()))
            await asyncio.sleep(self.interval * random.uniform(0.8, 1.2))  # noqa: S311

    def missed(self) -> bytes:
        """Return what was measured without a connection, nothing if there was one."""
        if self.away_since is None:
            return b""
        minute = utcnow().replace(second=0, microsecond=0)
        moments = [minute - timedelta(minutes=ago) for ago in KEPT_MINUTES]
        kept = [moment for moment in moments if moment > self.away_since]
        return as_sent([one for moment in kept for one in self.measured(moment)])

    def measured(self, moment: datetime | None = None) -> list[Telemetry]:
        """Return one reading of each metric: a wave over the day, and some noise."""
        time = moment or utcnow()
        phase = math.sin(2 * math.pi * time.timestamp() / DAY_SECONDS)
        return [
            Telemetry(
                metric=metric,
                unit=unit,
                time=time,
                value=round(mean + swing * phase + random.gauss(0, noise), 2),
            )
            for metric, unit, mean, swing, noise in self.metrics
        ]

    async def obey(self) -> None:
        """Do each command once, and say so; a second copy is only answered."""
        while True:
            delivery = await self._commands.get()
            try:
                command = Command.model_validate_json(delivery.payload)
            except ValidationError:
                log.warning("simulate.not_a_command", device=self.device)
            else:
                await self.answer(self.do(command))
            delivery.acknowledge()

    def do(self, command: Command) -> Acknowledgement:
        """Carry a command out; return what the platform is told."""
        if command.expires_at < utcnow():
            return Acknowledgement(id=command.id, status="failed", detail="too late")
        if command.id in self._done:
            return Acknowledgement(id=command.id, status="acknowledged")
        self._done.add(command.id)
        if command.name == "set_interval":
            seconds = command.arguments.get("seconds")
            if (
                not isinstance(seconds, int | float)
                or not 0 < seconds <= LONGEST_INTERVAL
            ):
                detail = "seconds: more than 0, at most 60"
                return Acknowledgement(id=command.id, status="failed", detail=detail)
            self.interval = float(seconds)
        elif command.name != "identify":
            detail = "I know set_interval and identify."
            return Acknowledgement(id=command.id, status="failed", detail=detail)
        log.info("simulate.done", device=self.device, command=command.name)
        return Acknowledgement(id=command.id, status="acknowledged")

    async def answer(self, acknowledgement: Acknowledgement) -> None:
        """Send an answer; without a connection the platform sends again."""
        try:
            await self.link.publish(
                ACKNOWLEDGEMENT.of(self.device),
                acknowledgement.model_dump_json().encode(),
            )
        except MqttError:
            log.warning("simulate.not_answered", device=self.device)


def as_sent(readings: list[Telemetry]) -> bytes:
    """Return a message with these readings, nothing if there are none."""
    return READINGS.dump_json(readings) if readings else b""


def said(status: str) -> bytes:
    """Return a status as it is sent."""
    return Status.model_validate({"status": status}).model_dump_json().encode()


async def prepare(
    database: Database, access: Access, count: int
) -> dict[str, tuple[str, datetime]]:
    """Have that many devices; return a fresh secret of each, and since when it is away.

    One that is new has been measuring for longer than it keeps what it measures.
    """
    found: dict[str, tuple[str, datetime]] = {}
    never = utcnow() - timedelta(days=2)
    async with database.begin() as session:
        units = {metric: unit for metric, unit, *_ in (*CLIMATE, *POWER)}
        await add_metrics(session, units)
        sites = [await named(session, Site, name) for name in SITES]
        groups = [await named(session, Group, name) for name in GROUPS]
    for number in range(count):
        device_id = f"demo-{number + 1:02}"
        async with database.begin() as session:
            device = await session.get(Device, device_id)
            if device is None:
                _, secret = await provision(
                    session,
                    access,
                    device_id=device_id,
                    name=f"Demo {GROUPS[number % 2].lower()} {number + 1}",
                    site_id=sites[number // 2 % 2].id,
                    groups=[groups[number % 2].id],
                )
                found[device_id] = secret, never
            elif device.active:
                secret = await rotate(session, access, device)
                found[device_id] = secret, device.last_seen_at or never
    if found:
        async with database.begin() as session:
            await add_alert(session)
    return found


async def add_alert(session: AsyncSession) -> None:
    """Add a rule with an open alert, so that the page of alerts shows one."""
    if await session.scalar(sa.select(Rule.id).where(Rule.name == ALERT)):
        return
    device = await session.get(Device, "demo-02")
    if device is None or not device.active:
        return
    metric = await find_metric(session, "power")
    rule = Rule(name=ALERT, kind="above", metric_id=metric.id, device_id=device.id)
    rule.threshold, rule.clear, rule.window_seconds = 150.0, 100.0, 60
    session.add(rule)
    await session.flush()
    alert = Alert(rule_id=rule.id, device_id=device.id, value=POWER[0][2])
    session.add(alert)
    await session.flush()
    session.add(AlertEvent(alert_id=alert.id, status="open", value=alert.value))


async def named[Place: (Site, Group)](
    session: AsyncSession, kind: type[Place], name: str
) -> Place:
    """Return the site or group with this name, made if need be."""
    found = await session.scalar(sa.select(kind).where(kind.name == name))
    if found is None:
        found = kind(name=name)
        session.add(found)
        await session.flush()
    return found


async def run(settings: Settings, count: int = COUNT) -> None:
    """Provision the devices and run them until cancelled."""
    database = Database(settings.database_url)
    try:
        async with administered(settings) as (link, access):
            await link.connected.wait()
            found = await prepare(database, access, count)
    finally:
        await database.close()
    address = address_of(settings)
    async with asyncio.TaskGroup() as group:
        for device_id, (secret, away_since) in found.items():
            metrics = CLIMATE if int(device_id[-2:]) % 2 else POWER
            simulated = Simulated(address, device_id, secret, metrics, away_since)
            group.create_task(simulated.run())
    log.info("simulate.stopped")
