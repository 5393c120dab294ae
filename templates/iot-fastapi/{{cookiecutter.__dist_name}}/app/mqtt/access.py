"""Who gets in at the broker: the one door through which credentials take effect."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from app.core.errors import Problem, invalid
from app.mqtt.connection import Delivery, MqttError
from app.mqtt.link import Link, report
from app.mqtt.topics import FROM_DEVICES, PLATFORM, TO_DEVICES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.mqtt.address import Address

CONTROL = "$CONTROL/dynamic-security/v1"
ANSWERS = f"{CONTROL}/response"
ANSWER_SECONDS = 5.0
KINDS = ("publishClientSend", "publishClientReceive", "subscribe")

type Order = dict[str, Any]

log = structlog.get_logger(__name__)
RETRY_SECONDS = 5.0


class BrokerAwayError(Problem):
    """The broker cannot be told just now: whoever asked is told so."""

    def __init__(self) -> None:
        """Be a 503."""
        detail = "The broker cannot be reached, try again soon."
        super().__init__(503, detail, headers={"Retry-After": "5"})


class BrokerRefusalError(Exception):
    """The broker answers that it does not do what the platform asks for."""


class Publisher(Protocol):
    """What sending a command asks of a connection."""

    connected: asyncio.Event

    async def publish(
        self, topic: str, payload: bytes, *, expires_in: int | None = None
    ) -> None:
        """Publish with QoS 1; return once the broker has it. Raises MqttError."""


class Access(Protocol):
    """What provisioning asks of a broker; each may be said twice."""

    async def grant(self, device: str, secret: str) -> None:
        """Let the device in with this secret and no other; close what is open."""

    async def withdraw(self, device: str) -> None:
        """Let the device in no more; close what is open."""

    async def forget(self, device: str) -> None:
        """Remove every trace of the device."""


class DynamicSecurity:
    """Mosquitto's plugin, which is told over MQTT: nothing restarts.

    Each device is a client with a role of its own, whose ACLs name its topics in full.
    The client identifier is bound to the device as well: whoever could choose it freely
    could take over the session of another.
    """

    def __init__(self, address: Address) -> None:
        """Speak as the user of MQTT_URL, which has to be an admin of the plugin."""
        self.user = address.username
        self.link = Link(address, topics=[ANSWERS], on_delivery=self.answered)
        self.link.on_trouble = self.interrupted
        self.prepared = asyncio.Event()
        self._waiting: dict[str, asyncio.Future[list[Order]]] = {}

    async def run(self) -> None:
        """Stay connected, and prepare the plugin each time, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.link.run())
            while True:
                await self.link.connected.wait()
                try:
                    await self.prepare()
                except (BrokerAwayError, BrokerRefusalError) as error:
                    if not self.link.connected.is_set():
                        continue  # as after the first orders, which close this link
                    # `/readyz` shows it too. MQTT_URL may name the wrong user.
                    log.error("mqtt.not_prepared", user=self.user, error=str(error))
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    self.prepared.set()
                    await self.link.lost.wait()
                    self.prepared.clear()

    def answered(self, delivery: Delivery) -> None:
        """Take an answer of the plugin; those to other processes come here as well."""
        delivery.acknowledge()
        answers: list[Order] = json.loads(delivery.payload)["responses"]
        waiting = self._waiting.get(answers[0].get("correlationData", ""))
        if waiting is not None and not waiting.done():
            waiting.set_result(answers)

    def interrupted(self, error: MqttError) -> None:
        """Wait for no answer that cannot come any more."""
        report(error)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(error)

    async def prepare(self) -> None:
        """Refuse what no role allows, and let the platform send commands.

        Only where it is not so yet: each of these orders throws the platform out of the
        broker, this link and every other of its own.
        """
        access, client = await self._order(
            {"command": "getDefaultACLAccess"},
            {"command": "getClient", "username": self.user},
        )
        if any(
            one["allow"] for one in access["data"]["acls"] if one["acltype"] in KINDS
        ):
            acls = [{"acltype": kind, "allow": False} for kind in KINDS]
            await self._order({"command": "setDefaultACLAccess", "acls": acls})
        roles = [one["rolename"] for one in client["data"]["client"]["roles"]]
        if PLATFORM not in roles:
            acls = [_acl("publishClientSend", topic.pattern) for topic in TO_DEVICES]
            await self._order(
                {"command": "createRole", "rolename": PLATFORM, "acls": acls},
                {
                    "command": "addClientRole",
                    "username": self.user,
                    "rolename": PLATFORM,
                },
                known=("Role already exists",),
            )

    async def grant(self, device: str, secret: str) -> None:
        """Let the device in with this secret and no other; close what is open."""
        if device == self.user:
            raise invalid("id", "is the platform's own name at the broker")
        role = f"device-{device}"
        answers = await self._order(
            {"command": "createRole", "rolename": role, "acls": acls_of(device)},
            {
                "command": "createClient",
                "username": device,
                "clientid": device,
                "password": secret,
                "roles": [{"rolename": role}],
            },
            known=("Role already exists", "Client already exists"),
        )
        if answers[1].get("error"):
            await self._order(
                {
                    "command": "setClientPassword",
                    "username": device,
                    "password": secret,
                },
                {"command": "enableClient", "username": device},
            )

    async def withdraw(self, device: str) -> None:
        """Let the device in no more; close what is open."""
        await self._order(
            {"command": "disableClient", "username": device},
            known=("Client not found",),
        )

    async def forget(self, device: str) -> None:
        """Remove every trace of the device; what is open is closed."""
        await self._order(
            {"command": "deleteClient", "username": device},
            {"command": "deleteRole", "rolename": f"device-{device}"},
            known=("Client not found", "Role not found"),
        )

    async def _order(self, *orders: Order, known: Iterable[str] = ()) -> list[Order]:
        """Send orders together and return the answers; `known` errors are no matter."""
        name = secrets.token_hex(8)
        answer: asyncio.Future[list[Order]] = asyncio.get_running_loop().create_future()
        self._waiting[name] = answer
        commands = [order | {"correlationData": name} for order in orders]
        body = json.dumps({"commands": commands}).encode()
        sending = asyncio.ensure_future(self.link.publish(CONTROL, body))
        both = (sending, answer)
        try:
            await asyncio.wait(
                both, timeout=ANSWER_SECONDS, return_when=asyncio.FIRST_EXCEPTION
            )
            if not all(one.done() for one in both) or any(
                one.exception() for one in both
            ):
                raise BrokerAwayError
        finally:
            del self._waiting[name]
            for one in both:
                one.cancel()
        answers = answer.result()
        for found in answers:
            if found.get("error") and found["error"] not in known:
                message = f"The broker refuses {found['command']}: {found['error']}"
                raise BrokerRefusalError(message)
        return answers


def acls_of(device: str) -> list[Order]:
    """Return what a device may do, in the plugin's words, from the table of topics."""
    return [_acl("publishClientSend", topic.of(device)) for topic in FROM_DEVICES] + [
        _acl(kind, topic.of(device))
        for topic in TO_DEVICES
        for kind in ("publishClientReceive", "subscribeLiteral", "unsubscribeLiteral")
    ]


def _acl(kind: str, topic: str) -> Order:
    return {"acltype": kind, "topic": topic, "allow": True}
