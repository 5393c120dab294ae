"""IoT Core in the place of the broker: commands go out, credentials end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from app.aws.client import client
from app.mqtt.access import BrokerAwayError
from app.mqtt.connection import MqttError

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.settings import Settings

log = structlog.get_logger(__name__)


class IotCore:
    """What the worker and provisioning ask of a broker, by calls instead of MQTT."""

    def __init__(self, settings: Settings) -> None:
        """Speak to the IoT Core of this account and region."""
        self.connected = asyncio.Event()
        self.connected.set()  # each call connects for itself
        self._things = client("iot", settings.aws_endpoint_url)
        self._messages = client("iot-data", settings.aws_endpoint_url)

    async def publish(
        self, topic: str, payload: bytes, *, expires_in: int | None = None
    ) -> None:
        """Publish with QoS 1; return once IoT Core has it. Raises MqttError."""
        more: dict[str, Any] = (
            {} if expires_in is None else {"messageExpiry": expires_in}
        )
        try:
            await call(
                self._messages.publish, topic=topic, qos=1, payload=payload, **more
            )
        except BrokerAwayError as error:
            raise MqttError(error.detail) from error

    async def grant(self, device: str, secret: str) -> None:
        """Make the thing to which the device's certificate is attached.

        IoT Core knows no passwords: docs/aws.md says how a certificate is made.
        """
        await call(self._things.create_thing, thingName=device)

    async def withdraw(self, device: str) -> None:
        """End the device's certificates; IoT Core closes what is open by itself."""
        for certificate in await self._certificates(device):
            await call(
                self._things.update_certificate,
                certificateId=certificate.rpartition("/")[2],
                newStatus="INACTIVE",
            )

    async def forget(self, device: str) -> None:
        """End the device's certificates and remove the thing."""
        await self.withdraw(device)
        for certificate in await self._certificates(device):
            await call(
                self._things.detach_thing_principal,
                thingName=device,
                principal=certificate,
            )
        await call(self._things.delete_thing, thingName=device)

    async def _certificates(self, device: str) -> list[str]:
        """Return the ARNs of the certificates; none where there is no thing."""
        answer = await call(
            self._things.list_thing_principals, thingName=device, missing=True
        )
        return list(answer.get("principals", ()))


async def call(
    method: Callable[..., Any], *, missing: bool = False, **arguments: Any
) -> Any:
    """Call a method of a client in a thread; raise BrokerAwayError where it fails.

    With `missing` an empty answer stands for what is not there.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return await asyncio.to_thread(method, **arguments)
    except ClientError as error:
        if missing and error.response["Error"]["Code"] == "ResourceNotFoundException":
            return {}
        log.warning("iot.refused", error=str(error)[:200])
        raise BrokerAwayError from error
    except BotoCoreError as error:
        log.warning("iot.away", error=str(error)[:200])
        raise BrokerAwayError from error
