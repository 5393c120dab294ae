"""A batch of messages goes into the database, as a whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from pydantic import ValidationError

from app.commands.services import acknowledge
from app.core.database import utcnow
from app.devices.services import set_status
from app.ingest.known import Known
from app.ingest.models import DeadLetter
from app.ingest.validate import Reason, Refusal, Rules, explain, telemetry
from app.mqtt.messages import MIN_VALUE, Acknowledgement, Status
from app.mqtt.topics import ACKNOWLEDGEMENT, STATUS, TELEMETRY, parse
from app.readings.services import Reading, store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.core.database import Database
    from app.settings import Settings

KEPT_BYTES = 4096  # of a dead letter's payload

type Message = tuple[str, bytes]  # topic, payload


@dataclass(slots=True)
class Batch:
    """What some messages say, in the order of their arrival."""

    now: datetime
    readings: list[Reading] = field(default_factory=list)
    dead: list[dict[str, object]] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)
    answers: list[tuple[str, Acknowledgement]] = field(default_factory=list)

    def bury(self, message: Message, device: str, refusal: Refusal) -> None:
        """Keep a message as a dead letter."""
        topic, payload = message
        self.dead.append(
            {
                "device_id": device[:63],
                "topic": topic[:200],
                "reason": refusal.reason.value,
                "detail": refusal.detail,
                "payload": payload[:KEPT_BYTES],
                "received_at": self.now,
            }
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch."""

    stored: int
    duplicates: int
    dead: tuple[str, ...]  # the reasons


class Storage:
    """Reads messages and stores what they say; every source of ingest has one."""

    def __init__(self, database: Database, settings: Settings) -> None:
        """Store into a database by the limits of the settings."""
        self.database = database
        self.skew = timedelta(seconds=settings.clock_skew_seconds)
        self.kept = timedelta(days=settings.retention_days)
        self.known = Known(database)

    async def save(self, messages: Sequence[Message]) -> Outcome:
        """Store messages: when this returns they may be acknowledged.

        Again is harmless: a reading is stored once for a device, a metric and a time.
        Raises what the database raises; then nothing of the readings is stored.
        """
        try:
            await self.known.refresh()
            batch = self.read(messages)
            if any(
                dead["reason"] in (Reason.DEVICE, Reason.METRIC) for dead in batch.dead
            ):
                await self.known.refresh(unknown=True)
                batch = self.read(messages)
            return await self.write(batch)
        except sa.exc.IntegrityError:
            self.known.forget()  # a device was deleted a moment ago
            raise

    async def bury(self, message: Message, error: Exception) -> Outcome:
        """Keep a message that the database refuses as a dead letter."""
        batch = Batch(utcnow())
        device, _ = parse(message[0]) or ("", None)
        batch.bury(message, device, Refusal(Reason.STORE, type(error).__name__))
        return await self.write(batch)

    def read(self, messages: Sequence[Message]) -> Batch:
        """Validate every message by what is known now."""
        now = utcnow()
        batch = Batch(now)
        rules = Rules(self.known.units, now - self.kept, now + self.skew)
        devices = self.known.devices
        for message in messages:
            topic, payload = message
            device, kind = parse(topic) or ("", None)
            if device and device not in devices:
                detail = "There is no active device with this id."
                batch.bury(message, device, Refusal(Reason.DEVICE, detail))
            elif kind is TELEMETRY:
                good, refusals = telemetry(payload, rules)
                batch.readings += [
                    Reading(device, one.metric, one.time, rounded(one.value))
                    for one in good
                ]
                if good:
                    batch.statuses[device] = "online"
                for refusal in refusals:
                    batch.bury(message, device, refusal)
            elif kind is STATUS or kind is ACKNOWLEDGEMENT:
                self.read_other(batch, message, device, status=kind is STATUS)
            else:
                batch.bury(message, device, Refusal(Reason.TOPIC, "None of ours."))
        return batch

    def read_other(
        self, batch: Batch, message: Message, device: str, *, status: bool
    ) -> None:
        """Take a status or an answer to a command."""
        try:
            if status:
                said = Status.model_validate_json(message[1])
                batch.statuses[device] = said.status
            else:
                answer = Acknowledgement.model_validate_json(message[1])
                batch.answers.append((device, answer))
        except ValidationError as error:
            batch.bury(message, device, Refusal(Reason.SCHEMA, explain(error)))

    async def write(self, batch: Batch) -> Outcome:
        """Write a batch in two transactions, of which each may be done again.

        The devices' rows are busy: they are locked for a moment only, after the rest.
        """
        async with self.database.begin() as session:
            stored = await store(session, batch.readings) if batch.readings else 0
            if batch.dead:
                await session.execute(sa.insert(DeadLetter), batch.dead)
        if batch.statuses or batch.answers:
            async with self.database.begin() as session:
                if batch.statuses:
                    await set_status(session, batch.statuses, batch.now)
                for device, answer in batch.answers:
                    await acknowledge(session, device, answer, batch.now)
        return Outcome(
            stored=stored,
            duplicates=len(batch.readings) - stored,
            dead=tuple(str(dead["reason"]) for dead in batch.dead),
        )


def rounded(value: float) -> float:
    """Return the value, or zero where it is too small to compute with."""
    return value if abs(value) >= MIN_VALUE else 0.0
