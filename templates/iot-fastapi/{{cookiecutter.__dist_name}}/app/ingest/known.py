"""What ingest looks up for every message, kept at hand: devices, metrics' units."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import sqlalchemy as sa

from app.devices.models import Device
from app.readings.models import Metric

if TYPE_CHECKING:
    from app.core.database import Database

FRESH_SECONDS = 10.0
AGAIN_SECONDS = 0.1  # how soon an unknown name is asked for again


class Known:
    """Active devices and the units of metrics, at most ten seconds old."""

    def __init__(self, database: Database) -> None:
        """Know nothing yet."""
        self.devices: frozenset[str] = frozenset()
        self.units: dict[str, str] = {}
        self._database = database
        self._read_at = float("-inf")

    async def refresh(self, *, unknown: bool = False) -> None:
        """Read again what is old; with something `unknown`, what is new as well.

        It may have been made a moment ago. Whoever makes names up slows this down to
        ten times in a second, and no further.
        """
        age = time.monotonic() - self._read_at
        if unknown:
            await asyncio.sleep(AGAIN_SECONDS - age)
        elif age < FRESH_SECONDS:
            return
        async with self._database.session(write=False) as session:
            devices = await session.scalars(sa.select(Device.id).where(Device.active))
            metrics = await session.execute(sa.select(Metric.name, Metric.unit))
            self.devices = frozenset(devices)
            self.units = {row.name: row.unit for row in metrics}
        self._read_at = time.monotonic()

    def forget(self) -> None:
        """Read everything again next time."""
        self._read_at = float("-inf")
