"""What tests of readings need to be there: devices, metrics, values over time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from app.core.database import Database
from app.devices.models import Device
from app.readings import services
from app.readings.rollups import roll_up_all
from app.readings.services import Reading

START = datetime(2026, 3, 1, tzinfo=UTC)
UNITS = {"temperature": "°C", "humidity": "%"}
numbers = itertools.count(1)


async def make_device(database: Database, **changes: object) -> str:
    """Have a device, and the metrics; return its id."""
    device_id = f"device-{next(numbers)}"
    async with database.begin() as session:
        session.add(Device(**{"id": device_id, "name": "A Device"} | changes))
        await services.add_metrics(session, UNITS)
    return device_id


def reading(
    device_id: str, seconds: float, value: float = 1.0, metric: str = "temperature"
) -> Reading:
    """Return a reading so long after START."""
    return Reading(device_id, metric, START + timedelta(seconds=seconds), value)


async def store(
    database: Database, rows: Iterable[Reading], *, rolled: bool = True
) -> int:
    """Store readings, and bring the roll-ups up to date; return how many are new."""
    async with database.begin() as session:
        new = await services.store(session, list(rows))
    if rolled:
        await roll_up_all(database)
    return new
