"""What a page shows that changes by itself, read from the database in one go."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.alerts.models import Alert
from app.commands.models import Command
from app.devices.models import Device
from app.readings.services import LatestValue, latest

MOST_ALERTS, MOST_COMMANDS = 20, 200
STATUSES = ("online", "offline", "unknown")


@dataclass(frozen=True, slots=True)
class DeviceState:
    """Whether a device is there, and when it was last."""

    id: str
    status: str
    seen: datetime | None


@dataclass(frozen=True, slots=True)
class CommandState:
    """How far a command is."""

    id: str
    device_id: str
    status: str
    detail: str


@dataclass(frozen=True, slots=True)
class AlertState:
    """Something that is wrong with a device."""

    id: str
    device_id: str
    status: str
    rule: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All of it at one moment."""

    values: frozenset[LatestValue] = frozenset()
    devices: frozenset[DeviceState] = frozenset()
    commands: frozenset[CommandState] = frozenset()
    alerts: frozenset[AlertState] = frozenset()
    open_alerts: int = 0

    def counts(self) -> dict[str, int]:
        """Return how many devices are in each status."""
        found = Counter(device.status for device in self.devices)
        return {status: found[status] for status in STATUSES}


async def snapshot(session: AsyncSession) -> Snapshot:
    """Return what there is now."""
    devices = await session.execute(
        sa.select(Device.id, Device.status, Device.last_seen_at)
    )
    commands = await session.execute(
        sa.select(Command.id, Command.device_id, Command.status, Command.detail)
        .order_by(Command.id.desc())
        .limit(MOST_COMMANDS)
    )
    return Snapshot(
        frozenset(await latest(session)),
        frozenset(DeviceState(*row) for row in devices),
        frozenset(CommandState(str(key), *rest) for key, *rest in commands),
        frozenset(
            AlertState(str(alert.id), alert.device_id, alert.status, alert.rule.name)
            for alert in await open_alerts(session)
        ),
        await count_alerts(session),
    )


async def open_alerts(session: AsyncSession) -> list[Alert]:
    """Return the newest alerts that are not resolved."""
    newest = (
        sa.select(Alert).where(Alert.status != "resolved").order_by(Alert.id.desc())
    )
    return list(await session.scalars(newest.limit(MOST_ALERTS)))


async def count_alerts(session: AsyncSession) -> int:
    """Return how many alerts are not resolved."""
    query = sa.select(sa.func.count()).where(Alert.status != "resolved")
    return await session.scalar(query) or 0
