"""A worker of ingest: takes from the broker, stores, and only then acknowledges."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.ingest import metrics
from app.ingest.queue import BatchQueue
from app.ingest.store import Storage
from app.mqtt.address import address_of
from app.mqtt.connection import Delivery
from app.mqtt.link import Link
from app.mqtt.topics import FROM_DEVICES, PLATFORM, SHARE
from app.readings.store import is_refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.database import Database
    from app.settings import Settings

log = structlog.get_logger(__name__)

WAIT_SECONDS = 0.2  # how long a reading waits for company
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
QUIET_SECONDS = 0.5  # without a message: then there are no more


class Consumer:
    """Between the broker and the database, with a bounded queue.

    The broker sends no more than `queue_size` messages that are not acknowledged, so a
    database that is away fills the queue once, and the rest waits at the broker. Not
    every broker counts well (Mosquitto 2.0.11 sends more once some are acknowledged),
    and QoS 0 is not counted at all, so a full queue also stops reading.
    """

    def __init__(
        self, database: Database, settings: Settings, *, slot: int = 1
    ) -> None:
        """Be worker number `slot`: for each the broker keeps a session."""
        address = address_of(settings)
        self.batch_size = settings.batch_size
        self.taken = self.settled = 0  # messages since the start, and those done with
        self.storage = Storage(database, settings)
        self.queue = BatchQueue[Delivery](settings.queue_size)
        self.link = Link(
            address,
            identifier=f"{PLATFORM}/{SHARE}/{slot}",  # no device can be called so
            topics=[
                topic.shared if address.modern else topic.pattern
                for topic in FROM_DEVICES
            ],
            on_delivery=self.arrived,
            in_flight=settings.queue_size,
            keep=True,
        )
        metrics.DEPTH.set_function(lambda: len(self.queue))

    def arrived(self, delivery: Delivery) -> None:
        """Take a message from the link, which calls this for each."""
        self.taken += 1
        if not self.queue.offer(delivery):
            metrics.FULL.inc()
            self.link.pause()

    async def run(self) -> None:
        """Work until cancelled. What is not acknowledged then is sent again."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.link.run())
            while True:
                taken = await self.queue.take(self.batch_size, WAIT_SECONDS)
                if self.queue.roomy:
                    self.link.resume()
                await self.store(taken)

    async def leave(self) -> None:
        """Let others have what comes from now on; return when all that came is stored.

        Raises MqttError without a connection; waits as long as the database is away.
        """
        await self.link.unsubscribe()
        before = -1
        while self.taken != before or self.settled != self.taken:
            before = self.taken
            await asyncio.sleep(QUIET_SECONDS)

    async def store(self, taken: Sequence[Delivery]) -> None:
        """Store messages and acknowledge them, however long the database is away."""
        messages = [(one.topic, one.payload) for one in taken]
        wait = FIRST_WAIT
        while True:
            try:
                with metrics.SECONDS.time():
                    outcome = await self.storage.save(messages)
            except Exception as error:
                if is_refusal(error):
                    await self.divide(taken, error)
                    return
                if not is_away(error):
                    raise  # a mistake of ours ends the process: nothing is acknowledged
                log.warning("ingest.database_away", error=str(error)[:200], wait=wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
            else:
                self.settle(taken)
                metrics.count(outcome)
                return

    async def divide(self, taken: Sequence[Delivery], error: Exception) -> None:
        """Find the message that the database refuses, and keep it as a dead letter."""
        if len(taken) > 1:
            middle = len(taken) // 2
            await self.store(taken[:middle])
            await self.store(taken[middle:])
            return
        one = taken[0]
        log.error("ingest.refused", error=str(error)[:200], topic=one.topic)
        metrics.count(await self.storage.bury((one.topic, one.payload), error))
        self.settle(taken)

    def settle(self, done: Sequence[Delivery]) -> None:
        """Be done with messages: the broker may forget them."""
        for one in done:
            one.acknowledge()
        self.settled += len(done)


def is_away(error: Exception) -> bool:
    """Whether the same may well pass later: no connection, a restart, a deadlock."""
    # asyncpg lets through what the server says while it connects.
    return isinstance(error, OSError | SQLAlchemyError) or hasattr(error, "sqlstate")
