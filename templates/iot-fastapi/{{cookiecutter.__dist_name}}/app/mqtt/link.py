"""The platform's own connection to the broker, which comes back when it breaks.

Everything of the project that speaks MQTT does it through a `Link`. What is received
is acknowledged by whoever took it, when it is safe: see `Delivery.acknowledge`.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import aiomqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paho.mqtt.client import Client as Paho
    from paho.mqtt.client import MQTTMessage, SocketLike

    from app.mqtt.address import Address

log = structlog.get_logger(__name__)

FIRST_WAIT, LONGEST_WAIT = 0.25, 30.0
TIMEOUT_SECONDS = 10.0
KEEP_SECONDS = 7 * 24 * 3600  # what the broker keeps for a worker that is away
REFUSED = 0x80  # and above: a code that grants no subscription
MOST_IN_FLIGHT = 65_535  # MQTT counts them in two bytes


class Delivery:
    """A message as it arrived, with what it takes to acknowledge it."""

    __slots__ = ("_client", "_mid", "payload", "qos", "topic")

    def __init__(self, client: Paho, message: MQTTMessage) -> None:
        """Remember the connection too: an acknowledgement belongs to one."""
        self._client = client
        self._mid = message.mid
        self.payload = bytes(message.payload)
        self.qos: int = message.qos
        self.topic: str = message.topic

    def acknowledge(self) -> None:
        """Tell the broker that it may forget the message.

        Nothing happens where the connection is another one by now: the broker sends
        the message again, and storing it twice stores it once.
        """
        if self.qos:
            self._client.ack(self._mid, self.qos)


class Link:
    """A connection that is made again, with longer and longer waits, until stopped."""

    def __init__(  # noqa: PLR0913  # what a connection is
        self,
        address: Address,
        *,
        identifier: str | None = None,
        topics: Sequence[str] = (),
        on_delivery: Callable[[Delivery], None] | None = None,
        in_flight: int = 100,
        keep: bool = False,
        qos: int = 1,
        will: aiomqtt.Will | None = None,
    ) -> None:
        """Subscribe to `topics`, and have at most `in_flight` unacknowledged.

        With `keep` the broker keeps what arrives for `identifier` while it is away.
        """
        self.address = address
        self.identifier = identifier
        self.topics = tuple(topics)
        self.keep, self.qos = keep, qos
        self.in_flight = min(in_flight, MOST_IN_FLIGHT)
        self.will = will
        self.connected, self.lost = asyncio.Event(), asyncio.Event()
        self.on_trouble: Callable[[aiomqtt.MqttError], None] = report
        self._on_delivery = on_delivery
        self._client: aiomqtt.Client | None = None
        self._paho: Paho | None = None
        self._held: SocketLike | None = None

    async def run(self) -> None:
        """Stay connected until cancelled."""
        wait = FIRST_WAIT
        while True:
            try:
                async with self._connect() as client:
                    await self._subscribe(client)
                    log.info("mqtt.connected", host=self.address.host)
                    self._client, wait = client, FIRST_WAIT
                    self.lost.clear()
                    self.connected.set()
                    async for _ in client.messages:  # ends when the connection does
                        pass
            except aiomqtt.MqttError as error:
                self.on_trouble(error)
            finally:
                self._client = None
                self.connected.clear()
                self.lost.set()
            await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311  # jitter
            wait = min(wait * 2, LONGEST_WAIT)

    async def publish(
        self, topic: str, payload: bytes, *, expires_in: int | None = None
    ) -> None:
        """Publish with QoS 1; return once the broker has it. Raises MqttError."""
        client = self._client
        if client is None:
            raise aiomqtt.MqttError("The broker is not reachable.")
        properties = None
        if expires_in is not None and self.address.modern:
            properties = made(PacketTypes.PUBLISH)
            properties.MessageExpiryInterval = expires_in
        await client.publish(topic, payload, qos=1, properties=properties)

    async def unsubscribe(self) -> None:
        """Get no more than what the broker has for us already. Raises MqttError."""
        if self._client is None:
            raise aiomqtt.MqttError("The broker is not reachable.")
        await self._client.unsubscribe(list(self.topics))

    async def end_session(self) -> None:
        """Have the broker forget us, once `run` has ended. Raises MqttError."""
        self.keep = False
        async with self._connect():
            pass

    def hold(self) -> None:
        """Read no more: what is sent waits in the connection, and then at the broker.

        A broker that is not answered for too long breaks the connection, and sends
        again what is not acknowledged over the next one.
        """
        if self._held is None and self._paho and (sock := self._paho.socket()):
            self._held = sock
            asyncio.get_running_loop().remove_reader(sock.fileno())

    def go_on(self) -> None:
        """Read again."""
        if self._held is None:
            return
        sock, self._held = self._held, None
        if self._paho and sock is self._paho.socket():
            loop = asyncio.get_running_loop()
            loop.add_reader(sock.fileno(), self._read, self._paho)
            loop.call_soon(self._read, self._paho)  # TLS may have some already

    def _read(self, client: Paho) -> None:
        """Do what aiomqtt does when there is something to read, as far as wanted."""
        while self._held is None and (sock := client.socket()):
            client.loop_read()
            if not getattr(sock, "pending", int)():
                break

    def _connect(self) -> aiomqtt.Client:
        address, keep = self.address, self.keep
        options: dict[str, object] = {"clean_session": not keep}
        if address.modern:
            properties = made(PacketTypes.CONNECT)
            properties.ReceiveMaximum = self.in_flight
            properties.SessionExpiryInterval = KEEP_SECONDS if keep else 0
            options = {"clean_start": not keep, "properties": properties}
        client = aiomqtt.Client(
            address.host,
            address.port,
            username=address.username,
            password=address.password,
            identifier=self.identifier,
            protocol=(
                aiomqtt.ProtocolVersion.V5
                if address.modern
                else aiomqtt.ProtocolVersion.V311
            ),
            tls_context=address.tls_context(),
            timeout=TIMEOUT_SECONDS,
            keepalive=30,
            will=self.will,
            **options,  # type: ignore[arg-type]  # either version's
        )
        # aiomqtt acknowledges on arrival and queues without end; Paho, which it wraps,
        # can do better. Both are set before the connection is made, because the broker
        # sends what it kept right after it.
        paho(client).manual_ack_set(on=True)
        paho(client).on_message = self._arrived
        self._paho, self._held = paho(client), None
        return client

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        if not self.topics:
            return
        granted: Sequence[Any] = await client.subscribe(
            [(topic, self.qos) for topic in self.topics]
        )
        refused = [
            topic
            for topic, code in zip(self.topics, granted, strict=True)
            if int(getattr(code, "value", code)) >= REFUSED
        ]
        if refused:
            raise aiomqtt.MqttError(f"The broker refuses {', '.join(refused)}.")

    def _arrived(self, client: Paho, _userdata: object, message: MQTTMessage) -> None:
        delivery = Delivery(client, message)
        if self._on_delivery is None:
            delivery.acknowledge()
        else:
            self._on_delivery(delivery)


def report(error: aiomqtt.MqttError) -> None:
    """Log why there is no connection; the link goes on trying."""
    log.warning("mqtt.disconnected", reason=str(error))


def made(kind: int) -> Properties:
    """Return properties of MQTT 5 to fill."""
    return Properties(kind)  # type: ignore[no-untyped-call]  # Paho has no types here


def paho(client: aiomqtt.Client) -> Paho:
    """Return the client that aiomqtt wraps."""
    return client._client  # noqa: SLF001  # it has no public name
