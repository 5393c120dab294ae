"""The platform's own connection to the broker, which comes back when it breaks.

Everything of the project that speaks MQTT does it through a `Link`. What is received
is acknowledged by whoever took it, when it is safe: see `Delivery`.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import structlog

from app.mqtt.connection import Connection, Delivery, MqttError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.mqtt.address import Address

log = structlog.get_logger(__name__)

FIRST_WAIT, LONGEST_WAIT = 0.25, 30.0


class Link:
    """A connection that is made again, with longer and longer waits, until stopped."""

    def __init__(
        self,
        address: Address,
        *,
        identifier: str | None = None,
        topics: Sequence[str] = (),
        on_delivery: Callable[[Delivery], None] | None = None,
        in_flight: int = 100,
        keep: bool = False,
        qos: int = 1,
        will: tuple[str, bytes] | None = None,
    ) -> None:
        """Subscribe to `topics`; the rest is as in `Connection`."""
        self.address = address
        self.identifier = identifier
        self.topics = tuple(topics)
        self.keep, self.qos = keep, qos
        self.in_flight = in_flight
        self.will = will
        self.connected, self.lost = asyncio.Event(), asyncio.Event()
        self.connection: Connection | None = None
        self.on_trouble: Callable[[MqttError], None] = report
        self._on_delivery = on_delivery

    async def run(self) -> None:
        """Stay connected until cancelled."""
        wait = FIRST_WAIT
        while True:
            try:
                # It can be paused before it is there: the broker sends what it has
                # kept right away.
                async with self._connect() as connection:
                    if self.topics:
                        await connection.subscribe(self.topics, self.qos)
                    log.info("mqtt.connected", host=self.address.host)
                    wait = FIRST_WAIT
                    self.lost.clear()
                    self.connected.set()
                    await connection.until_lost()
            except MqttError as error:
                self.on_trouble(error)
            finally:
                self.connection = None
                self.connected.clear()
                self.lost.set()
            await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311  # jitter
            wait = min(wait * 2, LONGEST_WAIT)

    async def publish(
        self, topic: str, payload: bytes, *, expires_in: int | None = None
    ) -> None:
        """Publish with QoS 1; return once the broker has it. Raises MqttError."""
        await self._current().publish(topic, payload, expires_in=expires_in)

    async def unsubscribe(self) -> None:
        """Get no more than what the broker has for us already. Raises MqttError."""
        await self._current().unsubscribe(self.topics)

    async def end_session(self) -> None:
        """Have the broker forget us, once `run` has ended. Raises MqttError."""
        self.keep = False
        async with self._connect():
            pass

    def pause(self) -> None:
        """Read no more for now; see `Connection.pause`."""
        if self.connection:
            self.connection.pause()

    def resume(self) -> None:
        """Read again."""
        if self.connection:
            self.connection.resume()

    def _current(self) -> Connection:
        if self.connection is None or not self.connected.is_set():
            raise MqttError("The broker is not reachable.")
        return self.connection

    def _connect(self) -> Connection:
        self.connection = Connection(
            self.address,
            identifier=self.identifier,
            on_delivery=self._on_delivery,
            in_flight=self.in_flight,
            keep=self.keep,
            will=self.will,
        )
        return self.connection


def report(error: MqttError) -> None:
    """Log why there is no connection; the link goes on trying."""
    log.warning("mqtt.disconnected", reason=str(error))
