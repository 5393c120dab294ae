"""One connection to the broker: Paho's client, driven by the event loop.

aiomqtt does the same, but acknowledges a message as soon as it arrives and queues
without end. Here whoever takes a message acknowledges it, and reading can pause.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, Self

from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

    from app.mqtt.address import Address

TIMEOUT_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 30
SESSION_SECONDS = 7 * 24 * 3600  # what the broker keeps for a worker that is away
MAX_IN_FLIGHT = 65_535  # MQTT counts them in two bytes
CONNECT = 0  # what is waited for has the number of its packet, which is 1 or more


class MqttError(Exception):
    """The broker refuses something, or cannot be reached."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it arrived.

    `acknowledge()` tells the broker that it may forget the message. Nothing happens
    where the connection is another one by now: the broker sends the message again, and
    storing it twice stores it once.
    """

    topic: str
    payload: bytes
    acknowledge: Callable[[], object]


class Connection:
    """A connection that lasts as long as its `async with`, or breaks before."""

    def __init__(
        self,
        address: Address,
        *,
        identifier: str | None = None,
        on_delivery: Callable[[Delivery], None] | None = None,
        in_flight: int = 100,
        keep: bool = False,
        will: tuple[str, bytes] | None = None,
    ) -> None:
        """Prepare it; `will` is a topic, and what is published there if it breaks.

        With `keep` the broker keeps what arrives for `identifier` while it is away. At
        most `in_flight` messages are sent that nobody has acknowledged.
        """
        self.address = address
        self._on_delivery = on_delivery
        self._options: dict[str, Any] = {}
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._lost, self._reason = asyncio.Event(), ""
        self._keeping_alive: asyncio.Task[None] | None = None
        self._paused = False
        self._client = client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=identifier,
            clean_session=None if address.modern else not keep,
            protocol=MQTTv5 if address.modern else MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        if address.modern:
            properties = Properties(PacketTypes.CONNECT)
            properties.ReceiveMaximum = min(in_flight, MAX_IN_FLIGHT)
            properties.SessionExpiryInterval = SESSION_SECONDS if keep else 0
            self._options = {"clean_start": not keep, "properties": properties}
        client.username_pw_set(address.username, address.password)
        if context := address.tls_context():
            client.tls_set_context(context)
        if will:
            client.will_set(*will, qos=1)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_subscribe = self._subscribed
        client.on_unsubscribe = self._done
        client.on_publish = self._published
        client.on_message = self._arrived
        client.on_socket_open = self._opened
        client.on_socket_close = self._closing
        client.on_socket_register_write = self._want_write
        client.on_socket_unregister_write = self._want_no_write

    async def __aenter__(self) -> Self:
        """Connect. Raises MqttError."""
        connected = self._expect(CONNECT)
        host, port = self.address.host, self.address.port
        try:
            await asyncio.to_thread(
                self._client.connect, host, port, KEEP_ALIVE_SECONDS, **self._options
            )
            await self._answer(CONNECT, connected)
        except BaseException as error:
            connected.cancel()
            self._client.disconnect()
            self._end("given up")
            if isinstance(error, OSError):
                raise MqttError(str(error)) from error
            raise
        self._keeping_alive = asyncio.create_task(self._keep_alive())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Say goodbye to the broker, if it is still there."""
        if self._keeping_alive:
            self._keeping_alive.cancel()
        if not self._lost.is_set():
            self._client.disconnect()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await self._lost.wait()
        self._end("closed")

    @property
    def socket(self) -> SocketLike | None:
        """The socket, as long as there is one."""
        return self._client.socket()

    async def until_lost(self) -> NoReturn:
        """Wait for the connection to break. Raises MqttError."""
        await self._lost.wait()
        raise MqttError(self._reason)

    async def publish(
        self, topic: str, payload: bytes, *, expires_in: int | None = None
    ) -> None:
        """Publish with QoS 1; return once the broker has it. Raises MqttError.

        The broker drops it after `expires_in` seconds, if it speaks MQTT 5.
        """
        properties = None
        if expires_in is not None and self.address.modern:
            properties = Properties(PacketTypes.PUBLISH)
            properties.MessageExpiryInterval = expires_in
        sent = self._client.publish(topic, payload, qos=1, properties=properties)
        await self._sent(sent.rc, sent.mid)

    async def subscribe(self, topics: Sequence[str], qos: int = 1) -> None:
        """Subscribe to topics. Raises MqttError where one is refused."""
        sent = self._client.subscribe([(topic, qos) for topic in topics])
        codes = await self._sent(*sent)
        refused = [
            topic for topic, code in zip(topics, codes, strict=True) if code.is_failure
        ]
        if refused:
            raise MqttError(f"The broker refuses {', '.join(refused)}.")

    async def unsubscribe(self, topics: Sequence[str]) -> None:
        """Get no more than what the broker has for us already. Raises MqttError."""
        await self._sent(*self._client.unsubscribe(list(topics)))

    def pause(self) -> None:
        """Read no more: what is sent waits in the connection, and then at the broker.

        A broker that is not answered for too long breaks the connection, and sends
        again what is not acknowledged over the next one.
        """
        if not self._paused and (sock := self.socket):
            self._loop.remove_reader(sock.fileno())
        self._paused = True

    def resume(self) -> None:
        """Read again."""
        if self._paused and (sock := self.socket):
            self._loop.add_reader(sock.fileno(), self._read)
            self._loop.call_soon(self._read)  # TLS may have decoded some already
        self._paused = False

    def _expect(self, number: int) -> asyncio.Future[Any]:
        waiting = self._waiting[number] = self._loop.create_future()
        return waiting

    async def _sent(self, code: MQTTErrorCode, number: int | None) -> Any:
        """Return what the broker answers to a packet."""
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or number is None:
            raise MqttError(f"Not sent: {code.name}")
        return await self._answer(number, self._expect(number))

    async def _answer(self, number: int, waiting: asyncio.Future[Any]) -> Any:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await waiting
        except TimeoutError:
            raise MqttError("The broker does not answer.") from None
        finally:
            self._waiting.pop(number, None)

    def _end(self, reason: str) -> None:
        """Be over: nobody waits any longer."""
        if self._lost.is_set():
            return
        self._reason = reason
        self._lost.set()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(MqttError(reason))

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._client.loop_misc()

    def _read(self) -> None:
        try:
            while not self._paused and (sock := self.socket):
                self._client.loop_read()
                if not getattr(sock, "pending", int)():
                    break
        except Exception as error:  # what breaks here has broken the connection
            self._end(str(error))

    def _write(self) -> None:
        try:
            self._client.loop_write()
        except Exception as error:  # as above
            self._end(str(error))

    # What Paho calls: those about the socket in the thread that connects, too.

    def _opened(self, _client: Client, _data: object, sock: SocketLike) -> None:
        def watch() -> None:
            if self._lost.is_set():
                sock.close()  # it came too late
            elif sock.fileno() >= 0:
                self._loop.add_reader(sock.fileno(), self._read)

        self._loop.call_soon_threadsafe(watch)

    def _closing(self, _client: Client, _data: object, sock: SocketLike) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_reader(sock.fileno())

    def _want_write(self, _client: Client, _data: object, sock: SocketLike) -> None:
        def watch() -> None:
            if sock.fileno() >= 0:
                self._loop.add_writer(sock.fileno(), self._write)

        self._loop.call_soon_threadsafe(watch)

    def _want_no_write(self, _client: Client, _data: object, sock: SocketLike) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_writer(sock.fileno())

    def _connected(
        self, _client: Client, _data: object, _flags: object, code: Any, *_: object
    ) -> None:
        if code.is_failure:
            self._end(str(code))
        else:
            self._resolve(CONNECT, None)

    def _disconnected(
        self, _client: Client, _data: object, _flags: object, code: Any, *_: object
    ) -> None:
        self._end(f"The connection broke: {code}")

    def _subscribed(
        self, _client: Client, _data: object, number: int, codes: Any, *_: object
    ) -> None:
        self._resolve(number, codes)

    def _done(self, _client: Client, _data: object, number: int, *_: object) -> None:
        self._resolve(number, None)

    def _published(
        self, _client: Client, _data: object, number: int, code: Any, *_: object
    ) -> None:
        waiting = self._waiting.get(number)
        if code.is_failure and waiting is not None and not waiting.done():
            waiting.set_exception(MqttError(f"The broker refuses it: {code}"))
        self._resolve(number, None)

    def _resolve(self, number: int, result: object) -> None:
        waiting = self._waiting.get(number)
        if waiting is not None and not waiting.done():
            waiting.set_result(result)

    def _arrived(self, client: Client, _data: object, message: MQTTMessage) -> None:
        def acknowledge() -> None:
            if qos:
                client.ack(number, qos)

        number, qos = message.mid, message.qos
        delivery = Delivery(message.topic, bytes(message.payload), acknowledge)
        if self._on_delivery is None:
            acknowledge()
        else:
            self._on_delivery(delivery)
