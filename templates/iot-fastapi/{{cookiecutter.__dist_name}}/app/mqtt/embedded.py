"""The broker inside the development server: amqtt, asking the platform's own database.

It speaks MQTT 3.1.1: no shared subscriptions, so one worker takes everything, and no
message expiry, so a command says in its payload how long it is good for. It listens on
loopback only and is for development and tests; production has Mosquitto.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amqtt.broker import Broker
from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin

from app.mqtt import topics
from app.mqtt.topics import PLATFORM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from amqtt.session import Session

    from app.mqtt.address import Address

type Check = Callable[[str, str], Awaitable[bool]]

RULES = {
    Action.PUBLISH: topics.may_publish,
    Action.SUBSCRIBE: topics.may_subscribe,
    Action.RECEIVE: topics.may_receive,
}


class Gate(BaseAuthPlugin, BaseTopicPlugin):  # type: ignore[misc]  # untyped
    """Lets users in, and to the topics that are theirs."""

    @dataclass
    class Config:
        """What the plugin asks for a password: the platform's own, or `check`."""

        platform_password: str
        check: Any

    async def authenticate(self, *, session: Session) -> bool:
        """Whether the password is right, and the identifier of a device its own."""
        user, password = session.username or "", session.password or ""
        if user == PLATFORM:
            return hmac.compare_digest(password, self.config.platform_password)
        check: Check = self.config.check
        return session.client_id == user and await check(user, password)

    async def topic_filtering(
        self,
        *,
        session: Session | None = None,
        topic: str | None = None,
        action: Action | None = None,
    ) -> bool:
        """Whether the user of a session may do this with a topic."""
        if session is None or topic is None or action is None:
            return False
        return RULES[action](session.username or "", topic)


class Subscriptions(dict[str, Any]):
    """What amqtt keeps of subscriptions, safe to walk through while it changes.

    amqtt 0.12 awaits in the midst of it, and drops the message if somebody has
    subscribed meanwhile.
    """

    def __iter__(self) -> Iterator[str]:
        """Walk through the keys of this moment."""
        return iter(list(super().keys()))

    def items(self) -> Any:
        """Return the items of this moment."""
        return list(super().items())


class Embedded:
    """A broker that runs in this process; as an `Access` it only closes connections.

    Credentials need no telling: the gate asks the database each time.
    """

    def __init__(self, address: Address, check: Check) -> None:
        """Take devices for whom `check(device, secret)` is true."""
        self.address = address
        self._broker = Broker(
            {
                "listeners": {
                    "default": {
                        "type": "tcp",
                        "bind": f"{address.host}:{address.port}",
                    }
                },
                "plugins": {
                    f"{__name__}.{Gate.__name__}": {
                        "platform_password": address.password,
                        "check": check,
                    }
                },
            }
        )

        # Its only private name here; pyproject.toml stays with the version that needs it.
        self._broker._subscriptions = Subscriptions()

    async def grant(self, device: str, secret: str) -> None:
        """Close what was opened with the secret before this one."""
        await self._close(device)

    async def withdraw(self, device: str) -> None:
        """Close what the device has open."""
        await self._close(device)

    async def forget(self, device: str) -> None:
        """Close what the device has open."""
        await self._close(device)

    async def _close(self, device: str) -> None:
        _, handler = self._broker.sessions.get(device, (None, None))
        if handler is not None:
            await handler.handle_connection_closed()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve inside `async with`. Raises `BrokerError` where the port is taken."""
        logging.getLogger("amqtt").setLevel(logging.ERROR)
        logging.getLogger("transitions").setLevel(logging.ERROR)
        await self._broker.start()
        try:
            yield
        finally:
            await self._broker.shutdown()
